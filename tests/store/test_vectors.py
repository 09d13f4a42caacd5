"""The vector store."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import DamageError
from catalog.store import vectors
from catalog.store.store import Store


def rows(ids: range, *, shard: int, dtype: type = np.float32) -> pa.Table:
    values = np.arange(len(ids) * 4, dtype=dtype)
    return pa.table(
        {
            "instruction_id": pa.array(list(ids), pa.int64()),
            "shard": pa.array([shard] * len(ids), pa.int64()),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(values), 4),
        }
    )


def test_a_reader_sees_only_the_shards_it_names(store: Store) -> None:
    vectors.append(store, "e", rows(range(10), shard=0))
    vectors.append(store, "e", rows(range(10, 15), shard=1))
    assert vectors.read(store, "e", columns=["instruction_id"], shards=[1]).read_all()[
        "instruction_id"
    ].to_pylist() == [10, 11, 12, 13, 14]
    assert vectors.read(store, "e", columns=["instruction_id"], shards=[]).read_all().num_rows == 0


def test_an_old_version_is_read_as_it_was(store: Store) -> None:
    first = vectors.append(store, "e", rows(range(3), shard=0))
    vectors.append(store, "e", rows(range(3, 5), shard=1))
    assert vectors.read(store, "e", columns=["vector"], version=first).read_all().num_rows == 3


def test_vectors_come_back_exactly(store: Store) -> None:
    written = rows(range(7), shard=0, dtype=np.float16)
    vectors.append(store, "e", written)
    back = vectors.read(store, "e", columns=["instruction_id", "shard", "vector"]).read_all()
    assert (
        back["vector"].combine_chunks().flatten().to_pylist()
        == written["vector"].combine_chunks().flatten().to_pylist()
    )


def test_a_dead_shard_goes_and_a_pinned_version_stays_through_a_sweep(store: Store) -> None:
    pinned = vectors.append(store, "e", rows(range(3), shard=0))
    vectors.pin(store, "e", version=pinned, tag="subset-1")
    vectors.append(store, "e", rows(range(3, 9), shard=1))
    vectors.delete_shards(store, "e", [1])
    vectors.sweep(store, "e")
    assert vectors.shards(store, "e") == {0}
    assert (
        vectors.read(store, "e", columns=["instruction_id"], version=pinned).read_all().num_rows
        == 3
    )


def test_a_table_that_was_never_written_has_no_shards(store: Store) -> None:
    assert vectors.shards(store, "e") == set()
    assert vectors.tables(store) == []


@pytest.mark.parametrize("call", [vectors.versions, vectors.sweep])
def test_a_damaged_older_version_is_one_error_too(
    store: Store, call: Callable[[Store, str], object]
) -> None:
    vectors.append(store, "t", rows(range(3), shard=0))
    (older,) = Path(str(vectors.path(store, "t") / "_versions")).glob("*.manifest")
    vectors.append(store, "t", rows(range(3, 6), shard=1))
    older.write_bytes(bytes(range(256)))
    with pytest.raises(DamageError):
        call(store, "t")


@pytest.mark.parametrize(
    "named", [[], [4], [0, 1, 2, 3], [1, 3, 5], [5, 0, 1, 4, 4], list(range(-3, 20, 2))]
)
def test_shards_that_are_named_as_ranges_are_those_shards(store: Store, named: list[int]) -> None:
    for shard in range(6):
        vectors.append(store, "e", rows(range(2 * shard, 2 * shard + 2), shard=shard))
    found = vectors.read(store, "e", columns=["shard"], shards=named).read_all()
    assert set(found["shard"].to_pylist()) == set(named) & set(range(6))
    assert found.num_rows == 2 * len(set(named) & set(range(6)))


def test_the_condition_for_a_whole_table_does_not_grow_with_its_shards() -> None:
    assert len(vectors.in_shards(range(250_000))) < 100


def test_a_worker_that_begins_before_the_first_commit_adds_to_the_table(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = vectors.write(store, "e", rows(range(3), shard=0))
    second = vectors.write(store, "e", rows(range(3, 5), shard=1))
    answers = iter([False, True])
    vectors.commit(store, "e", [first])
    with monkeypatch.context() as patched:
        patched.setattr(vectors, "exists", lambda *_: next(answers))  # as it was when it began
        third = vectors.write(store, "e", rows(range(5, 9), shard=2))
    vectors.commit(store, "e", [second, third])
    found = vectors.read(store, "e", columns=["instruction_id"]).read_all()
    assert found["instruction_id"].to_pylist() == list(range(9))
