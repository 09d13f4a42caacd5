"""Shards that are committed together, of a size that the first one fixes, beside `catalog gc`."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from catalog import Catalog
from catalog.compute import shard_runner
from catalog.compute.shard_runner import compute
from catalog.compute.shard_writer import Values
from catalog.engine.local import Local
from catalog.errors import CorruptError
from catalog.signals.registry import Signal, ensure_signal
from catalog.store import compaction, vectors
from catalog.store.store import Store
from tests.conftest import pairs
from tests.copies import made_once
from tests.quick import few_of

TOGETHER = Local(group_seconds=60.0)
ALONE = Local(group_seconds=0.0)
AHEAD = Local(group_seconds=0.0, reads_ahead=True)


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    catalog.register(jsonl(pairs(25)), pool="p")
    return catalog


@pytest.fixture
def signal(pool: Catalog) -> Signal:
    return ensured(pool)


def ensured(pool: Catalog) -> Signal:
    with pool.store.writing() as connection:
        return ensure_signal(
            connection, kind="embedding", name="e", identity={}, dimension=2, has_vectors=True
        )


def embedded(texts: pa.Table) -> Values:
    numbers = np.array([len(prompt) for prompt in texts["prompt"].to_pylist()], dtype=np.float32)
    vector = pa.FixedSizeListArray.from_arrays(pa.array(np.repeat(numbers, 2)), 2)
    return Values(pa.table({"instruction_id": texts["instruction_id"], "vector": vector}))


def shards(catalog: Catalog) -> list[tuple[int, int, int]]:
    with catalog.store.reading() as connection:
        return connection.sql(
            "SELECT shard, n_instructions, lance_version FROM shards ORDER BY shard"
        ).fetchall()


def before_call(n: int, happens: Callable[[], object]) -> Callable[[pa.Table], Values]:
    """Return `embedded`, with something that happens before its n-th call."""
    calls: Iterator[int] = iter(range(1, 100))

    def values(texts: pa.Table) -> Values:
        if next(calls) == n:
            happens()
        return embedded(texts)

    return values


def test_a_group_of_shards_is_one_version_of_the_table(pool: Catalog, signal: Signal) -> None:
    compute(pool.store, pool.find("p"), signal, embedded, shard_rows=10, engine=TOGETHER)
    assert shards(pool) == [(0, 10, 1), (1, 10, 1), (2, 5, 1)]
    assert pool.doctor(full=True) == []


@pytest.mark.slow
def test_groups_and_single_shards_hold_the_same_bytes(pool: Catalog, signal: Signal) -> None:
    hashes = []
    for engine in (TOGETHER, ALONE):
        compute(pool.store, pool.find("p"), signal, embedded, shard_rows=10, engine=engine)
        with pool.store.writing() as connection:
            hashes.append(connection.sql("SELECT sha256 FROM shards ORDER BY shard").fetchall())
            for table in ("shards", "signal_members"):
                connection.execute(f"DELETE FROM {table}")
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 3


def test_what_is_ready_is_committed_when_an_error_ends_the_run(
    pool: Catalog, signal: Signal
) -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    values = before_call(3, fail)
    with pytest.raises(KeyboardInterrupt):
        compute(pool.store, pool.find("p"), signal, values, shard_rows=10, engine=TOGETHER)
    assert shards(pool) == [(0, 10, 1), (1, 10, 1)]
    assert pool.doctor() == []


def test_the_first_shard_fixes_the_size_of_all(pool: Catalog, signal: Signal) -> None:
    compute(pool.store, pool.find("p"), signal, embedded, shard_rows=10, limit=10)
    compute(pool.store, pool.find("p"), signal, embedded, shard_rows=4)
    assert [n for _, n, _ in shards(pool)] == [10, 10, 5]


@pytest.mark.slow
def test_a_signal_of_before_keeps_the_size_that_it_was_computed_with(
    pool: Catalog, signal: Signal
) -> None:
    compute(pool.store, pool.find("p"), signal, embedded, shard_rows=10, limit=10)
    with pool.store.writing() as connection:
        connection.execute("UPDATE signals SET shard_rows = NULL")
    compute(pool.store, pool.find("p"), signal, embedded, shard_rows=4)
    with pool.store.reading() as connection:
        assert connection.sql("SELECT shard_rows FROM signals").fetchall() == [(None,)]
    assert [n for _, n, _ in shards(pool)] == [10, 4, 4, 4, 3]


@pytest.mark.parametrize(
    ("n_bytes", "n_first", "n_reads", "reads"),
    [
        (2**28, 12, 32, [12, 13]),
        (1, 9, 32, [8, 4, 4, 4, 4, 1]),
        (1, 1, 32, [4, 4, 4, 4, 4, 4, 1]),
        (1, 4, 3, [4, 8, 8, 5]),
    ],
)
def test_a_larger_pool_is_read_in_larger_pieces_of_whole_shards(
    pool: Catalog,
    signal: Signal,
    monkeypatch: pytest.MonkeyPatch,
    n_bytes: int,
    n_first: int,
    n_reads: int,
    reads: list[int],
) -> None:
    found, read_texts = [], shard_runner.read_texts

    def read(store: Store, wanted: pa.Table, columns: Sequence[str]) -> pa.Table:
        found.append(wanted.num_rows)
        return read_texts(store, wanted, columns)

    monkeypatch.setattr(shard_runner, "READ_ROWS", n_first)
    monkeypatch.setattr(shard_runner, "READ_BYTES", n_bytes)
    monkeypatch.setattr(shard_runner, "READS", n_reads)
    monkeypatch.setattr(shard_runner, "read_texts", read)
    compute(pool.store, pool.find("p"), signal, embedded, shard_rows=4)
    assert [n for _, n, _ in shards(pool)] == [4, 4, 4, 4, 4, 4, 1]
    assert found == reads


def test_a_commit_waits_for_the_texts_that_are_read_beside_it(
    pool: Catalog, signal: Signal, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, read_texts, threads = replace(pool.store, wait=0.02), shard_runner.read_texts, set()

    def read_slowly(store: Store, wanted: pa.Table, columns: Sequence[str]) -> pa.Table:
        threads.add(threading.current_thread())
        with store.reading():
            time.sleep(0.1)
            return read_texts(store, wanted, columns)

    monkeypatch.setattr(shard_runner, "READ_ROWS", 4)
    monkeypatch.setattr(shard_runner, "READ_BYTES", 1)
    monkeypatch.setattr(shard_runner, "read_texts", read_slowly)
    compute(store, pool.find("p"), signal, embedded, shard_rows=4, engine=AHEAD)
    assert [n for _, n, _ in shards(pool)] == [4, 4, 4, 4, 4, 4, 1]
    assert threading.main_thread() not in threads


def test_a_shard_holds_the_columns_that_its_values_are_made_of(
    pool: Catalog, signal: Signal
) -> None:
    seen = []

    def values(texts: pa.Table) -> Values:
        seen.append(texts.column_names)
        return embedded(texts)

    compute(pool.store, pool.find("p"), signal, values, limit=10)
    compute(pool.store, pool.find("p"), signal, values, columns=["response", "prompt"])
    ids = ["instruction_id", "fingerprint"]
    assert sorted(seen[0]) == sorted([*ids, *shard_runner.TEXTS])
    assert sorted(seen[1]) == sorted([*ids, "prompt", "response"])


def test_gc_while_a_signal_is_computed_loses_nothing(pool: Catalog, signal: Signal) -> None:
    compute(pool.store, pool.find("p"), signal, embedded, shard_rows=8, limit=5)
    values = before_call(3, pool.gc)  # two more shards are written, and not committed
    compute(pool.store, pool.find("p"), signal, values, shard_rows=10, engine=TOGETHER)
    rows = vectors.read(pool.store, str(signal.lance_table), columns=["instruction_id"]).read_all()
    assert rows.num_rows == 25
    assert pool.doctor(full=True) == []


def test_a_file_that_is_gone_before_its_commit_is_computed_again(
    pool: Catalog, signal: Signal
) -> None:
    table = str(signal.lance_table)

    def lose() -> None:
        """Remove what is written and not committed, as `gc` without locks would."""
        next((Path(str(vectors.path(pool.store, table))) / "data").iterdir()).unlink()

    values = before_call(3, lose)
    with pytest.raises(CorruptError, match="was removed"):
        compute(pool.store, pool.find("p"), signal, values, shard_rows=10, engine=TOGETHER)
    assert (pool.doctor(), shards(pool)) == ([], [])
    compute(pool.store, pool.find("p"), ensured(pool), embedded, shard_rows=10)
    assert pool.doctor(full=True) == []


@pytest.mark.parametrize("by", few_of(["a job", "gc"], "gc"))
def test_many_small_files_become_one_and_every_shard_stays(
    pool: Catalog, signal: Signal, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    table = str(signal.lance_table)
    if by == "a job":
        monkeypatch.setattr(compaction, "MANY", 3)
    compute(pool.store, pool.find("p"), signal, embedded, shard_rows=10, engine=ALONE)
    if by == "gc":
        monkeypatch.setattr(compaction, "MANY", 3)
        pool.gc()
    assert len(vectors.dataset(pool.store, table).get_fragments()) == 1
    assert {row[2] for row in shards(pool)} == {vectors.version(pool.store, table)}
    assert pool.doctor(full=True) == []


@pytest.mark.slow
def test_few_files_are_left_alone(pool: Catalog, signal: Signal) -> None:
    compute(pool.store, pool.find("p"), signal, embedded, shard_rows=10, engine=ALONE)
    pool.gc()
    assert len(vectors.dataset(pool.store, str(signal.lance_table)).get_fragments()) == 3
