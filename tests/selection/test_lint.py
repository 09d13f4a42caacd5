"""Findings about a selector before it runs, and the keys that --fix writes down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import SelectionError
from catalog.query.source_text import SourceText
from catalog.query.tokens import tokens
from catalog.selection import lint as linting
from catalog.selection.lint import LintedSelector, lint
from catalog.store.paths import package_data_dir
from catalog.store.store import Store
from tests.quick import one_in

SELECTORS = sorted(package_data_dir("selectors").glob("*.sql"))
HEADER = "-- summary: A test.\n"
END = " LIMIT $budget"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "none", 1)


def found(store: Store, sql: str) -> LintedSelector:
    return lint(store, HEADER + sql, file="mine.sql")


def rules(linted: LintedSelector) -> list[tuple[str, str]]:
    return [(each.rule, each.location.removeprefix("mine.sql:")) for each in linted.findings]


@pytest.mark.parametrize("path", one_in(5, SELECTORS), ids=lambda path: path.stem)
def test_every_selector_that_is_shipped_is_clean(store: Store, path: Path) -> None:
    linted = lint(store, path.read_text(encoding="utf-8"), file=path.name)
    assert linted.findings == ()
    assert linted.is_understood


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT instruction_id FROM pool($pool) ORDER BY source" + END, [("tie", "2:49")]),
        ("SELECT instruction_id FROM pool($pool) ORDER BY 1", [("budget", "2:50")]),
        ("SELECT instruction_id FROM pool($pool) ORDER BY 1 LIMIT 9", [("budget", "2:58")]),
        (
            "SELECT instruction_id, a, b FROM pool($pool) ORDER BY 1" + END,
            [("column", "2:24"), ("column", "2:27")],
        ),
        (
            "SELECT instruction_id, $k AS k FROM pool($pool) ORDER BY 1" + END,
            [("parameter", "2:24")],
        ),
        (
            "WITH a AS (FROM nope) SELECT instruction_id FROM pool($pool) ORDER BY 1" + END,
            [("unread", "2:6")],
        ),
        (
            "SELECT instruction_id FROM kmeans((SELECT fingerprint, instruction_id, vector, 1 AS x"
            " FROM embeddings($pool)), k => 3) ORDER BY 1" + END,
            [("columns", "2:28")],
        ),
        (
            "SELECT min(instruction_id) AS instruction_id, list(prompt) AS p, avg(1.5::DOUBLE) AS a"
            " FROM pool($pool) GROUP BY source ORDER BY source" + END,
            [("list", "2:47"), ("fractions", "2:66")],
        ),
        ("SELECT FROM", [("sql", "2:8")]),
    ],
)
def test_each_fault_is_found_with_its_place(
    store: Store, sql: str, expected: list[tuple[str, str]]
) -> None:
    assert rules(found(store, sql)) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT min(instruction_id) AS instruction_id, source FROM pool($pool) GROUP BY source"
        " ORDER BY count(*), source" + END,
        "WITH g AS (SELECT source AS s, min(instruction_id) AS i FROM pool($pool) GROUP BY 1),"
        " f AS (SELECT i, s AS t FROM g) SELECT i AS instruction_id FROM f ORDER BY t" + END,
        "WITH d AS (SELECT DISTINCT source FROM pool($pool) ORDER BY source LIMIT 3)"
        " SELECT instruction_id FROM pool($pool) JOIN d USING (source) ORDER BY fingerprint" + END,
        "SELECT instruction_id FROM (SELECT *, row_number() OVER (ORDER BY fingerprint) AS n"
        " FROM pool($pool)) WHERE n <= $budget ORDER BY n",
        "SELECT min(instruction_id) AS instruction_id, list(DISTINCT source ORDER BY source) AS l"
        " FROM pool($pool) GROUP BY prompt ORDER BY prompt" + END,
        "SELECT instruction_id FROM scores($pool) ORDER BY my_own_score, fingerprint" + END,
        "SELECT instruction_id FROM kmeans((SELECT instruction_id, fingerprint, vector, source FROM"
        " embeddings($pool) JOIN pool($pool) USING (instruction_id, fingerprint)), k => 2,"
        " within => 'source') ORDER BY cluster, fingerprint" + END,
        "SELECT instruction_id FROM kmeans((SELECT instruction_id, fingerprint, vector, source AS"
        ' "Part" FROM embeddings($pool) JOIN pool($pool) USING (instruction_id, fingerprint)),'
        " k => 2, within => 'Part') ORDER BY cluster, fingerprint" + END,
    ],
)
def test_what_its_text_decides_is_clean(store: Store, sql: str) -> None:
    assert rules(found(store, sql)) == []


FIXES = [
    "SELECT instruction_id FROM pool($pool) ORDER BY /* a, */ source -- b\n , length(prompt) DESC"
    " NULLS LAST| -- c )\n" + END,
    "SELECT instruction_id\r\nFROM pool($pool)\r\nORDER BY source| -- d\r\n" + END + "\r\n",
    "SELECT 'ñ𝛼' AS s, instruction_id FROM (SELECT *, source AS \"größe\" FROM pool($pool)) "
    'ORDER BY "größe"|' + END,
    "SELECT instruction_id FROM pool($pool) QUALIFY row_number() OVER (PARTITION BY source ORDER BY"
    " length(prompt)| /* e */) <= $budget ORDER BY fingerprint",
    "WITH a AS MATERIALIZED (FROM pool($pool) ORDER BY source| LIMIT 9) SELECT instruction_id FROM"
    " a ORDER BY prompt|" + END,
    "SELECT instruction_id, lag(s) OVER (ORDER BY s|) AS l FROM (SELECT *, sum(row_number) OVER"
    " (ORDER BY source| ROWS 3 PRECEDING) AS s FROM pool($pool)) ORDER BY fingerprint" + END,
    "SELECT instruction_id FROM pool($pool) WHERE source IN (SELECT source FROM pool($pool)"
    " ORDER BY prompt| LIMIT 3) ORDER BY fingerprint" + END,
]


@pytest.mark.parametrize("sql", one_in(2, FIXES), ids=range(len(FIXES)))
def test_a_fix_adds_keys_and_keeps_everything_else(store: Store, sql: str) -> None:
    before, expected = sql.replace("|", ""), sql.replace("|", ", fingerprint")
    linted = found(store, before)
    assert linted.fixed == HEADER + expected
    assert found(store, expected).findings == ()
    assert planned(store, HEADER + before) == planned(store, linted.fixed)


def planned(store: Store, text: str) -> str:
    with linting.checking(store, None) as check:
        names = {token.text[1:] for token in tokens(text) if token.kind == "parameter"}
        check.given = dict.fromkeys(names) | {"pool": "pool", "budget": 9}
        return str(check.plan(SourceText.of(text)).query)


@pytest.mark.parametrize(
    ("sql", "fixed"),
    [
        ("first(prompt) FILTER (WHERE true)", "first(prompt ORDER BY fingerprint) FILTER"),
        ("string_agg(prompt, ',' /* x */)", "string_agg(prompt, ',' /* x */ ORDER BY fingerprint)"),
        ("(SELECT max(i) FROM (SELECT 1 AS i FROM pool($pool) LIMIT 2))", "ORDER BY fingerprint L"),
    ],
)
def test_an_order_that_is_missing_is_written(store: Store, sql: str, fixed: str) -> None:
    text = f"SELECT min(instruction_id) AS instruction_id, {sql} AS x FROM pool($pool)"
    linted = found(store, f"{text} GROUP BY source ORDER BY source{END}")
    assert fixed in linted.fixed
    assert lint(store, linted.fixed, file="mine.sql").findings == ()


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.sql"
    path.write_bytes(
        b"-- summary: A test.\r\nFROM pool($pool)\r\nORDER BY source LIMIT $budget\r\n"
    )
    return path


def test_the_command_ends_with_1_until_the_file_is_fixed(mine: Path) -> None:
    command = ["selectors", "lint", str(mine)]
    result = CliRunner().invoke(main, [*command, "--json"])
    assert result.exit_code == 1, result.output
    (linted,) = json.loads(result.stdout)
    (finding,) = linted["findings"]
    assert (finding["rule"], finding["line"], finding["is_fixable"]) == ("tie", 3, True)
    result = CliRunner().invoke(main, [*command, "--fix"])
    assert result.exit_code == 0, result.output
    assert b"source, fingerprint LIMIT $budget\r\n" in mine.read_bytes()


def test_a_selector_with_findings_is_added_with_warnings_and_refused_if_strict(
    catalog: Catalog, mine: Path
) -> None:
    catalog.migrate()
    with pytest.raises(SelectionError, match=r"mine\.sql:3:10: "):
        catalog.add_selector(mine, strict=True)
    (warning,) = catalog.add_selector(mine).warnings
    assert "mine.sql:3:10: " in warning
    catalog.lint_selector(str(mine), fix=True)
    assert catalog.add_selector(mine, strict=True).warnings == ()


def test_a_name_cannot_be_fixed(mine: Path) -> None:
    result = CliRunner().invoke(main, ["selectors", "lint", "s2l", "--fix"])
    assert result.exit_code == 2
