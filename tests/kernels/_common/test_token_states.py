"""Views on token states, whatever list type holds them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import QueryError
from catalog.kernels._common.token_states import states

ROWS = [[[1.0, 2.0]], [], [[3.0, 4.0], [5.0, 6.0]]]


@pytest.mark.parametrize(
    "type_",
    [
        pa.list_(pa.list_(pa.float16(), 2)),
        pa.list_(pa.list_(pa.float32(), 2)),
        pa.list_(pa.list_(pa.float32())),
        pa.large_list(pa.list_(pa.float64())),
    ],
)
def test_every_list_type_gives_the_same_views(type_: Any) -> None:
    column = pa.chunked_array(
        [pa.array(ROWS, type_), pa.array([], type_), pa.array(ROWS, type_).slice(2)]
    )
    views, d = states(column, name="states", function="log_det")
    assert d == 2
    assert [view.tolist() for view in views] == [*ROWS, ROWS[2]]


def test_a_chunk_without_any_token_has_views_of_the_same_width() -> None:
    views, d = states(
        pa.chunked_array([[[]], [[[1.0, 2.0]], []], [[]]], pa.list_(pa.list_(pa.float32()))),
        name="s",
        function="log_det",
    )
    assert d == 2
    assert [view.shape for view in views] == [(0, 2), (1, 2), (0, 2), (0, 2)]


def test_views_share_the_columns_memory() -> None:
    numbers = np.arange(8, dtype=np.float16)
    column = pa.ListArray.from_arrays(
        pa.array([0, 1, 4], pa.int32()), pa.FixedSizeListArray.from_arrays(pa.array(numbers), 2)
    )
    views, _ = states(pa.chunked_array([column]), name="states", function="log_det")
    assert views[1].dtype == np.float16
    assert np.shares_memory(views[1], column.values.values.to_numpy())


def test_null_states_are_refused() -> None:
    with pytest.raises(QueryError, match="some states in s are NULL"):
        states(pa.chunked_array([[[[1.0, None]]]]), name="s", function="log_det")
    with pytest.raises(QueryError, match="1 of 2 rows"):
        states(pa.chunked_array([[[[1.0]], None]]), name="s", function="log_det")
