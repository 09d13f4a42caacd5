"""Orders that leave ties open: where the key goes, and which it is."""

from __future__ import annotations

import pytest

from catalog.query.plan import Plan
from catalog.query.planner import plan
from catalog.query.session import session
from catalog.query.source_text import SourceText
from catalog.store.store import Store
from tests.quick import one_in

GIVEN = {"pool": "tiny@2", "budget": 7, "seed": 0}
POOL = "pool_at(1, 2) AS pool"
INNER = "SELECT *, {} AS n FROM pool($pool)"


def planned(store: Store, sql: str) -> Plan:
    with session(store) as opened:
        text = SourceText.of(sql, name="mine.sql")
        return plan(opened.connection, text, GIVEN, is_selection=True)


def selected(store: Store, inner: str) -> str:
    """Plan a query inside a selection that ranks by its answer, and return it."""
    end = ") ORDER BY instruction_id"
    became = str(planned(store, f"SELECT * FROM ({inner}{end} LIMIT $budget").query)
    return (
        became.removeprefix("SELECT * FROM (")
        .rpartition(end)[0]
        .replace(POOL, "pool($pool)")
        .replace("pool_at(1, 2)", "pool($pool)")
    )


@pytest.mark.parametrize(
    ("window", "expected"),
    one_in(
        2,
        [
            (
                "row_number() OVER (ORDER BY source)",
                "row_number() OVER (ORDER BY source, fingerprint)",
            ),
            (
                "ntile(3) OVER (PARTITION BY source ORDER BY prompt DESC NULLS LAST "
                "ROWS 3 PRECEDING)",
                (
                    "ntile(3) OVER (PARTITION BY source ORDER BY prompt DESC NULLS LAST, "
                    "fingerprint ROWS 3 PRECEDING)"
                ),
            ),
            (
                "lag(prompt, 2) OVER (PARTITION BY source)",
                "lag(prompt, 2) OVER (PARTITION BY source ORDER BY fingerprint)",
            ),
            ("row_number() OVER ()", "row_number() OVER (ORDER BY fingerprint)"),
            (
                "sum(1) OVER (ORDER BY source ROWS UNBOUNDED PRECEDING)",
                "sum(1) OVER (ORDER BY source, fingerprint ROWS UNBOUNDED PRECEDING)",
            ),
            (
                "first_value(prompt) OVER (ORDER BY (source))",
                "first_value(prompt) OVER (ORDER BY (source), fingerprint)",
            ),
            (
                "first(prompt ORDER BY source DESC) OVER ()",
                "first(prompt ORDER BY source DESC) OVER ()",
            ),
            ("row_number() OVER (ORDER BY source, fingerprint)", None),
            ("row_number() OVER (ORDER BY instruction_id DESC)", None),
            ("row_number() OVER (ORDER BY shuffle_key(fingerprint, 's'))", None),
            ("rank() OVER (ORDER BY source)", None),
            ("dense_rank() OVER (PARTITION BY source ORDER BY prompt)", None),
            ("count(*) OVER (PARTITION BY source)", None),
        ],
    ),
)
def test_a_window_that_numbers_rows_ends_in_the_fingerprint(
    store: Store, window: str, expected: str | None
) -> None:
    assert selected(store, INNER.format(window)) == INNER.format(expected or window)


def test_a_named_window_gets_the_key_where_rows_are_numbered_and_nowhere_else(store: Store) -> None:
    sql = (
        "SELECT *, row_number() OVER w AS n, rank() OVER w AS r, lag(source) OVER (w ROWS 1 "
        "PRECEDING) AS l FROM pool($pool) {}"
    )
    clause = "WINDOW w AS (PARTITION BY source\n ORDER BY prompt)"
    copied = "PARTITION BY source ORDER BY prompt, fingerprint"
    expected = sql.replace("n() OVER w AS", "n() OVER (PARTITION BY source ORDER BY prompt) AS")
    expected = sql.replace("row_number() OVER w", f"row_number() OVER ({copied})").replace(
        "(w ROWS", f"({copied} ROWS"
    )
    assert selected(store, sql.format(clause)) == expected.format(clause)


def test_qualify_reads_the_named_window_before_it_of_its_own_query(store: Store) -> None:
    sql = (
        "WITH w AS (SELECT 1) SELECT * FROM (SELECT * FROM pool($pool) WINDOW w AS (ORDER BY "
        "prompt) QUALIFY row_number() OVER {} < 9) WINDOW w AS (ORDER BY source) QUALIFY "
        "row_number() OVER {} < 5"
    )
    expected = sql.format("(ORDER BY prompt, fingerprint)", "(ORDER BY source, fingerprint)")
    assert selected(store, sql.format("w", "w")) == expected


