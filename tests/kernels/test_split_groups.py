"""split_groups: whole groups, exact sizes, even shares."""

from collections import Counter, defaultdict

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import OptionError, QueryError
from catalog.kernels.split_groups import split_groups


def relation(groups: list[int | None], strata: list[str] | None = None) -> pa.Table:
    columns = {"fingerprint": [f"{i:04}" for i in range(len(groups))], "g": groups}
    return pa.table(columns | ({"s": strata} if strata else {}))


@given(
    st.lists(st.integers(0, 8) | st.none(), min_size=1, max_size=60),
    st.integers(0, 20),
    st.integers(0, 20),
    st.booleans(),
    st.booleans(),
    st.integers(0, 3),
)
@settings(max_examples=60)
def test_no_group_straddles_and_a_part_has_room_for_no_group_left(
    groups, val, test, has_rest, is_stratified, seed
):
    val, test = min(val, len(groups)), min(test, len(groups) - min(val, len(groups)))
    parts = f"val={val}, test={test}" + (", train=rest" if has_rest else "")
    strata = ["ab"[i % 2] for i in range(len(groups))]
    answer = split_groups(
        relation(groups, strata),
        parts=parts,
        by="g",
        seed=seed,
        stratify="s" if is_stratified else None,
    ).to_pylist()
    assert len(answer) == len(groups)
    of_group = defaultdict(set)
    for index, row in enumerate(answer):
        of_group[(index,) if row["g"] is None else row["g"]].add(row["part"])
    assert all(len(found) == 1 for found in of_group.values())
    sizes = Counter(row["part"] for row in answer)
    beyond = "train" if has_rest else None
    left = Counter(
        (index,) if row["g"] is None else row["g"]
        for index, row in enumerate(answer)
        if row["part"] == beyond
    )
    assert {*sizes} <= {"val", "test", beyond}
    for name, size in (("val", val), ("test", test)):
        assert sizes[name] <= size
        assert all(count > size - sizes[name] for count in left.values())


def test_sizes_are_exact_where_there_are_groups_of_one():
    groups = [i // 3 if i < 30 else None for i in range(100)]
    answer = split_groups(relation(groups), parts="val=17, test=10%, train=rest", by="g")
    assert Counter(answer["part"].to_pylist()) == {"val": 17, "test": 10, "train": 73}


def test_a_stratified_part_has_the_shares_of_the_relation():
    strata = ["a"] * 60 + ["b"] * 30 + ["c"] * 10
    rows = relation([None] * 100, strata)
    answer = split_groups(rows, parts="val=20, train=rest", by="g", stratify="s")
    counts = Counter(row["s"] for row in answer.to_pylist() if row["part"] == "val")
    assert counts == {"a": 12, "b": 6, "c": 2}


def test_the_seed_decides_and_the_order_of_rows_does_not():
    rows = relation([i // 2 for i in range(40)])
    first = split_groups(rows, parts="val=10, train=rest", by="g", seed=1)
    turned = rows.take(list(range(39, -1, -1)))
    assert split_groups(turned, parts="val=10, train=rest", by="g", seed=1).equals(first)
    other = split_groups(rows, parts="val=10, train=rest", by="g", seed=2)
    assert other["part"].to_pylist() != first["part"].to_pylist()


@pytest.mark.parametrize(
    "parts", ["", "val", "val=x", "val=1, val=2", "a=rest, b=rest", "val=5", "val=150%", "=3"]
)
def test_parts_that_cannot_be_made_are_refused(parts):
    with pytest.raises(OptionError):
        split_groups(relation([1, 2, 3]), parts=parts, by="g")


def test_a_missing_column_is_refused():
    with pytest.raises(QueryError):
        split_groups(relation([1]), parts="a=rest", by="nothing")
