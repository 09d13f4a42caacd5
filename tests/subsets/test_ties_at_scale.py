"""Selectors with ties over so many rows that answers would differ without a deciding key."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.selection.definition import define
from catalog.selection.run import choose
from catalog.selection.selector import read_selector
from catalog.store.store import Store
from catalog.subsets.select import select
from catalog.subsets.verify import verify

N_MEMBERS = 400_000
FILL = f"""
INSERT INTO pools (pool_id, name, is_prompts_only, created_at)
VALUES (1, 'big', false, TIMESTAMP '2026-01-01');
INSERT INTO pool_versions (pool_id, version, created_at, mode, n_rows, n_members, n_added,
    n_removed, n_kept, n_updated, n_folded, n_quarantined, n_no_input, files, options, seconds)
SELECT 1, 1, TIMESTAMP '2026-01-01', 'replace', n, n, n, 0, 0, 0, 0, 0, 0, '[]', '{{}}', 0.1
FROM (VALUES ({N_MEMBERS})) AS v(n);
INSERT INTO instructions (instruction_id, fingerprint, messages, system, tools)
SELECT
    i,
    sha256('instruction ' || i),
    [{{'role': 'user', 'content': 'question ' || i, 'extra': NULL}},
     {{'role': 'assistant', 'content': repeat('a', (hash(i) % 50)::INT + 1), 'extra': NULL}}],
    NULL,
    NULL
FROM range({N_MEMBERS}) AS t(i);
INSERT INTO pool_members
SELECT 1, i, 1, NULL, i, 'source ' || hash(i + 1) % 7, NULL, NULL FROM range({N_MEMBERS}) AS t(i);
"""
SELECTORS = {
    "in each source": """
        WITH ranked AS (
            SELECT
                instruction_id,
                source,
                row_number() OVER (PARTITION BY source ORDER BY length(response)) AS turn
            FROM pool($pool)
        )
        SELECT instruction_id, turn FROM ranked ORDER BY turn LIMIT $budget""",
    "named window": """
        WITH ranked AS (
            SELECT instruction_id, row_number() OVER w AS turn, rank() OVER w AS place
            FROM pool($pool)
            WINDOW w AS (PARTITION BY source ORDER BY length(response) DESC)
        )
        SELECT instruction_id, turn FROM ranked ORDER BY turn, place LIMIT $budget""",
    "no order at all": """
        SELECT instruction_id FROM pool($pool)
        QUALIFY row_number() OVER (PARTITION BY source) <= 300 ORDER BY source LIMIT $budget""",
    "qualified": """
        SELECT instruction_id FROM pool($pool)
        QUALIFY ntile(200) OVER (PARTITION BY source ORDER BY length(response)) = 1
        ORDER BY length(response) LIMIT $budget""",
    "neighbours": """
        WITH pairs AS (
            SELECT
                instruction_id,
                lag(instruction_id) OVER (PARTITION BY source ORDER BY length(response)) AS before
            FROM pool($pool)
        )
        SELECT instruction_id, before FROM pairs ORDER BY before NULLS LAST LIMIT $budget""",
    "running sum": """
        WITH sums AS (
            SELECT instruction_id, sum(length(response)) OVER (
                PARTITION BY source ORDER BY length(response) % 5 ROWS 20 PRECEDING
            ) AS s
            FROM pool($pool)
        )
        SELECT instruction_id, s FROM sums ORDER BY s DESC LIMIT $budget""",
    "cut inside": """
        WITH few AS (
            SELECT instruction_id, length(response) AS n FROM pool($pool) ORDER BY n LIMIT 3000
        )
        SELECT instruction_id, n FROM few ORDER BY n DESC LIMIT $budget""",
    "first of each": """
        SELECT DISTINCT ON (length(prompt), length(response), source) instruction_id
        FROM pool($pool) ORDER BY length(response) LIMIT $budget""",
    "first by order": """
        SELECT first(instruction_id ORDER BY length(prompt)) AS instruction_id
        FROM pool($pool) GROUP BY source, length(response) ORDER BY count(*) LIMIT $budget""",
    "only a final order": """
        SELECT instruction_id FROM pool($pool) ORDER BY length(response) LIMIT $budget""",
}


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Store:
    home = Store(tmp_path_factory.mktemp("big") / "catalog")
    with home.writing() as connection:
        connection.execute(FILL)
    return home


@pytest.mark.slow
@pytest.mark.parametrize("name", SELECTORS)
def test_a_selection_with_ties_verifies_five_times(
    big: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    selector = read_selector(f"-- summary: A test.\n{SELECTORS[name]}", name="mine")
    made = select(big, selector, "big", name=name.replace(" ", "-"), budget=2000)
    assert made.warnings == () or made.n_members < 2000
    assert made.reference
    found = [verify(big, made.reference) for _ in range(5)]
    assert [one.n_different for one in found] == [0] * 5


@pytest.mark.slow
def test_another_order_of_the_same_rows_gives_the_same_members(big: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "catalog")
    shuffled = FILL.replace("SELECT\n    i,", "SELECT\n    n,").replace(
        f"FROM range({N_MEMBERS}) AS t(i);\nINSERT INTO pool_members\nSELECT 1, i,",
        "FROM (SELECT i, row_number() OVER (ORDER BY hash(i * 7)) AS n "
        f"FROM range({N_MEMBERS}) AS t(i));\n"
        "INSERT INTO pool_members\nSELECT 1, row_number() OVER (ORDER BY hash(i * 7)),",
    )
    with other.writing() as connection:
        connection.execute(shuffled)
    for name, sql in SELECTORS.items():
        if (
            name == "neighbours"
        ):  # whose order is by numbers of instructions, which are those of the order of files
            continue
        selector = read_selector(f"-- summary: A test.\n{sql}", name="mine")
        found = [
            choose(home, define(home, selector, ref="big", budget=2000)).sha256
            for home in (big, other)
        ]
        assert found[0] == found[1], name
