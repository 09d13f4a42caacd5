"""order: names sorted and rows moved as Arrow does it, faster."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.kernels._common import sort as order_module
from catalog.kernels._common.sort import ascending, rearranged
from tests.quick import examples

EQUALLY_LONG = st.integers(1, 12).flatmap(
    lambda n: st.lists(st.text("ab", min_size=n, max_size=n), max_size=40)
)
TYPES = [
    pa.list_(pa.float32()),
    pa.large_list(pa.float32()),
    pa.list_(pa.float32(), 3),
    pa.list_(pa.int64()),
    pa.list_(pa.string()),
]


def plainly(names: list[str | None]) -> list[int]:
    return sorted(
        range(len(names)), key=lambda row: (names[row] is None, (names[row] or "").encode())
    )


@settings(max_examples=examples(100))
@given(
    EQUALLY_LONG | st.lists(st.none() | st.text(max_size=12), max_size=40),
    st.sampled_from([pa.string(), pa.large_string()]),
)
def test_names_come_from_the_lowest_to_the_highest_and_equal_ones_as_they_came(
    names: list[str | None], type_: pa.DataType
) -> None:
    assert ascending(pa.chunked_array([names[:5], names[5:]], type_)).tolist() == plainly(names)


def test_names_that_begin_alike_are_sorted_by_their_ends() -> None:
    names = [f"{'0' * 8}{row % 3}{row:03}" for row in range(300)]
    assert ascending(pa.chunked_array([names])).tolist() == plainly(names)


def test_a_slice_of_names_is_sorted_by_its_own_names() -> None:
    names = [f"{row:08}" for row in range(20, 0, -1)]
    assert ascending(pa.chunked_array([names]).slice(5, 10)).tolist() == list(range(9, -1, -1))


@settings(max_examples=examples(100))
@given(st.data(), st.sampled_from(TYPES), st.booleans())
def test_rows_in_another_order_are_those_that_arrow_takes(
    data: st.DataObject, type_: pa.DataType, is_even: bool
) -> None:
    n = data.draw(st.integers(1, 12))
    entry = st.text("ab", max_size=3) if type_.value_type == pa.string() else st.integers(0, 9)
    length = 3 if is_even or pa.types.is_fixed_size_list(type_) else None
    row = st.lists(entry, min_size=length or 0, max_size=length or 4)
    vectors = data.draw(st.lists(row if is_even else st.none() | row, min_size=n, max_size=n))
    names = data.draw(
        st.lists(
            st.text("xyz", min_size=0 if not is_even else 9, max_size=9), min_size=n, max_size=n
        )
    )
    order = np.array(data.draw(st.permutations(range(n))), dtype=np.int64)
    numbers = data.draw(
        st.lists(
            st.floats(width=32, allow_nan=False) | (st.nothing() if is_even else st.none()),
            min_size=n,
            max_size=n,
        )
    )
    rows = pa.table(
        {
            "name": names,
            "vector": pa.array(vectors, type_),
            "n": range(n),
            "x": pa.array(numbers, pa.float32()),
        }
    )
    rows = pa.concat_tables([rows[: n // 2], rows[n // 2 :]])
    answer = rearranged(rows, order)
    answer.validate(full=True)
    assert answer.equals(rows.take(pa.array(order)))


def test_what_offsets_of_32_bits_cannot_name_is_left_to_arrow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = pa.table({"name": ["aaaaaaaa", "bbbbbbbb"], "vector": [[1.0, 2.0], [3.0, 4.0]]})
    order = np.array([1, 0])
    monkeypatch.setattr(
        order_module, "_records", None
    )  # what is called for columns that are handled here
    monkeypatch.setattr(order_module, "LARGE", 3)
    assert rearranged(rows, order).equals(rows.take(pa.array(order)))


@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_chunks_and_slices_are_one_table(chunks: int) -> None:
    piece = pa.table(
        {"name": ["-", "bbbbbbbbb", "aaaaaaaaa"], "vector": [[0.0], [1.0, 2.0], [3.0, 4.0]]}
    ).slice(1)
    rows = pa.concat_tables([piece] * chunks) if chunks else piece.slice(0, 0)
    order = np.arange(rows.num_rows)[::-1]
    assert rearranged(rows, order).to_pylist() == rows.to_pylist()[::-1]
