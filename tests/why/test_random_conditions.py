"""Random conditions over columns with NULLs: what is named decides, by an oracle of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import Catalog
from catalog.query.executor import Execution, Limits, executing
from catalog.query.source_text import SourceText
from catalog.why.lookup import Row
from catalog.why.not_selected import traced
from tests.quick import examples

Tree = tuple
"""An operator and its parts: ("and", a, b), ("not", a), (">", column, number) and such."""

NUMBERS = [None, 0, 1, 2, 3]
COMPARED = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
}


def truth(tree: Tree, row: dict[str, int | None]) -> bool | None:
    """Return what SQL's three-valued logic makes of a condition."""
    word, *parts = tree
    if word == "is null":
        return row[parts[0]] is None
    if word == "in":
        return either([truth(("=", parts[0], each), row) for each in parts[1]], decisive=True)
    if word == "between":
        return truth(("and", (">=", parts[0], parts[1]), ("<=", parts[0], parts[2])), row)
    if word in COMPARED:
        a, b = (row[part] if isinstance(part, str) else part for part in parts)
        return None if a is None or b is None else COMPARED[word](a, b)
    values = [truth(part, row) for part in parts]
    if word == "not":
        return None if values[0] is None else not values[0]
    return either(values, decisive=word == "or")


def either(values: list[bool | None], *, decisive: bool) -> bool | None:
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def sql(tree: Tree) -> str:
    word, *parts = tree
    if word == "is null":
        return f"{parts[0]} IS NULL"
    if word == "in":
        listed = ", ".join("NULL" if each is None else str(each) for each in parts[1])
        return f"{parts[0]} IN ({listed})"
    if word == "between":
        return f"{parts[0]} BETWEEN {parts[1]} AND {parts[2]}"
    if word == "not":
        return f"NOT ({sql(parts[0])})"
    if word in COMPARED:
        return f"{parts[0]} {word} {parts[1]}"
    return f" {word.upper()} ".join(f"({sql(part)})" for part in parts)


COLUMN = st.sampled_from(["a", "b", "c"])
LEAF = st.one_of(
    st.tuples(st.sampled_from(sorted(COMPARED)), COLUMN, st.one_of(COLUMN, st.integers(0, 3))),
    st.tuples(st.just("is null"), COLUMN),
    st.tuples(st.just("in"), COLUMN, st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3)),
    st.tuples(st.just("between"), COLUMN, st.integers(0, 3), st.integers(0, 3)),
)
TREE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["and", "or"]), inner, inner)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def execution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Execution]:
    folder = tmp_path_factory.mktemp("random")
    catalog = Catalog.open(folder / "home", isolated=False)
    lines = folder / "pool.jsonl"
    lines.write_text(
        "".join(json.dumps({"instruction": f"q {i}", "output": "a"}) + "\n" for i in range(125))
    )
    catalog.register(lines, pool="p")
    query = SourceText.of("SELECT instruction_id, row_number FROM pool($pool)")
    with executing(catalog.store, query, {"pool": "p"}, Limits()) as running:
        yield running


def cell(number: int, column: str) -> int | None:
    return NUMBERS[number // {"a": 1, "b": 5, "c": 25}[column] % 5]


@settings(
    max_examples=examples(25),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tops=st.lists(TREE, min_size=1, max_size=3), number=st.integers(0, 124))
def test_the_named_conditions_are_false_or_null_and_without_them_the_row_passes(
    execution: Execution, tops: list[Tree], number: int
) -> None:
    row = {column: cell(number, column) for column in "abc"}
    conjuncts = [part for top in tops for part in flat(top)]
    members = execution.table(execution.planned.query).to_pylist()
    by_number = {each["row_number"]: each["instruction_id"] for each in members}
    columns = [
        f"(CASE row_number // {step} % 5 WHEN 1 THEN 0 WHEN 2 THEN 1 WHEN 3 THEN 2 WHEN 4 THEN 3 "
        f"END) AS {column}"
        for column, step in (("a", 1), ("b", 5), ("c", 25))
    ]
    where = " AND ".join(f"({sql(top)})" for top in tops)
    text = SourceText.of(
        f"SELECT instruction_id FROM (SELECT instruction_id, {', '.join(columns)} "
        f"FROM pool_at(1, 1)) WHERE {where}"
    )
    found = traced(execution, text, Row(by_number[number], "", number, "", ""), is_all=True)
    truths = [truth(part, row) for part in conjuncts]
    if all(truths):
        assert found == []
        return
    (loss,) = found
    named = [(each.text, each.truth) for each in loss.failure.conditions]
    expected = [(sql(part), value) for part, value in zip(conjuncts, truths, strict=True)]
    assert named == [each for each in expected if not each[1]]
    for condition in loss.failure.conditions:
        assert all(row.get(each.text, each.value) == each.value for each in condition.operands)


def flat(tree: Tree) -> list[Tree]:
    if tree[0] != "and":
        return [tree]
    return [part for each in tree[1:] for part in flat(each)]
