"""Registering: a load becomes the next version of a pool completely, or not at all.

Reading and hashing write to the scratch folder without a lock. Then one transaction compares the
load with the pool's newest version and writes the changes. Membership is an interval of versions,
so a version costs only its changes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Literal

from catalog.errors import MostlyRemovedError, MostlyUnreadableError, OptionError
from catalog.messages import argument
from catalog.notebook import NotebookResult
from catalog.pools.file_report import FileReport
from catalog.pools.folded import fold
from catalog.pools.load import Progress, load
from catalog.pools.options import ReadOptions
from catalog.pools.readers.frames import Frame
from catalog.pools.refusal import mostly_unreadable
from catalog.pools.sources import resolve
from catalog.pools.staging import Staging
from catalog.store.database import Connection
from catalog.store.media import adopt
from catalog.store.queries import query
from catalog.store.quoting import literal
from catalog.store.references import check_name
from catalog.store.scratch import scratch_folder
from catalog.store.store import Store

_NOT_STORED = ("n_folded_differing", "n_identity_changed")

Mode = Literal["replace", "append"]
Purpose = Literal["train", "eval"]
PURPOSES = {"train": "training", "eval": "evaluation"}


@dataclass(frozen=True)
class Registration(NotebookResult):
    """Result of a registration, or with ``is_dry_run`` the result that it would have.

    ``is_new_version`` is False if nothing changes; nothing is written then.

    ``n_folded`` records have the same instruction as a member. Of these, ``n_folded_differing``
    differ from the member in ``folded_differing_in`` (source, labels, keys of the metadata), and
    the others are exact duplicates. ``n_identity_changed`` members are removed and added again
    with rejected answers or media, which now belong to the instruction. ``seconds`` are those of
    reading, comparing and writing.
    """

    name: str
    version: int
    is_new_version: bool
    mode: Mode
    n_rows: int
    n_members: int
    n_added: int
    n_removed: int
    n_kept: int
    n_updated: int
    n_folded: int
    n_folded_differing: int
    folded_differing_in: tuple[str, ...]
    n_identity_changed: int
    n_quarantined: int
    n_no_input: int
    reasons: dict[str, int]
    files: list[FileReport]
    seconds: float
    is_dry_run: bool = False


def register(
    store: Store,
    sources: Sequence[str | Frame],
    *,
    name: str,
    options: ReadOptions,
    mode: Mode | None = None,
    purpose: Purpose | None = None,
    is_forced: bool = False,
    is_dry_run: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Registration:
    """Register files as the next version of a pool.

    Args:
        store: the catalog's files and database, which are created if they do not exist.
        sources: files, globs, URLs, ``-`` for standard input, or frames.
        name: the pool's name. A new name creates version 1.
        options: how to read the records.
        mode: ``replace`` makes the load the members of the pool; ``append`` adds it to them; None
            replaces, unless that removes more than half of the members.
        purpose: ``eval`` for a pool that may be a target and that nothing is selected from; None
            keeps the pool's own, and a new pool is for training.
        is_forced: write even if most records cannot be read.
        is_dry_run: read and compare without writing, even an empty catalog.
        jobs: number of processes that read; the version is the same with any number. None is
            described at `catalog.pools.load.load`.
        progress: called after each batch.

    Raises:
        SourceError: a source cannot be read as records.
        MostlyUnreadableError: more than half of the records fail, and ``is_forced`` is False.
        MostlyRemovedError: the load removes more than half of the members, and ``mode`` is None.
        OptionError: a subset or another kind of pool has that name, or ``jobs`` is less than 1.
        WorkerError: a process that read ended before its work was done.
        LockedError: another process holds the catalog for too long.
    """
    started = time.monotonic()
    check_name(name)
    with scratch_folder(Path(gettempdir()) if is_dry_run else store.scratch, "register") as folder:
        staged = load(resolve(sources), options, folder=folder, jobs=jobs, progress=progress)
        if not is_forced:
            _refuse_mostly_unreadable(staged)
        loaded = _Load(name, mode, purpose, options, staged, started, is_dry_run)
        with (store.rehearsing if is_dry_run else store.writing)() as connection:
            answer = _commit(connection, loaded)
            if not is_dry_run:
                # Before the transaction ends, because `gc` removes unreferenced media.
                adopt(store, staged.media)
        return replace(answer, seconds=time.monotonic() - started)


@dataclass(frozen=True)
class _Load:
    name: str
    mode: Mode | None
    purpose: Purpose | None
    options: ReadOptions
    staged: Staging
    started: float
    is_dry_run: bool


def _commit(connection: Connection, load: _Load) -> Registration:
    pool_id, version, n_rows_before = _pool(connection, load)
    is_append = load.mode == "append"
    offset = n_rows_before if is_append else 0
    staged, files = load.staged, load.staged.reports
    connection.execute(f"SET VARIABLE first_rows = {staged.first_rows}")
    connection.execute(f"SET VARIABLE instruction_files = {_listed(staged.instructions)}")
    connection.execute(f"SET VARIABLE quarantine_files = {_listed(staged.quarantine)}")
    for step in ("staged", "quarantined", "keys", "fresh_dry" if load.is_dry_run else "fresh"):
        connection.execute(query(f"register/{step}"))
    connection.execute(query("register/loaded"), {"offset": offset})
    connection.execute(query("register/changes"), {"pool_id": pool_id, "is_append": is_append})
    if staged.has_media_files and not is_append:
        connection.execute(query("register/changed_media"), {"pool_id": pool_id, "offset": offset})
    n_added, n_removed, n_updated, n_before, n_distinct = connection.sql(
        query("register/counts"), params={"pool_id": pool_id}
    ).fetchall()[0]
    n_folded = staged.n_instructions - (n_added if is_append else n_distinct)
    folded = fold(
        connection, pool_id=pool_id, is_append=is_append, offset=offset, n_records=n_folded
    )
    n_identity_changed = 0
    if n_removed:
        ((n_identity_changed,),) = connection.sql(query("register/renamed")).fetchall()
    if load.mode is None and 2 * (n_removed - n_identity_changed) > n_before:
        raise MostlyRemovedError(
            load.name, n_removed=n_removed - n_identity_changed, n_before=n_before
        )
    is_new = version == 1 or bool(n_added or n_removed or n_updated or folded.n_unrecorded)
    answer = Registration(
        name=load.name,
        version=version if is_new else version - 1,
        is_new_version=is_new,
        mode=load.mode or "replace",
        n_rows=offset + staged.n_records,
        n_members=n_before + n_added - n_removed,
        n_added=n_added,
        n_removed=n_removed,
        n_kept=n_before - n_removed,
        n_updated=n_updated,
        n_folded=n_folded,
        n_folded_differing=folded.n_differing,
        folded_differing_in=folded.keys,
        n_identity_changed=n_identity_changed,
        n_quarantined=staged.n_quarantined,
        n_no_input=sum(file.n_no_input for file in files),
        reasons=staged.reasons,
        files=files,
        seconds=0.0,  # not over yet
        is_dry_run=load.is_dry_run,
    )
    if is_new and not load.is_dry_run:
        _write_version(connection, load, answer, pool_id=pool_id, offset=offset)
    return answer


def _pool(connection: Connection, load: _Load) -> tuple[int, int, int]:
    """Return the pool's id, its next version and its number of rows.

    Writes a new pool, except in a dry run.
    """
    if connection.sql(
        "SELECT 1 FROM subsets WHERE name = $name LIMIT 1", params={"name": load.name}
    ).fetchall():
        raise OptionError(
            f"{load.name} is the name of a subset, and pools and subsets share their names: "
            "choose another name"
        )
    rows = connection.sql(query("register/last"), params={"name": load.name}).fetchall()
    if rows:
        pool_id, is_prompts_only, purpose, version, n_rows = rows[0]
        _require_purpose(load, purpose)
        if is_prompts_only != load.options.prompts_only:
            kind = "prompts only" if is_prompts_only else "prompts with responses"
            raise OptionError(
                f"{load.name} holds {kind}: choose another name, or change prompts_only"
            )
        return pool_id, version + 1, n_rows
    if load.is_dry_run:
        return 0, 1, 0  # ids begin at 1
    (pool_id,) = connection.sql("SELECT nextval('pool_ids')").fetchall()[0]
    connection.execute(
        query("register/pool"),
        {
            "pool_id": pool_id,
            "name": load.name,
            "is_prompts_only": load.options.prompts_only,
            "purpose": load.purpose or "train",
        },
    )
    return pool_id, 1, 0


def _require_purpose(load: _Load, purpose: Purpose) -> None:
    """Refuse to change what a pool is for: subsets may have been selected from it."""
    if load.purpose not in (None, purpose):
        raise OptionError(
            f"{load.name} is registered for {PURPOSES[purpose]}, not for {PURPOSES[load.purpose]}",
            next_step=f"choose another name, or leave out {argument('purpose')}",
        )


def _write_version(
    connection: Connection, load: _Load, answer: Registration, *, pool_id: int, offset: int
) -> None:
    params = {"pool_id": pool_id, "version": answer.version}
    connection.execute(query("register/instructions"))
    connection.execute(query("register/close"), params)
    connection.execute(query("register/members"), params)
    if load.staged.has_media_files:
        connection.execute(query("register/media_files"), params | {"offset": offset})
    if answer.n_folded:
        connection.execute(query("register/folded_records"), params)
    connection.execute(query("register/quarantine"), params | {"offset": offset})
    counts: dict[str, Any] = {
        key: value
        for key, value in asdict(answer).items()
        if key.startswith("n_") and key not in _NOT_STORED
    }
    described = {
        "mode": answer.mode,
        "files": _json([asdict(file) for file in answer.files]),
        "options": _json(asdict(load.options)),
        "seconds": time.monotonic() - load.started,  # but for the end of the transaction
    }
    connection.execute(query("register/version"), params | counts | described)


def _refuse_mostly_unreadable(staged: Staging) -> None:
    if staged.n_quarantined <= staged.n_instructions:
        return
    named = ", ".join(f"{count:,} {reason}" for reason, count in [*staged.reasons.items()][:4])
    commonest, example, advice = mostly_unreadable(
        [(file.file, file.n_quarantined, file.first_rejection) for file in staged.reports]
    )
    shapes = ", ".join(sorted({file.shape or file.container for file in staged.reports}))
    raise MostlyUnreadableError(
        f"{staged.n_quarantined:,} of {staged.n_records:,} records could not be read as {shapes} "
        f"({named}); {example}; nothing was written. "
        f"{advice}, or write what is readable with {argument('force', True)}",
        reason=commonest,
    )


def _listed(paths: list[Path]) -> str:
    """Return paths as a list of SQL."""
    return f"[{', '.join(map(literal, paths))}]"


def _json(value: Any) -> str:
    """Return JSON that can be stored, even of a path that is not text."""
    return json.dumps(value, ensure_ascii=False).encode(errors="replace").decode()
