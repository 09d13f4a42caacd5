"""Sweeping: what nothing refers to any more."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from catalog.maintenance.signals_sweep import dead_models, dead_signals, sweep_signals
from catalog.maintenance.vectors_sweep import VectorSweep, sweep_vectors
from catalog.notebook import NotebookResult
from catalog.store.database import Connection, spill_folder
from catalog.store.lock import locked
from catalog.store.media import unreferenced_media
from catalog.store.queries import query
from catalog.store.scratch import abandoned, spills, sweep_abandoned
from catalog.store.shard_hash import record_sha256, stored_sha256
from catalog.store.store import Store


@dataclass(frozen=True)
class GcReport(NotebookResult):
    """Counts of what was removed, or would be.

    Attributes:
        n_instructions: of dropped pools.
        scratch: files that dead jobs left.
        signals: those without any value left, as kind and name.
        models: folders of models that were trained for such.
        n_bytes: of the files and the models.
        is_dry_run: whether it only would be.
        vectors: of vectors that nothing records.
        media: kept bytes of media that no instruction refers to.
        n_damaged: shards that were damaged and are forgotten.
    """

    n_instructions: int
    scratch: list[str]
    signals: list[str]
    models: list[str]
    n_bytes: int
    is_dry_run: bool
    vectors: VectorSweep
    media: list[str]
    n_damaged: int = 0


def gc(
    store: Store,
    *,
    is_dry_run: bool = False,
    n_damaged: int = 0,
) -> GcReport:
    """Remove what nothing refers to any more.

    That is: instructions that no version of a pool and no subset holds, with their numbers; signals
    and trained models that no value is left of; vectors that nothing records, and their versions
    that no subset was made from; kept media that nothing refers to; files of dead jobs.

    Raises:
        LockedError: another process held the catalog all that time.
    """
    if is_dry_run:
        return _planned(store)
    store.path.mkdir(parents=True, exist_ok=True)
    with locked(store.removal, wait=store.wait):
        return _swept(store, n_damaged)


def _swept(store: Store, n_damaged: int) -> GcReport:
    scratch = abandoned(store)
    n_bytes = _size(scratch)
    with store.writing() as connection:
        n_instructions = _n_unreferenced(connection)
        media = unreferenced_media(connection, store)
        n_bytes += _size(media)
        _delete_rows(connection)
        _remove(media)  # under the catalog's lock: a load brings its own while it holds it
        spilt = spills(store, own=spill_folder(store))
        n_bytes += _size(spilt)
        _remove(spilt)
    signals = sweep_signals(store)
    with store.reading() as connection:
        models = dead_models(connection, store)
    n_bytes += _size(models)
    sweep_abandoned(store)
    _remove(models)
    swept = sweep_vectors(store)
    return GcReport(
        n_instructions,
        _names(scratch + spilt),
        signals,
        _names(models),
        n_bytes,
        False,
        swept,
        _names(media),
        n_damaged,
    )


def _planned(store: Store) -> GcReport:
    """Return what would be removed."""
    scratch = abandoned(store)
    with store.reading() as connection:
        n_instructions = _n_unreferenced(connection)
        dead = dead_signals(connection)
        models = dead_models(connection, store, dead=dead)
        media = unreferenced_media(connection, store)
    return GcReport(
        n_instructions,
        _names(scratch),
        list(dead.values()),
        _names(models),
        _size([*scratch, *models, *media]),
        True,
        sweep_vectors(store, is_dry_run=True),
        _names(media),
    )


def _delete_rows(connection: Connection) -> None:
    """Delete the rows of members that nothing holds, and hash again the shards that lost some."""
    trimmed = _whole_shards(connection)
    for table in (
        "losses",
        "scores",
        "score_calls",
        "signal_members",
        "signal_gaps",
        "signal_labels",
        "overlap_items",
        "overlap_members",
        "overlap_pairs",
        "instructions",
    ):
        connection.execute(query(f"gc/delete_{table}"))
    for kind, signal_id, shard in trimmed:
        record_sha256(connection, kind=kind, signal_id=signal_id, shard=shard)


def _n_unreferenced(connection: Connection) -> int:
    connection.execute(query("gc/unreferenced"))
    ((n_instructions,),) = connection.sql("SELECT count(*) FROM unreferenced").fetchall()
    return int(n_instructions)


def _whole_shards(connection: Connection) -> list[tuple[str, int, int]]:
    """Return the intact shards in DuckDB that lose rows: kind, signal and shard.

    A damaged shard keeps its hash.
    """
    touched = connection.sql(query("gc/trimmed_rows")).fetchall()
    return [
        (kind, signal_id, shard)
        for kind, signal_id, shard, sha256 in touched
        if stored_sha256(connection, kind=kind, signal_id=signal_id, shard=shard) == sha256
    ]


def _remove(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _names(paths: list[Path]) -> list[str]:
    return [str(path) for path in paths]


def _size(paths: list[Path]) -> int:
    return sum(file.stat().st_size for path in paths for file in _files(path))


def _files(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
