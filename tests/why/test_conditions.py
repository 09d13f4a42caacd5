"""The place where a row fails, in selectors of every form, with the values that decide it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import InterruptedQueryError
from catalog.query.executor import Limits, executing
from catalog.query.source_text import SourceText
from catalog.why.failures import Condition, Failure, Operand
from catalog.why.filters import dropped_by
from catalog.why.lookup import Row
from catalog.why.not_selected import traced
from tests.quick import few_of

CASES = Path(__file__).parent.parent / "cases" / "why.sql"
VALUES = {"pool": "p", "budget": 3, "seed": 0, "least": 30}
ROWS = (1, 8)  # of source s1 and s2; the second has a response of a million characters


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Forty records of three sources, with a score that every fourth row lacks."""
    folder = tmp_path_factory.mktemp("conditions")
    catalog = Catalog.open(folder / "home", isolated=False)
    records = [
        {"instruction": f"q {i}", "output": "a" * (1 + i * 3 % 50), "from": f"s{i % 3}"}
        for i in range(40)
    ]
    records[1]["output"] = "tab\t\x07 bell\x1b[31m"
    records[8]["output"] = "y" * 1_000_000
    lines = folder / "pool.jsonl"
    lines.write_text("".join(json.dumps(record) + "\n" for record in records))
    catalog.register(lines, pool="p", source_column="from")
    values = np.arange(40.0)
    values[::4] = np.nan
    np.save(folder / "depth.npy", values)
    catalog.import_scores("p", folder / "depth.npy", name="depth")
    catalog.select("depth_only", "p", budget=3, name="first")
    return catalog


@pytest.fixture(scope="module")
def rows(catalog: Catalog) -> dict[int, Row]:
    found = catalog.sql("SELECT instruction_id, fingerprint, row_number, source FROM pool('p')")
    return {number: Row(*row, "") for row in found.rows() for number in [row[2]]}


def failures(catalog: Catalog, sql: str, lost: list[Row]) -> list[tuple[Failure, ...]]:
    """Return where a query loses some rows, every place of each."""
    with executing(catalog.store, SourceText.of(sql, name="m.sql"), VALUES, Limits()) as execution:
        query = execution.planned.query
        members = execution.table(query)["instruction_id"].to_pylist()
        assert not {row.instruction_id for row in lost} & set(members)
        found = [traced(execution, query, row, is_all=True) for row in lost]
    return [tuple(loss.failure for loss in each) for each in found]


def brief(failure: Failure) -> str:
    """Return a failure as the cases have it: where, what, and the values."""
    place = failure.location.removeprefix("m.sql:")
    conditions = [of_condition(condition) for condition in failure.conditions]
    inner = [f"({brief(each)})" for each in failure.inner]
    return " ".join([place, failure.kind, *conditions, *inner])


def of_condition(condition: Condition) -> str:
    values = [short(operand.value) for operand in condition.operands]
    parts = [
        *map(of_condition, condition.branches),
        *(f"({brief(each)})" for each in condition.inner),
    ]
    place = condition.location.removeprefix("m.sql:")
    return f"{place}={json.dumps(condition.truth)}[{', '.join([*values, *parts])}]"


def short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) < 40 else f"{len(text)} characters"


def cases() -> Iterator[tuple[str, str, dict[int, list[str]]]]:
    """Yield title, SQL and, by row, the places where it fails; no row is one that is returned."""
    for block in CASES.read_text(encoding="utf-8").split("-- title: ")[1:]:
        title, body = block.split("\n", 1)
        sql, *found = body.split("\n-- row ")
        places: dict[int, list[str]] = {}
        for line in found:
            number, place = line.strip().split(": ", 1)
            places.setdefault(int(number), []).append(place)
        yield title, sql.strip(), places


FEW = (
    "a correlated EXISTS",
    "CTEs of one name in nested scopes",
    "a join by another column",
    "a LIMIT inside",
    "UNION of three by name",
    "a NULL, and NOT of one",
    "HAVING with its own alias",
    "a named window",
    "every branch of OR, and CASE",
    "a kernel's relation",
    "a text of a megabyte",
)
BY_TITLE = {title: (sql, places) for title, sql, places in cases()}


@pytest.mark.parametrize("title", few_of(list(BY_TITLE), *FEW))
def test_a_row_fails_where_the_case_says(
    catalog: Catalog, rows: dict[int, Row], title: str
) -> None:
    sql, places = BY_TITLE[title]
    found = failures(catalog, sql, [rows[number] for number in places])
    assert (
        dict(zip(places, ([brief(one) for one in each] for each in found), strict=True)) == places
    )


def test_what_is_not_understood_is_answered_without_its_conditions(
    catalog: Catalog, tmp_path: Path
) -> None:
    path = tmp_path / "mine.sql"
    path.write_text(
        "-- summary: Mine.\nSELECT instruction_id FROM pool($pool) "
        "WHERE row_number::DECIMAL < 1 ORDER BY 1 LIMIT $budget\n"
    )
    reference = catalog.select(str(path), "p", budget=3, name="mine").reference
    assert reference is not None
    left_out = catalog.why(reference, 5).left_out
    assert left_out is not None
    assert (left_out.cause, left_out.failures) == ("condition", ())
    assert "row_number = 5" in left_out.sentences[0]


def test_only_the_first_place_counts_unless_all_are_asked_for(
    catalog: Catalog, tmp_path: Path
) -> None:
    path = tmp_path / "mine.sql"
    path.write_text(
        "-- summary: Mine.\n-- param: least integer = 20\n"
        "WITH long AS (SELECT * FROM pool($pool) WHERE length(response) >= $least)\n"
        "SELECT instruction_id FROM long WHERE source = 's0' ORDER BY 1 LIMIT $budget\n"
    )
    reference = catalog.select(str(path), "p", budget=3, name="two").reference
    assert reference is not None
    for is_all, texts in (
        (False, ["length(response) >= 20"]),
        (True, ["length(response) >= 20", "source = 's0'"]),
    ):
        left_out = catalog.why(reference, 1, is_all=is_all).left_out
        assert left_out is not None
        found = left_out.as_dict()["failures"]
        assert [each["conditions"][0]["text"] for each in found] == texts
        assert found[0]["conditions"][0]["operands"] == [{"text": "length(response)", "value": 15}]
        assert found[0]["location"].endswith(":3:47")


def test_a_condition_that_quotes_a_verdict_is_nested_whole() -> None:
    quoting = Condition("note = 'it is false: x'", "", False, (Operand("note", "y"),))
    assert quoting.nested() == "note = 'it is false: x' is false (note is 'y')"


def test_a_limit_of_the_run_is_not_taken_for_a_condition_that_keeps_the_row_out(
    catalog: Catalog, rows: dict[int, Row]
) -> None:
    joined = "FROM pool('p') a, pool('p') b, pool('p') c, pool('p') d"  # 2,560,000 rows
    sql = f"SELECT a.instruction_id {joined} WHERE a.fingerprint < ''"
    with executing(catalog.store, SourceText.of(sql, name="m.sql"), VALUES, Limits()) as execution:
        execution.watch.seconds, execution.watch.deadline = 0, time.monotonic()
        with pytest.raises(InterruptedQueryError):
            dropped_by(execution, execution.planned.query, rows[1])
