"""What a selection computes from rows in no order: found with its place, or repaired."""

from __future__ import annotations

import pytest

from catalog.errors import QueryError, SelectionError
from catalog.selection.definition import Definition, define
from catalog.selection.selector import find_selector, read_selector
from catalog.store.paths import package_data_dir
from catalog.store.store import Store
from catalog.subsets.select import select
from tests.quick import few_of, one_in

END = "ORDER BY instruction_id LIMIT $budget"


def defined(store: Store, sql: str) -> Definition:
    selector = read_selector(f"-- summary: A test.\n{sql}", name="mine")
    return define(store, selector, ref="tiny", budget=5)


SHIPPED = sorted(path.stem for path in package_data_dir("selectors").glob("*.sql"))


@pytest.mark.parametrize("name", few_of(SHIPPED, "s2l", "ila"))
def test_every_selector_that_is_shipped_has_one_answer(store: Store, name: str) -> None:
    selector = find_selector(store, name)
    values = {"proxy": "tiny", "target": "few"}
    settings = {param.name: values[param.name] for param in selector.params if param.name in values}
    assert define(store, selector, ref="tiny", budget=5, settings=settings).findings == ()


@pytest.mark.parametrize(
    ("expression", "column"),
    one_in(
        2,
        [
            ("first(prompt)", 8),
            ("any_value(prompt)", 8),
            ("max(length(prompt)) + len(list(prompt))", 34),
            ("string_agg(prompt, ',')", 8),
            ("arg_max(prompt, row_number)", 8),
            ("sum(row_number / 2)", 8),
            ("avg(row_number::FLOAT)", 8),
            ("stddev(row_number)", 8),
            ("mode(source)", 8),
        ],
    ),
)
def test_what_no_key_can_repair_is_found_with_its_place(
    store: Store, expression: str, column: int
) -> None:
    sql = (
        f"SELECT {expression} AS x, min(instruction_id) AS instruction_id\nFROM "
        f"pool($pool)\nGROUP BY source {END}"
    )
    (found,) = defined(store, sql).findings
    assert found.location == f"mine.sql:2:{column}"
    assert "ORDER BY fingerprint" in found.message


@pytest.mark.parametrize(
    "expression",
    one_in(
        2,
        [
            "first(prompt ORDER BY fingerprint)",
            "list(prompt ORDER BY prompt, fingerprint)",
            "sum(row_number)",
            "sum((row_number / 2)::DECIMAL(18, 3))",
            "sum(row_number / 2 ORDER BY fingerprint)",
            "avg(row_number)",
            "max(row_number / 2)",
            "median(row_number)",
            "count(DISTINCT prompt)",
        ],
    ),
)
def test_what_is_the_same_in_every_order_is_not_found(store: Store, expression: str) -> None:
    sql = (
        f"SELECT {expression} AS x, min(instruction_id) AS instruction_id FROM pool($pool) "
        f"GROUP BY source {END}"
    )
    assert defined(store, sql).findings == ()


@pytest.mark.parametrize(
    "inner",
    [
        "FROM pool($pool) LIMIT 9",
        "SELECT DISTINCT ON (source) * FROM pool($pool)",
        "SELECT *, row_number() OVER () AS n FROM (FROM pool($pool) ORDER BY prompt)",
        "SELECT *, last_value(prompt) OVER (ORDER BY source) AS n FROM pool($pool)",
        "SELECT *, sum(row_number / 2) OVER (PARTITION BY source) AS n FROM pool($pool)",
        "SELECT *, list(prompt) OVER (ORDER BY source) AS n FROM pool($pool)",
    ],
)
def test_rows_that_are_taken_in_any_order_are_found(store: Store, inner: str) -> None:
    assert len(defined(store, f"SELECT * FROM ({inner}) {END}").findings) == 1


def test_a_selector_that_does_not_bind_is_refused_before_anything_runs(store: Store) -> None:
    with pytest.raises(QueryError, match=r"mine\.sql:2:24: .*clster"):
        defined(
            store,
            (
                "SELECT instruction_id, clster FROM kmeans((FROM trajectories($pool, proxy "
                "=> 'tiny')), k => 2) ORDER BY 1"
            ),
        )


def test_a_missing_signal_leaves_a_selector_to_be_explained(store: Store) -> None:
    sql = (
        "SELECT instruction_id, list_sum(vector[1:2]) AS s FROM embeddings($pool, encoder => "
        "'other') ORDER BY s LIMIT $budget"
    )
    assert defined(store, sql).findings == ()


def test_a_strict_selection_refuses_what_a_plain_one_warns_of(store: Store) -> None:
    text = (
        "-- summary: A test.\nSELECT min(instruction_id) AS instruction_id, first(prompt) AS "
        f"p\nFROM pool($pool) GROUP BY source {END}"
    )
    selector = read_selector(text, name="mine")
    selected = select(store, selector, "tiny", name="loose", budget=5, is_dry_run=True)
    assert [warning.split(" ")[0] for warning in selected.warnings[:1]] == ["mine.sql:2:47:"]
    with pytest.raises(SelectionError, match=r"^mine\.sql:2:47: first\(") as caught:
        select(store, selector, "tiny", name="strict", budget=5, is_strict=True)
    assert "\n" not in str(caught.value)
    repaired = read_selector(text.replace("(prompt)", "(prompt ORDER BY fingerprint)"), name="mine")
    assert (
        select(store, repaired, "tiny", name="strict", budget=5, is_strict=True).reference
        == "strict@1"
    )
