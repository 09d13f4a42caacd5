"""Where the columns of a selection come from."""

from __future__ import annotations

import pytest

from catalog.query.kernels import kernel
from catalog.query.meaning.columns import ColumnOrigin
from catalog.query.meaning.kernel_columns import columns_read
from catalog.selection.columns import columns_of
from catalog.selection.definition import define
from catalog.selection.selector import Selector, find_selector, list_selectors, read_selector
from catalog.store.store import Store

HEAD = "-- summary: A test.\n"


def origins(store: Store, selector: Selector, **settings: object) -> dict[str, ColumnOrigin]:
    names = {param.name for param in selector.params}
    given = {name: "tiny" for name in ("proxy", "target") if name in names} | settings
    definition = define(store, selector, ref="tiny", budget=4, settings=given)
    return {origin.column: origin for origin in columns_of(store, definition)}


def of_text(store: Store, text: str) -> dict[str, ColumnOrigin]:
    return origins(store, read_selector(HEAD + text, name="mine"))


def sources(origin: ColumnOrigin) -> list[tuple[str, str, str]]:
    return [(source.kind, source.name, source.column) for source in origin.sources]


@pytest.mark.slow
def test_each_column_of_each_selector_has_its_origin(store: Store) -> None:
    for selector in list_selectors(store):
        found = origins(store, selector)
        assert sources(found["instruction_id"]) == [("pool", "", "instruction_id")], selector.name
        for column, origin in found.items():
            assert origin.type, (selector.name, column)
            is_count = column in ("n_places", "part")  # a count of all rows, a constant
            assert origin.sources or is_count, (selector.name, column)


def test_a_column_is_traced_through_the_kernels_in_the_order_in_which_they_run(
    store: Store,
) -> None:
    found = origins(store, find_selector(store, "ila"))
    assert sources(found["cell"]) == [("embedding", "MiniLM", "vector")]
    assert found["cell"].functions == ("project", "grid")
    assert sources(found["depth"]) == [("score", "depth", "value")]
    assert found["depth"].functions == ()
    assert found["depth"].sources[0].identity_sha256 == "s4"
    assert found["round"].functions == ("project", "grid", "row_number")


def test_an_option_that_names_a_column_makes_it_a_source(store: Store) -> None:
    found = origins(store, find_selector(store, "s2l_by_source"))
    assert sources(found["cluster"]) == [("losses", "tiny", "losses"), ("pool", "", "source")]


def test_a_kernel_over_two_relations_has_the_sources_of_both(store: Store) -> None:
    found = of_text(
        store,
        "SELECT instruction_id, similarity FROM nearest("
        "(SELECT instruction_id, fingerprint, vector FROM embeddings($pool)), "
        "(SELECT fingerprint, vector FROM embeddings('few')), k => 1) "
        "ORDER BY query_fingerprint, rank LIMIT $budget",
    )
    assert {str(source) for source in found["similarity"].sources} == {
        "embedding MiniLM of few@1: vector",
        "embedding MiniLM of tiny@2: vector",
    }
    assert found["similarity"].functions == ("nearest",)


def test_a_set_operation_has_the_sources_of_both_sides(store: Store) -> None:
    found = of_text(
        store,
        "SELECT instruction_id, v FROM (SELECT instruction_id, fingerprint, ifd AS v "
        "FROM scores($pool) UNION ALL SELECT instruction_id, fingerprint, length(prompt) "
        "FROM pool('tiny@1')) ORDER BY v, fingerprint LIMIT $budget",
    )
    assert sources(found["v"]) == [("score", "ifd", "ifd"), ("pool", "", "prompt")]


def test_stars_quotes_and_odd_names_are_followed(store: Store) -> None:
    found = of_text(
        store,
        'WITH a AS (SELECT * EXCLUDE (response), length(response) AS "n. of ""Letters""" '
        'FROM pool($pool)), b AS (SELECT *, "n. of ""Letters""" * 2 AS "Twice" FROM a) '
        "SELECT instruction_id, \"Twice\", (SELECT max(value) FROM score($pool, name => 'ifd')) "
        'AS "größte" FROM b ORDER BY "twice", fingerprint LIMIT $budget',
    )
    assert sources(found["Twice"]) == [("pool", "", "response")]
    assert sources(found["größte"]) == [("score", "ifd", "value")]


def test_nested_kernels_and_kernels_over_ctes_are_followed(store: Store) -> None:
    found = of_text(
        store,
        "WITH v AS (SELECT instruction_id, fingerprint, losses FROM "
        "trajectories($pool, proxy => 'tiny')), "
        "k AS (SELECT * FROM kmeans(v, k => 2)) "
        "SELECT instruction_id, cell FROM grid((SELECT instruction_id, fingerprint, "
        "cluster AS x, distance AS y FROM k), side => 2) ORDER BY cell, fingerprint LIMIT $budget",
    )
    assert sources(found["cell"]) == [("losses", "tiny", "losses")]
    assert found["cell"].functions == ("kmeans", "grid")


def test_a_missing_signal_has_its_place_all_the_same(store: Store) -> None:
    with store.writing() as connection:
        connection.execute("DELETE FROM signals WHERE kind = 'embedding'")
    found = origins(store, find_selector(store, "coverage_only"))
    assert [source.kind for source in found["cell"].sources] == ["embedding"]
    assert found["cell"].functions == ("project", "grid")


def test_a_kernel_that_names_no_column_reads_all_but_the_keys() -> None:
    given = {"instruction_id": "BIGINT", "q1": "VARCHAR", "q2": None}
    assert columns_read(kernel("near_duplicates"), given, []) == ["q1", "q2"]
