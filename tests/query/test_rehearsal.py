"""A selection before it runs: the signals it reads, the input of its kernels, its findings."""

from __future__ import annotations

import pytest

from catalog.query.plan import Apply, Load
from catalog.selection.definition import Definition, define
from catalog.selection.run import choose
from catalog.selection.selector import read_selector
from catalog.signals.coverage import PinnedSignals
from catalog.store.store import Store
from tests.quick import one_in

END = "ORDER BY instruction_id LIMIT $budget"
ONE_MORE = """
INSERT INTO signals
SELECT * REPLACE (9 AS signal_id, 'learnability' AS name, 's9' AS identity_sha256)
FROM signals WHERE signal_id = 3;
INSERT INTO scores SELECT 9, instruction_id, 1.0, NULL FROM scores WHERE signal_id = 3;
INSERT INTO signal_members SELECT 9, instruction_id, 0 FROM signal_members WHERE signal_id = 3;
INSERT INTO shards SELECT * REPLACE (9 AS signal_id) FROM shards WHERE signal_id = 3;
"""


def defined(store: Store, sql: str, *, pins: PinnedSignals | None = None) -> Definition:
    selector = read_selector(f"-- summary: A test.\n{sql}", name="mine")
    return define(store, selector, ref="tiny", budget=5, pins=pins)


def read(definition: Definition) -> list[str]:
    return [signal["name"] for signal in definition.content["signals"]]


@pytest.mark.parametrize(
    ("sql", "names"),
    one_in(
        2,
        [
            (f"SELECT instruction_id FROM scores($pool) {END}", []),
            (
                f"SELECT instruction_id FROM (SELECT * FROM scores($pool)) WHERE ifd > 0.1 {END}",
                ["ifd"],
            ),
            (
                (
                    "WITH a AS (SELECT instruction_id, ifd, depth FROM scores($pool)) SELECT "
                    f"instruction_id, depth FROM a {END}"
                ),
                ["depth"],
            ),
            (f"SELECT * FROM scores($pool) {END}", ["depth", "ifd"]),
            (
                (
                    "SELECT instruction_id FROM pool($pool) JOIN scores($pool) AS s USING "
                    f"(instruction_id) WHERE s.depth = -7 {END}"
                ),
                ["depth"],
            ),
            (
                "SELECT instruction_id FROM scores($pool) WHERE instruction_id IN "
                f"(SELECT instruction_id FROM scores($pool) WHERE ifd = 1) {END}",
                ["ifd"],
            ),
            (
                "SELECT instruction_id FROM diverse((SELECT instruction_id, fingerprint, "
                "vector, ifd AS score FROM embeddings($pool) "
                "JOIN scores($pool) USING (instruction_id, fingerprint)), budget => $budget) "
                "ORDER BY rank",
                ["MiniLM", "ifd"],
            ),
            (
                "SELECT instruction_id FROM k_center((SELECT instruction_id, vector FROM "
                "embeddings($pool)), budget => "
                "(SELECT greatest(2, max(depth))::INT FROM scores($pool))) ORDER BY rank",
                ["MiniLM", "depth"],
            ),
        ],
    ),
)
def test_a_definition_holds_the_signals_that_are_read(
    store: Store, sql: str, names: list[str]
) -> None:
    assert read(defined(store, sql)) == names


def test_a_score_that_is_computed_later_changes_nothing_where_it_is_not_read(store: Store) -> None:
    texts = [
        f"SELECT instruction_id, {column} FROM scores($pool) {END}"
        for column in ("ifd", "* EXCLUDE (instruction_id)")
    ]
    before = [defined(store, text) for text in texts]
    with store.writing() as connection:
        connection.execute(ONE_MORE)
    after = [defined(store, text) for text in texts]
    assert after[0].sha256 == before[0].sha256
    assert read(after[1]) == ["depth", "ifd", "learnability"]


