"""Queries that are not understood: what leaves a row out, by leaving out conditions one by one."""

from __future__ import annotations

import json

import pytest

from catalog import Catalog
from catalog.query.executor import Limits, executing
from catalog.query.source_text import SourceText
from catalog.why.filters import dropped_by, parted_by
from catalog.why.lookup import Row

BOTH = "SELECT instruction_id FROM pool('p') WHERE "


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Forty records of three sources."""
    folder = tmp_path_factory.mktemp("filters")
    catalog = Catalog.open(folder / "home", isolated=False)
    records = [{"instruction": f"q {i}", "output": "a" * i, "from": f"s{i % 3}"} for i in range(40)]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "pool.jsonl").write_text(lines)
    catalog.register(folder / "pool.jsonl", pool="p", source_column="from", force=True)
    return catalog


def answers(catalog: Catalog, sql: str, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = catalog.sql(
        f"SELECT instruction_id, fingerprint FROM pool('p') WHERE row_number = {number}"
    )
    row = Row(*found.row(0), number, f"s{number % 3}", "")
    with executing(catalog.store, SourceText.of(sql), {"least": 30}, Limits()) as execution:
        query = execution.planned.query
        assert row.instruction_id not in execution.table(query)["instruction_id"].to_pylist()
        return dropped_by(execution, query, row), parted_by(execution, query, row)


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        (BOTH + "row_number::DECIMAL < 1", ["WHERE row_number :: DECIMAL < 1", "row_number = 8"]),
        (
            'SELECT instruction_id FROM (SELECT *, length(response) AS "Le ""n" FROM pool(\'p\')) '
            'AS "T" WHERE "T"."Le ""n" > $least',
            ['"T"."Le ""n" > 30', 'T.Le "n = 8'],
        ),
        (
            "FROM pool('p') SELECT instruction_id WHERE length(response) > $least",
            ["length(response) > 30", "response = aaaaaaaa"],
        ),
        (
            "WITH a AS (SELECT * FROM pool('p')), b AS (FROM a WHERE source = 's1' OR "
            "row_number IN (1, 2)) SELECT instruction_id FROM b WHERE row_number < 40",
            ["source = 's1' OR row_number IN (1, 2", "source = s2", "row_number = 8"],
        ),
        (
            "SELECT max(instruction_id) AS instruction_id FROM pool('p') GROUP BY row_number "
            "HAVING count(*) FILTER (WHERE row_number > 10) > 0",
            ["HAVING count(*) FILTER(WHERE row_number > 10) > 0"],
        ),
        (
            "SELECT instruction_id FROM pool('p') WINDOW w AS (ORDER BY row_number) "
            "QUALIFY row_number() OVER w <= 2",
            ["QUALIFY row_number() OVER w <= 2"],
        ),
    ],
)
def test_the_condition_that_alone_is_the_cause_is_named_with_its_values(
    catalog: Catalog, sql: str, parts: list[str]
) -> None:
    (sentence,), _ = answers(catalog, sql, 8)
    assert [part for part in parts if part not in sentence] == [], sentence


def test_all_conditions_are_named_in_their_order_if_none_alone_is_the_cause(
    catalog: Catalog,
) -> None:
    sql = f"SELECT instruction_id FROM ({BOTH} row_number > 20) WHERE instruction_id < 0"
    found, _ = answers(catalog, sql, 8)
    assert ["row_number > 20" in found[0], "instruction_id < 0" in found[1]] == [True, True]


@pytest.mark.parametrize(
    ("sql", "number", "word"),
    [
        (f"SELECT instruction_id FROM pool('p') EXCEPT {BOTH} row_number = 8", 8, "EXCEPT"),
        (f"WITH a AS (FROM pool('p')) SELECT instruction_id FROM a WHERE row_number < 9 "
         f"INTERSECT {BOTH} row_number > 8", 8, "before INTERSECT"),
        (f"{BOTH} row_number = 1 UNION ALL BY NAME {BOTH} row_number = 2", 8, "UNION"),
    ],
)  # fmt: skip
def test_the_set_operation_that_loses_a_row_is_named(
    catalog: Catalog, sql: str, number: int, word: str
) -> None:
    _, (sentence,) = answers(catalog, sql, number)
    assert word in sentence


def test_what_no_condition_explains_has_no_sentence(catalog: Catalog) -> None:
    joined = "SELECT instruction_id FROM pool('p') JOIN (SELECT 1 AS row_number) USING (row_number)"
    assert answers(catalog, joined, 8) == ((), ())