@pytest.mark.parametrize(
    ("inner", "added"),
    one_in(
        2,
        [
            ("SELECT * FROM pool($pool) ORDER BY source| LIMIT 9", ", fingerprint"),
            (
                "SELECT * FROM (FROM pool($pool) ORDER BY source| LIMIT 9) ORDER BY prompt",
                ", fingerprint",
            ),
            (
                "SELECT instruction_id, source FROM pool($pool) ORDER BY source| LIMIT 9",
                ", fingerprint",
            ),
            (
                (
                    "WITH few AS (SELECT instruction_id, source FROM pool($pool)) FROM few ORDER "
                    "BY source| LIMIT 9"
                ),
                ", fingerprint_of(instruction_id)",
            ),
            (
                (
                    "SELECT p.instruction_id FROM pool($pool) AS p JOIN pool($pool) AS q USING "
                    "(instruction_id) ORDER BY p.source| LIMIT 9"
                ),
                ", p.fingerprint",
            ),
            (
                (
                    "SELECT p.* FROM pool($pool) AS p, (SELECT DISTINCT source AS s FROM "
                    "pool($pool)) AS q ORDER BY q.s| LIMIT 9"
                ),
                ", p.fingerprint, q",
            ),
            (
                (
                    "SELECT max(instruction_id) AS instruction_id FROM pool($pool) GROUP BY "
                    "source ORDER BY count(*)| LIMIT 1"
                ),
                ', "source"',
            ),
            (
                (
                    "SELECT instruction_id, source FROM pool($pool) UNION SELECT instruction_id, "
                    "source FROM pool($pool) ORDER BY source| LIMIT 9"
                ),
                ", fingerprint_of(instruction_id), 1, 2",
            ),
            (
                (
                    "SELECT instruction_id FROM (SELECT *, unnest(labels) AS l FROM pool($pool)) "
                    "AS t ORDER BY len(l)| LIMIT 9"
                ),
                ", fingerprint, t",
            ),
            (
                (
                    "SELECT p.instruction_id FROM pool($pool) AS p, unnest(p.labels) AS t(l) "
                    "ORDER BY len(l)| LIMIT 9"
                ),
                ", p.fingerprint, t",
            ),
            (
                (
                    "SELECT instruction_id FROM (FROM pool($pool) UNION ALL FROM pool($pool)) AS "
                    "t ORDER BY source| LIMIT 9"
                ),
                ", fingerprint, t",
            ),
            (
                (
                    "SELECT DISTINCT source, 1 AS instruction_id FROM pool($pool) ORDER BY "
                    "instruction_id| LIMIT 1"
                ),
                ", 1, 2",
            ),
            (
                (
                    "SELECT *, row_number() OVER (ORDER BY fingerprint|) AS n FROM (SELECT "
                    "instruction_id, source AS fingerprint FROM pool($pool))"
                ),
                ", fingerprint_of(instruction_id)",
            ),
            (
                (
                    "SELECT source AS fingerprint, instruction_id FROM pool($pool) ORDER BY "
                    "fingerprint| LIMIT 3"
                ),
                ", fingerprint_of(instruction_id)",
            ),
            (
                (
                    "SELECT DISTINCT source, 1 AS one, fingerprint_of(2) AS f, 2 AS instruction_id "
                    "FROM pool($pool) ORDER BY one| LIMIT 1"
                ),
                ", 1, 2, 3, 4",
            ),
            (
                "SELECT DISTINCT ON (source) * FROM pool($pool) ORDER BY source, prompt|",
                ", fingerprint",
            ),
            (
                (
                    "SELECT max(instruction_id) AS instruction_id, first(prompt ORDER BY "
                    "source|) AS p FROM pool($pool)"
                ),
                ", fingerprint",
            ),
        ],
    ),
)
def test_what_cuts_or_picks_rows_is_decided_by_what_no_two_of_them_share(
    store: Store, inner: str, added: str
) -> None:
    assert selected(store, inner.replace("|", "")) == inner.replace("|", added)


@pytest.mark.parametrize(
    "inner",
    [
        "SELECT *, row_number() OVER (ORDER BY turn, source) AS n FROM "
        "(SELECT *, row_number() OVER (PARTITION BY source ORDER BY prompt, fingerprint) "
        "AS turn FROM pool($pool))",
        "WITH a AS (SELECT instruction_id, shuffle_key(fingerprint, 's') AS drawn FROM "
        "pool($pool)), b AS (SELECT * FROM a) "
        "SELECT *, row_number() OVER (ORDER BY drawn) AS n FROM b",
    ],
)
def test_an_order_that_is_decided_through_names_is_left_alone(store: Store, inner: str) -> None:
    assert selected(store, inner) == inner


def test_a_table_of_groups_is_decided_by_its_whole_row(store: Store) -> None:
    sql = (
        "WITH sizes AS (SELECT source, count(*) AS n FROM pool($pool) GROUP BY source), "
        "turns AS (SELECT source, row_number() OVER (ORDER BY n{}) AS turn FROM sizes) "
        "SELECT instruction_id FROM pool($pool) JOIN turns USING (source) ORDER BY "
        "turn{} LIMIT $budget"
    )
    became = str(planned(store, sql.format("", "")).query)
    assert became.replace(POOL, "pool($pool)") == sql.format(", sizes", ", pool.fingerprint, turns")


def test_lines_of_the_text_stay_lines(store: Store) -> None:
    sql = (
        "SELECT instruction_id,\n  row_number() OVER (\n    ORDER BY source -- why\n  ) AS "
        "n\nFROM pool($pool)\nORDER BY n LIMIT $budget"
    )
    text = planned(store, sql).query
    assert str(text).count("\n") == sql.count("\n")
    assert text.location(str(text).index("ORDER BY n")) == "mine.sql:6:1"
