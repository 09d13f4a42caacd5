"""The two stores against each other, with every fault planted."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from catalog import Catalog
from catalog.compute.shard_runner import exclusively, missing
from catalog.compute.shard_writer import Values, commit_shard
from catalog.errors import CorruptError
from catalog.signals.registry import Signal, ensure_signal, list_named
from catalog.store import vectors
from tests.copies import made_once

Write = Callable[..., Path]
TABLE = "embedding_0001"


def some_vectors(ids: list[int], **more: list[int]) -> pa.Table:
    numbers = pa.array(np.arange(len(ids) * 3, dtype=np.float32))
    columns = {
        name: pa.array(values, pa.int64())
        for name, values in ({"instruction_id": ids} | more).items()
    }
    return pa.table(columns | {"vector": pa.FixedSizeListArray.from_arrays(numbers, 3)})


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Write) -> Catalog:
    """Two pools of ten and five members, embedded in three shards."""
    for name, first, n in (("p", 0, 10), ("q", 100, 5)):
        records = [
            {"instruction": f"{name} {first + i}", "input": "", "output": "yes"} for i in range(n)
        ]
        catalog.register(jsonl(records, f"{name}.jsonl"), pool=name)
    with catalog.store.writing() as connection:
        signal = ensure_signal(
            connection, kind="embedding", name="e", identity={}, dimension=3, has_vectors=True
        )
    for ids in ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12, 13, 14, 15]):
        commit_shard(catalog.store, signal, Values(some_vectors(ids)), seconds=0.0)
    assert catalog.doctor() == []
    return catalog


@pytest.fixture
def embedded(filled: Catalog) -> tuple[Catalog, Signal]:
    with filled.store.reading() as connection:
        (signal,) = list_named(connection, kind="embedding", name="e")
    assert signal.lance_table == TABLE
    return filled, signal


def checks(catalog: Catalog) -> list[str]:
    return [finding.check for finding in catalog.doctor()]


def held(catalog: Catalog) -> list[int]:
    return sorted(
        vectors.read(catalog.store, TABLE, columns=["instruction_id"])
        .read_all()["instruction_id"]
        .to_pylist()
    )


def n_missing(catalog: Catalog, signal: Signal) -> int:
    found = catalog.find("p")
    with catalog.store.reading() as connection:
        return missing(connection, found, signal).num_rows


def test_a_lost_table_is_found_and_forgotten_so_that_it_is_computed_again(
    embedded: tuple[Catalog, Signal],
) -> None:
    catalog, signal = embedded
    shutil.rmtree(str(vectors.path(catalog.store, TABLE)))
    assert checks(catalog) == ["shard_rows"] * 3
    assert catalog.gc(dry_run=True).vectors.n_forgotten == 3
    assert catalog.gc().vectors.n_forgotten == 3
    assert catalog.doctor() == []
    assert n_missing(catalog, signal) == 10


def test_a_shard_that_lost_a_row_is_forgotten_whole(embedded: tuple[Catalog, Signal]) -> None:
    catalog, signal = embedded
    vectors.dataset(catalog.store, TABLE).delete("instruction_id = 7")
    (finding,) = catalog.doctor()
    assert (finding.check, "shard 1 of e: 5 instructions" in finding.problem) == (
        "shard_rows",
        True,
    )
    catalog.gc()
    assert catalog.doctor() == []
    assert n_missing(catalog, signal) == 5
    assert held(catalog) == [1, 2, 3, 4, 5, 11, 12, 13, 14, 15]


@pytest.mark.slow
def test_a_doubled_row_counts_as_lost(embedded: tuple[Catalog, Signal]) -> None:
    catalog, _ = embedded
    vectors.append(
        catalog.store,
        TABLE,
        some_vectors([2], shard=[0]).select(["instruction_id", "shard", "vector"]),
    )
    assert checks(catalog) == ["shard_rows"]
    catalog.gc()
    assert catalog.doctor() == []
    assert held(catalog) == list(range(6, 16))


def test_a_shard_that_was_never_committed_is_swept(embedded: tuple[Catalog, Signal]) -> None:
    catalog, _ = embedded
    vectors.append(
        catalog.store,
        TABLE,
        some_vectors([1, 2], shard=[3, 3]).select(["instruction_id", "shard", "vector"]),
    )
    assert checks(catalog) == ["orphan_rows"]
    assert catalog.gc(dry_run=True).vectors.n_rows == 2
    assert checks(catalog) == ["orphan_rows"]
    assert catalog.gc().vectors.n_rows == 2
    assert catalog.doctor() == []
    assert held(catalog) == list(range(1, 16))


def test_a_table_that_no_signal_names_is_dropped(embedded: tuple[Catalog, Signal]) -> None:
    catalog, _ = embedded
    vectors.append(catalog.store, "embedding_9999", some_vectors([1], shard=[0]))
    assert checks(catalog) == ["orphan_table"]
    assert catalog.gc().vectors.tables == ("embedding_9999",)
    assert vectors.tables(catalog.store) == [TABLE]
    assert catalog.doctor() == []


def test_rows_of_a_dropped_pool_go_and_the_rest_stays_readable(
    embedded: tuple[Catalog, Signal],
) -> None:
    catalog, signal = embedded
    catalog.drop("q")
    sweep = catalog.gc()
    assert (sweep.n_instructions, sweep.vectors.n_rows) == (5, 5)
    assert catalog.doctor() == []
    assert held(catalog) == list(range(1, 11))
    with catalog.store.reading() as connection:
        ((version,),) = connection.sql("SELECT max(lance_version) FROM shards").fetchall()
        left = connection.sql("SELECT count(*) FROM signal_members").fetchall()
    assert (
        vectors.dataset(catalog.store, TABLE, version=version).count_rows() == 10
    )  # what readers take outlives the sweep
    assert left == [(10,)]
    assert n_missing(catalog, signal) == 0


def test_a_version_that_is_gone_is_found_and_recorded_anew(
    embedded: tuple[Catalog, Signal],
) -> None:
    catalog, _ = embedded
    with catalog.store.writing() as connection:
        connection.execute("UPDATE shards SET lance_version = 99")
    assert checks(catalog) == ["version_gone"]
    catalog.gc()
    assert catalog.doctor() == []


def test_old_versions_go_and_pinned_ones_stay(embedded: tuple[Catalog, Signal]) -> None:
    catalog, _ = embedded
    catalog.select("random", "p", budget=2, name="drawn")
    vectors.pin(catalog.store, TABLE, version=2, tag="subset-1")
    catalog.gc()
    assert 2 in vectors.versions(catalog.store, TABLE)
    assert 1 not in vectors.versions(catalog.store, TABLE)
    assert vectors.dataset(catalog.store, TABLE, version=2).count_rows() == 10
    catalog.drop("drawn")
    assert catalog.gc(dry_run=True).vectors.n_pins == 1
    assert catalog.gc().vectors.n_pins == 1
    assert vectors.pins(catalog.store, TABLE) == set()
    assert 2 not in vectors.versions(catalog.store, TABLE)
    assert catalog.doctor() == []


def test_a_moved_vector_folder_is_reported_and_nothing_is_forgotten(
    embedded: tuple[Catalog, Signal],
) -> None:
    catalog, signal = embedded
    away = catalog.store.path / "away"
    Path(str(catalog.store.vectors)).rename(away)
    assert checks(catalog) == ["shard_rows"] * 3
    assert catalog.gc().vectors.n_forgotten == 0
    away.rename(str(catalog.store.vectors))
    assert catalog.doctor() == []
    assert n_missing(catalog, signal) == 0


def test_gc_leaves_what_a_worker_has_written_and_not_committed(
    embedded: tuple[Catalog, Signal],
) -> None:
    catalog, signal = embedded
    rows = some_vectors([1, 2], shard=[3, 3]).select(["instruction_id", "shard", "vector"])
    with exclusively(catalog.store, signal):
        written = vectors.write(catalog.store, TABLE, rows)
        catalog.gc()
    vectors.commit(catalog.store, TABLE, [written])
    assert len(held(catalog)) == 17


def test_a_commit_whose_files_are_gone_is_refused(embedded: tuple[Catalog, Signal]) -> None:
    catalog, _ = embedded
    rows = some_vectors([1, 2], shard=[3, 3]).select(["instruction_id", "shard", "vector"])
    written = vectors.write(catalog.store, TABLE, rows)
    before = vectors.version(catalog.store, TABLE)
    catalog.gc()  # nobody holds the signal, so that these are leftovers
    with pytest.raises(CorruptError, match=r"\.lance was removed"):
        vectors.commit(catalog.store, TABLE, [written])
    assert vectors.version(catalog.store, TABLE) == before
    assert len(held(catalog)) == 15


def test_gc_forgets_no_shard_of_a_busy_signal(embedded: tuple[Catalog, Signal]) -> None:
    catalog, signal = embedded
    vectors.dataset(catalog.store, TABLE).delete("instruction_id = 7")
    with exclusively(catalog.store, signal):
        assert catalog.gc().vectors.n_forgotten == 0
    assert catalog.gc().vectors.n_forgotten == 1
