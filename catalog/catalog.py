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
    from catalog.selection.selector import Selector
    from catalog.signals.frame import Report
    from catalog.signals.published import Import
    from catalog.signals.scores import Scoring
    from catalog.signals.search import Answer
    from catalog.signals.trained_losses import TrainedLosses
    from catalog.store.doctor import Finding
    from catalog.store.gc import Sweep
    from catalog.subsets.compare import Comparison
    from catalog.subsets.export import Exported
    from catalog.subsets.select import Selected
    from catalog.subsets.verify import Verification

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

    def states(
        self,
        reference: str,
        *,
        model: str,
        max_tokens: int = 128,
        max_length: int = 512,
        project_to: int | None = None,
        projection: Literal["jl", "pca"] = "jl",
        seed: int = 0,
        store: Literal["float16", "float32"] = "float16",
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> Report:
        """Take the token states of every member that has none; see `catalog.signals.states.compute_states`."""
        from catalog.signals.states import compute_states

        return compute_states(
            self.home,
            self.find(reference),
            model=model,
            max_tokens=max_tokens,
            max_length=max_length,
            project_to=project_to,
            projection=projection,
            seed=seed,
            store=store,
            limit=limit,
            wait=self.wait,
            progress=progress,
        )

    def score(
        self,
        reference: str,
        *names: str,
        model: str | None = None,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
        **options: Any,
    ) -> Scoring:
        """Compute scores of every member that has none, and what they are made of; see `catalog.signals.scores.score`."""
        from catalog.signals.scores import score

        found = self.find(reference)
        return score(self.home, found, names, model=model, options=options, limit=limit, wait=self.wait, progress=progress)

    def label(
        self,
        reference: str,
        taxonomy: str | Path,
        *,
        threshold: float = 0.3,
        encoder: str = "all-MiniLM-L6-v2",
        progress: Callable[[int, int, int], None] | None = None,
    ) -> Report:
        """Give every member the labels of a taxonomy that it is near to; see `catalog.signals.labels.label`."""
        from catalog.signals.labels import label

        found = self.find(reference)
        return label(self.home, found, Path(taxonomy), threshold=threshold, encoder=encoder, wait=self.wait, progress=progress)

    def search(self, reference: str, text: str, *, k: int = 10, where: str | None = None, encoder: str = "all-MiniLM-L6-v2") -> Answer:
        """The members nearest to a text; see `catalog.signals.search.search`."""
        from catalog.signals.search import search

        return search(self.home, self.find(reference), text, k=k, where=where, encoder=encoder, wait=self.wait)

    def signals(self, reference: str) -> pl.DataFrame:
        """Every signal with its coverage of a pool or subset."""
        from catalog.signals.registry import list_signals

        with reading(self.home, wait=self.wait) as connection:
            return _frame(list_signals(connection, self.home, resolve(connection, reference)))

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

    def select(
        self,
        selector: str,
        source: str,
        *,
        budget: int | str,
        name: str,
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
        memory: str | None = None,
        use_cache: bool = True,
        dry_run: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Selected:
        """Select members of a pool or subset and keep them as a subset; see `catalog.subsets.select.select`."""
        from catalog.selection.execution import Limits
        from catalog.selection.selector import find_selector
        from catalog.subsets.select import select

        limits = Limits(memory=memory, wait=self.wait, progress=progress, is_memoised=use_cache)
        found = find_selector(self.home, selector, wait=self.wait)
        return select(self.home, found, source, name=name, budget=budget, settings=settings, seed=seed, is_dry_run=dry_run, limits=limits)

    def reselect(
        self,
        name: str,
        *,
        memory: str | None = None,
        use_cache: bool = True,
        dry_run: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Selected:
        """Select again, as a subset was, from its pool as it is now; see `catalog.subsets.select.reselect`."""
        from catalog.selection.execution import Limits
        from catalog.subsets.select import reselect

        limits = Limits(memory=memory, wait=self.wait, progress=progress, is_memoised=use_cache)
        return reselect(self.home, name, is_dry_run=dry_run, limits=limits)

    def verify(self, reference: str, *, memory: str | None = None) -> Verification:
        """Make a subset again and compare; see `catalog.subsets.verify.verify`."""
        from catalog.selection.execution import Limits
        from catalog.subsets.verify import verify

        return verify(self.home, reference, limits=Limits(memory=memory, wait=self.wait, is_memoised=False))

    def compare(self, *references: str, projection: str = "tsne", depth: str = "depth", memory: str | None = None) -> Comparison:
        """Pools and subsets side by side; see `catalog.subsets.compare.compare`."""
        from catalog.selection.execution import Limits
        from catalog.subsets.compare import compare

        return compare(self.home, references, projection=projection, depth=depth, limits=Limits(memory=memory, wait=self.wait))

    def subsets(self) -> pl.DataFrame:
        """Every version of every subset."""
        from catalog.subsets.store import list_subsets

        with reading(self.home, wait=self.wait) as connection:
            return _frame(list_subsets(connection))

    def selectors(self) -> list[Selector]:
        """The selection methods: those that come with the package, then those kept in this catalog."""
        from catalog.selection.selector import list_selectors

        return list_selectors(self.home, wait=self.wait)

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
