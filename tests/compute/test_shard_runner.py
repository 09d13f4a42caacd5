"""The frame of every signal: shards, what is missing, what a killed run left."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from catalog import Catalog
from catalog.compute.shard_runner import compute, exclusively
from catalog.compute.shard_writer import Values
from catalog.errors import LockedError
from catalog.signals.registry import Signal, ensure_signal
from catalog.store import vectors
from tests.copies import made_once

Write = Callable[..., Path]


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    catalog.register(
        jsonl([{"instruction": f"question {i}", "input": "", "output": "yes"} for i in range(25)]),
        pool="p",
    )
    return catalog


def signal_of(catalog: Catalog, kind: str = "score") -> Signal:
    with catalog.store.writing() as connection:
        return ensure_signal(
            connection,
            kind=kind,
            name="length",
            identity={"version": 1},
            has_vectors=kind == "embedding",
        )  # type: ignore[arg-type]


def lengths(texts: pa.Table) -> Values:
    """The prompt's length; odd instructions have none."""
    ids = texts["instruction_id"].to_numpy()
    values = np.array([len(prompt) for prompt in texts["prompt"].to_pylist()], dtype=np.float64)
    even = ids % 2 == 0
    return Values(
        pa.table({"instruction_id": ids[even], "value": values[even]}),
        gaps=[(int(i), "odd") for i in ids[~even]],
        n_tokens=len(ids),
    )


def test_what_is_there_is_not_computed_again(pool: Catalog) -> None:
    signal, reference = signal_of(pool), pool.find("p")
    first = compute(pool.store, reference, signal, lengths, shard_rows=10)
    assert (first.n_computed, first.n_before, first.reasons, first.n_tokens) == (
        25,
        0,
        {"odd": 13},
        25,
    )
    again = compute(
        pool.store, reference, signal, lambda texts: pytest.fail("computed twice"), shard_rows=10
    )
    assert (again.n_computed, again.n_before) == (0, 25)


def test_a_run_that_dies_keeps_its_shards_and_the_next_makes_the_rest(pool: Catalog) -> None:
    signal, reference, n_calls = signal_of(pool), pool.find("p"), 0

    def dying(texts: pa.Table) -> Values:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 3:
            raise RuntimeError("killed")
        return lengths(texts)

    with pytest.raises(RuntimeError, match="killed"):
        compute(pool.store, reference, signal, dying, shard_rows=10)
    report = compute(pool.store, reference, signal, lengths, shard_rows=10)
    assert (report.n_before, report.n_computed) == (20, 5)
    with pool.store.reading() as connection:
        assert connection.sql(
            "SELECT count(*), count(DISTINCT instruction_id) FROM scores"
        ).fetchall() == [(25, 25)]


def test_a_missing_value_is_null_with_its_reason(pool: Catalog) -> None:
    compute(pool.store, pool.find("p"), signal_of(pool), lengths)
    with pool.store.reading() as connection:
        rows = connection.sql(
            "SELECT instruction_id % 2, count(value), any_value(reason) "
            "FROM scores GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert rows == [(0, 12, None), (1, 0, "odd")]


def test_what_a_killed_run_wrote_and_never_committed_is_deleted(pool: Catalog) -> None:
    signal = signal_of(pool, "embedding")
    table = str(signal.lance_table)

    def some(ids: pa.Array) -> pa.Table:
        vector = pa.FixedSizeListArray.from_arrays(
            pa.array(np.ones(len(ids) * 2, dtype=np.float32)), 2
        )
        return pa.table({"instruction_id": ids, "vector": vector})

    dead = some(pa.array([1, 2], pa.int64()))
    vectors.append(pool.store, table, dead.add_column(1, "shard", pa.array([0, 0], pa.int64())))
    compute(
        pool.store,
        pool.find("p"),
        signal,
        lambda texts: Values(some(texts["instruction_id"].combine_chunks())),
    )
    rows = vectors.read(pool.store, table, columns=["instruction_id"]).read_all()
    assert rows.num_rows == 25
    assert pool.doctor() == []


def test_a_sample_is_the_same_whatever_the_order_and_says_what_is_left(pool: Catalog) -> None:
    report = compute(pool.store, pool.find("p"), signal_of(pool), lengths, limit=7)
    assert (report.n_computed, report.n_left) == (7, 18)


def test_a_second_process_learns_which_process_computes(pool: Catalog) -> None:
    signal = signal_of(pool)
    with exclusively(pool.store, signal), pytest.raises(LockedError, match="is held by process"):
        compute(pool.store, pool.find("p"), signal, lengths)


def test_progress_is_reported_after_each_shard(pool: Catalog) -> None:
    told: list[tuple[int, int, int]] = []
    compute(
        pool.store,
        pool.find("p"),
        signal_of(pool),
        lengths,
        shard_rows=10,
        progress=lambda *counts: told.append(counts),
    )
    assert told == [(10, 25, 10), (20, 25, 20), (25, 25, 25)]
