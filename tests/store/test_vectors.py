"""The vector store."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import DamageError
from catalog.store import vectors
from catalog.store.paths import Home


def rows(ids: range, *, shard: int, dtype: type = np.float32) -> pa.Table:
    values = np.arange(len(ids) * 4, dtype=dtype)
    return pa.table(
        {
            "instruction_id": pa.array(list(ids), pa.int64()),
            "shard": pa.array([shard] * len(ids), pa.int64()),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(values), 4),
        }
    )


def test_a_reader_sees_only_the_shards_it_names(home: Home) -> None:
    vectors.append(home, "e", rows(range(10), shard=0))
    vectors.append(home, "e", rows(range(10, 15), shard=1))
    assert vectors.read(home, "e", columns=["instruction_id"], shards=[1]).read_all()[
        "instruction_id"
    ].to_pylist() == [10, 11, 12, 13, 14]
    assert vectors.read(home, "e", columns=["instruction_id"], shards=[]).read_all().num_rows == 0


def test_an_old_version_is_read_as_it_was(home: Home) -> None:
    first = vectors.append(home, "e", rows(range(3), shard=0))
    vectors.append(home, "e", rows(range(3, 5), shard=1))
    assert vectors.read(home, "e", columns=["vector"], version=first).read_all().num_rows == 3


def test_vectors_come_back_exactly(home: Home) -> None:
    written = rows(range(7), shard=0, dtype=np.float16)
    vectors.append(home, "e", written)
    back = vectors.read(home, "e", columns=["instruction_id", "shard", "vector"]).read_all()
    assert (
        back["vector"].combine_chunks().flatten().to_pylist()
        == written["vector"].combine_chunks().flatten().to_pylist()
    )


def test_a_dead_shard_goes_and_a_pinned_version_stays_through_a_sweep(home: Home) -> None:
    pinned = vectors.append(home, "e", rows(range(3), shard=0))
    vectors.pin(home, "e", version=pinned, tag="subset-1")
    vectors.append(home, "e", rows(range(3, 9), shard=1))
    vectors.delete_shards(home, "e", [1])
    vectors.sweep(home, "e")
    assert vectors.shards(home, "e") == {0}
    assert (
        vectors.read(home, "e", columns=["instruction_id"], version=pinned).read_all().num_rows == 3
    )


def test_a_table_that_was_never_written_has_no_shards(home: Home) -> None:
    assert vectors.shards(home, "e") == set()
    assert vectors.tables(home) == []


@pytest.mark.parametrize("call", [vectors.versions, vectors.sweep])
def test_a_damaged_older_version_is_one_error_too(
    home: Home, call: Callable[[Home, str], object]
) -> None:
    vectors.append(home, "t", rows(range(3), shard=0))
    (older,) = (vectors.path(home, "t") / "_versions").glob("*.manifest")
    vectors.append(home, "t", rows(range(3, 6), shard=1))
    older.write_bytes(bytes(range(256)))
    with pytest.raises(DamageError):
        call(home, "t")
