"""Complexity-first diverse sampling."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import OptionError, QueryError
from catalog.kernels.instag import instag


def published(tags: list[set[str]], budget: int) -> list[int]:
    """Algorithm 1 of the paper, as it is printed."""
    data = sorted(range(len(tags)), key=lambda i: (-len(tags[i]), i))
    chosen: list[int] = []
    while len(chosen) < budget:
        seen: set[str] = set()
        before = len(chosen)
        for i in list(data):
            if len(seen | tags[i]) > len(seen):
                chosen.append(i)
                data.remove(i)
                seen |= tags[i]
                if len(chosen) == budget:
                    return chosen
        if len(chosen) == before:
            return chosen
    return chosen


@given(st.lists(st.lists(st.sampled_from("abcdefg"), max_size=5), max_size=25), st.integers(1, 30))
def test_it_equals_the_published_algorithm(labels: list[list[str]], budget: int) -> None:
    rows = pa.table(
        {
            "fingerprint": [f"{i:03d}" for i in range(len(labels))],
            "labels": pa.array(labels, pa.list_(pa.string())),
        },
    )
    chosen = [int(name) for name in instag(rows, budget=budget)["fingerprint"].to_pylist()]
    assert chosen == published([set(one) for one in labels], budget)


def test_members_without_tags_are_never_taken() -> None:
    rows = pa.table(
        {"fingerprint": ["a", "b"], "labels": pa.array([None, ["x"]], pa.list_(pa.string()))}
    )
    answer = instag(rows, budget=2)
    assert answer["fingerprint"].to_pylist() == ["b"]
    assert answer.select(["rank", "n_tags", "pass_number", "n_new_tags"]).to_pylist() == [
        {"rank": 1, "n_tags": 1, "pass_number": 1, "n_new_tags": 1}
    ]


def test_a_null_label_is_not_a_tag() -> None:
    labels = pa.array([[None], ["x", None], ["x"]], pa.large_list(pa.string()))
    answer = instag(pa.table({"fingerprint": ["a", "b", "c"], "labels": labels}), budget=3)
    assert answer.select(["fingerprint", "n_tags"]).to_pylist() == [
        {"fingerprint": "b", "n_tags": 1},
        {"fingerprint": "c", "n_tags": 1},
    ]


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(OptionError, match="budget 0"):
        instag(pa.table({"labels": pa.array([["x"]])}), budget=0)
    with pytest.raises(QueryError, match="column labels"):
        instag(pa.table({"tags": [1]}), budget=1)