def test_a_definition_is_planned_again_with_columns_that_it_names_and_does_not_read(
    store: Store,
) -> None:
    sql = (
        "WITH a AS (SELECT instruction_id, ifd, depth FROM scores($pool)) SELECT "
        f"instruction_id, depth FROM a {END}"
    )
    before = defined(store, sql)
    pins = PinnedSignals(
        frozenset(signal["identity_sha256"] for signal in before.content["signals"])
    )
    again = defined(store, sql, pins=pins)
    assert again.content == before.content
    assert choose(store, again).sha256 == choose(store, before).sha256


def test_the_number_of_the_rule_stands_in_the_definition(store: Store) -> None:
    assert defined(store, f"SELECT instruction_id FROM pool($pool) {END}").content["ties"] == 1


@pytest.mark.parametrize(
    ("columns", "given"),
    [
        ("instruction_id, losses", "instruction_id, losses, fingerprint"),
        ("t.instruction_id, t.losses", "t.instruction_id, t.losses, fingerprint"),
        ("losses", "losses, fingerprint"),
    ],
)
def test_a_kernel_is_given_the_fingerprints_of_its_rows(
    store: Store, columns: str, given: str
) -> None:
    sql = (
        "SELECT instruction_id FROM kmeans((SELECT {} FROM trajectories($pool, proxy => "
        "'tiny') AS t), k => 3) JOIN pool($pool) ON true {}"
    )
    definition = defined(
        store,
        sql.format(columns, END).replace(
            "SELECT instruction_id FROM k", "SELECT pool.instruction_id FROM k"
        ),
    )
    assert definition.planned is not None
    (step,) = [step for step in definition.planned.steps if isinstance(step, Apply)]
    assert f"(SELECT {given} FROM " in str(step.relations["points"])
    assert "(SELECT * EXCLUDE (fingerprint) FROM __fn1) AS kmeans" in str(definition.planned.query)


def test_a_kernel_over_numbers_of_instructions_is_given_their_fingerprints(store: Store) -> None:
    sql = (
        "WITH t AS (SELECT instruction_id, losses FROM trajectories($pool, proxy => 'tiny')) "
        "SELECT instruction_id FROM kmeans(t, k => 3) {}"
    )
    definition = defined(store, sql.format("ORDER BY cluster LIMIT $budget"))
    assert definition.planned is not None
    (step,) = [step for step in definition.planned.steps if isinstance(step, Apply)]
    assert "fingerprint_of(instruction_id) AS fingerprint" in str(step.relations["points"])
    named = sql.replace(
        "SELECT instruction_id, losses", "SELECT instruction_id, fingerprint, losses"
    )
    expected = defined(store, named.format("ORDER BY cluster, fingerprint LIMIT $budget"))
    assert choose(store, definition).sha256 == choose(store, expected).sha256


def test_rows_without_members_reach_a_kernel_in_the_order_of_their_content(
    store: Store,
) -> None:
    sql = (
        "SELECT instruction_id FROM pool($pool) WHERE length(prompt) >= "
        "(SELECT max(cluster) FROM kmeans((SELECT [n::FLOAT] AS v FROM range(9) AS "
        "r(n)), k => 2)) {}"
    )
    definition = defined(store, sql.format(END))
    assert definition.planned is not None
    (step,) = [step for step in definition.planned.steps if isinstance(step, Apply)]
    assert str(step.relations["points"]).endswith("ORDER BY ALL")
    assert choose(store, definition).members.num_rows == 5


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("WITH e AS (SELECT * FROM embeddings($pool)) SELECT instruction_id FROM e", False),
        ("SELECT instruction_id FROM (SELECT * FROM embeddings($pool)) AS e", False),
        ("SELECT instruction_id, e.vector[1] AS x FROM (SELECT * FROM embeddings($pool)) e", True),
        (
            "WITH e AS (SELECT * FROM embeddings($pool)) "
            "SELECT instruction_id FROM kmeans((SELECT * FROM e), k => 2)",
            True,
        ),
    ],
)
def test_a_star_reads_only_the_columns_that_the_answer_needs(
    store: Store, text: str, is_read: bool
) -> None:
    planned = defined(store, f"{text} {END}").planned
    assert planned is not None
    (load,) = [step for step in planned.steps if isinstance(step, Load)]
    assert load.columns is not None
    assert ("vector" in load.columns) is is_read
