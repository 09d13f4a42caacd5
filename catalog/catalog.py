"""The catalog: one folder, and everything that can be done with it. Each method is one delegation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from catalog.pools import versions
from catalog.store.database import WAIT, reading, upgrade, writing
from catalog.store.folders import Home
from catalog.store.references import Reference, resolve

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from catalog.pools.register import Progress, Registration
    from catalog.signals.frame import Report
    from catalog.signals.published import Import
    from catalog.signals.trained_losses import TrainedLosses
    from catalog.store.doctor import Finding
    from catalog.store.gc import Sweep
    from catalog.subsets.export import Exported

DEFAULT_HOME = ".catalog"


class Catalog:
    """A catalog in a folder. Open one with `Catalog.open`; it holds no connection between calls."""

    def __init__(self, home: Path, *, wait: float = WAIT) -> None:
        self.home = Home(home)
        self.wait = wait

    @classmethod
    def open(cls, home: str | Path | None = None, *, wait: float = WAIT) -> Catalog:
        """Open a catalog; the folder is made when something is first written.

        Args:
            home: its folder; else the environment's ``CATALOG_HOME``, else ``./.catalog``.
            wait: seconds to wait for another process that holds it.
        """
        return cls(Path(home or os.environ.get("CATALOG_HOME") or DEFAULT_HOME).expanduser(), wait=wait)

    def register(
        self,
        sources: str | Path | Sequence[str | Path],
        *,
        pool: str,
        format: str = "auto",
        map: Mapping[str, str] | None = None,
        source_column: str | None = None,
        labels_column: str | None = None,
        prompts_only: bool = False,
        mode: Literal["replace", "append"] = "replace",
        force: bool = False,
        progress: Progress | None = None,
    ) -> Registration:
        """Register files, globs, URLs or ``-`` as the next version of a pool; see `catalog.pools.register.register`."""
        from catalog.pools.options import ReadOptions
        from catalog.pools.register import register

        options = ReadOptions(
            format=format, map=dict(map or {}), source_column=source_column, labels_column=labels_column, prompts_only=prompts_only
        )
        listed = [sources] if isinstance(sources, str | Path) else sources
        return register(
            self.home,
            [str(source) for source in listed],
            name=pool,
            options=options,
            mode=mode,
            is_forced=force,
            wait=self.wait,
            progress=progress,
        )

    def pools(self) -> pl.DataFrame:
        """Every pool at its newest version."""
        with reading(self.home, wait=self.wait) as connection:
            return _frame(versions.list_pools(connection))

    def show(self, reference: str, *, n_examples: int = 3) -> versions.Description:
        """One version of a pool in full."""
        with reading(self.home, wait=self.wait) as connection:
            return versions.describe(connection, resolve(connection, reference, kind="pool"), n_examples=n_examples)

    def history(self, pool: str) -> pl.DataFrame:
        """Every version of a pool, oldest first."""
        with reading(self.home, wait=self.wait) as connection:
            return _frame(versions.history(connection, pool))

    def diff(self, left: str, right: str, *, n_members: int = 20) -> versions.Diff:
        """How the members of two references differ."""
        with reading(self.home, wait=self.wait) as connection:
            return versions.diff(connection, resolve(connection, left), resolve(connection, right), n_members=n_members)

    def quarantine(self, pool: str, *, reason: str | None = None, n_records: int = 100) -> pl.DataFrame:
        """The records of a load that could not be read."""
        with reading(self.home, wait=self.wait) as connection:
            reference = resolve(connection, pool, kind="pool")
            return _frame(versions.quarantined(connection, reference, reason=reason, n_records=n_records))

    def tag(self, reference: str, tag: str) -> Reference:
        """Name one version; a tag that is there moves."""
        with writing(self.home, wait=self.wait) as connection:
            found = resolve(connection, reference)
            versions.tag(connection, found, tag)
            return found

    def drop(self, reference: str) -> Reference:
        """Remove a pool with its history, a subset, or one version of a subset."""
        with writing(self.home, wait=self.wait) as connection:
            return versions.drop(connection, reference)

    def sql(
        self,
        query: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        memory: str | None = None,
        seconds: float | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> pl.DataFrame:
        """Answer one SELECT in the catalog's dialect; see `catalog.selection.execute.run`."""
        from catalog.selection.execute import run

        return _frame(run(self.home, query, parameters=parameters, memory=memory, seconds=seconds, wait=self.wait, progress=progress))

    @contextmanager
    def stream(
        self,
        query: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        name: str = "query",
        memory: str | None = None,
        seconds: float | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Iterator[pa.RecordBatchReader]:
        """Answer one SELECT batch by batch, however many rows it has."""
        from catalog.selection.execute import stream

        with stream(
            self.home, query, parameters=parameters, name=name, memory=memory, seconds=seconds, wait=self.wait, progress=progress
        ) as reader:
            yield reader

    def embed(
        self,
        reference: str,
        *,
        encoder: str = "all-MiniLM-L6-v2",
        field: Literal["prompt", "conversation"] = "prompt",
        store: Literal["float32", "float16"] = "float32",
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> Report:
        """Give every member that has none a vector; see `catalog.signals.embeddings.embed`."""
        from catalog.signals.embeddings import embed

        return embed(
            self.home, self.find(reference), encoder=encoder, field=field, store=store, limit=limit, wait=self.wait, progress=progress
        )

    def signals(self, reference: str) -> pl.DataFrame:
        """Every signal with its coverage of a pool or subset."""
        from catalog.signals.registry import list_signals

        with reading(self.home, wait=self.wait) as connection:
            return _frame(list_signals(connection, resolve(connection, reference)))

    def import_scores(
        self, reference: str, file: str | Path, *, name: str, key: str = "row", value: str | None = None, missing: Sequence[float] = ()
    ) -> Import:
        """Import scores that others published; see `catalog.signals.imported_scores.import_scores`."""
        from catalog.signals.imported_scores import import_scores

        found = self.find(reference)
        return import_scores(self.home, found, str(file), name=name, key=key, value=value, missing=missing, wait=self.wait)

    def import_losses(self, reference: str, file: str | Path, *, proxy: str, key: str = "row") -> Import:
        """Import loss trajectories; see `catalog.signals.imported_losses.import_losses`."""
        from catalog.signals.imported_losses import import_losses

        return import_losses(self.home, self.find(reference), str(file), proxy=proxy, key=key, wait=self.wait)

    def train_losses(
        self,
        reference: str,
        *,
        proxy: str = "tiny",
        epochs: int | None = None,
        checkpoints: int | None = None,
        learning_rate: float | None = None,
        batch: int | None = None,
        warmup: float | None = None,
        seed: int | None = None,
        max_length: int = 512,
        keep_checkpoints: bool | None = None,
        retrain: bool = False,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> TrainedLosses:
        """Train a proxy and record every member's loss at each checkpoint; see `catalog.signals.trained_losses.train_losses`."""
        from catalog.signals.trained_losses import train_losses

        asked = {"epochs": epochs, "checkpoints": checkpoints, "learning_rate": learning_rate, "batch": batch, "warmup": warmup}
        return train_losses(
            self.home,
            self.find(reference),
            proxy=proxy,
            recipe=asked | {"seed": seed},
            max_length=max_length,
            keep_checkpoints=keep_checkpoints,
            is_retrain=retrain,
            limit=limit,
            wait=self.wait,
            progress=progress,
        )

    def find(self, reference: str) -> Reference:
        """The version of a pool or subset that a reference names.

        Raises:
            ReferenceNotFoundError: there is none; the message suggests the nearest name.
        """
        with reading(self.home, wait=self.wait) as connection:
            return resolve(connection, reference)

    def export(
        self, reference: str, path: str | Path, *, format: str = "jsonl", allow_lossy: bool = False, overwrite: bool = False
    ) -> Exported:
        """Write a pool or subset for a trainer; see `catalog.subsets.export.export`."""
        from catalog.store.queries import query
        from catalog.subsets.export import export

        with reading(self.home, wait=self.wait) as connection:
            found = resolve(connection, reference)
            rows = connection.sql(query(f"export/{found.kind}"), params={"id": found.id, "version": found.version})
            target = "-" if str(path) == "-" else Path(path)
            return export(
                rows.to_arrow_reader(10_000), format=format, path=target, name=found.name, allow_lossy=allow_lossy, overwrite=overwrite
            )

    def doctor(self) -> list[Finding]:
        """What is wrong with the catalog; nothing, when it is whole."""
        from catalog.store.doctor import doctor

        with reading(self.home, wait=self.wait) as connection:
            return doctor(connection, self.home)

    def gc(self, *, dry_run: bool = False) -> Sweep:
        """Remove what nothing refers to any more."""
        from catalog.store.gc import gc

        return gc(self.home, is_dry_run=dry_run, wait=self.wait)

    def migrate(self, *, dry_run: bool = False) -> list[str]:
        """Apply the migrations that are still to apply, and name them."""
        return [migration.path for migration in upgrade(self.home, wait=self.wait, is_dry_run=dry_run)]


def _frame(table: pa.Table) -> pl.DataFrame:
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
