"""A catalog: one folder, and everything that can be done with it. Each method is one delegation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from catalog.errors import OptionError
from catalog.pools import versions
from catalog.signals.kinds import (
    ENCODER,
    Dtype,
    EmbeddingOptions,
    Field,
    LabelOptions,
    LossesOptions,
    Precision,
    Projection,
    StatesOptions,
)
from catalog.signals.options import TINY
from catalog.store.queries import query as query_text
from catalog.store.references import Reference, resolve
from catalog.store.store import WAIT, Store

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from catalog.compute.imports.report import ImportReport
    from catalog.compute.losses.train import TrainedLosses
    from catalog.compute.scores import Scoring
    from catalog.compute.scores.saved import AddedScore
    from catalog.compute.search import SearchResult
    from catalog.compute.shard_runner import ComputeReport
    from catalog.export import Exported
    from catalog.maintenance.database_doctor import Finding
    from catalog.maintenance.gc import Sweep
    from catalog.pools.register import Progress as LoadProgress
    from catalog.pools.register import Registration
    from catalog.pools.restore import Restoration
    from catalog.query.executor import Limits
    from catalog.selection.explain import Explanation
    from catalog.selection.saved import AddedSelector
    from catalog.selection.selector import Selector
    from catalog.subsets.compare import Comparison
    from catalog.subsets.describe import SubsetDescription
    from catalog.subsets.select import Selected
    from catalog.subsets.verify import Verification
    from catalog.why.selected import Why

Answer = TypeVar("Answer")

DEFAULT_HOME = ".catalog"
QUERY_MEMORY = "2GB"
"""Memory of one query."""
SELECTION_MEMORY = "4GB"
"""Memory of one selection, its kernels included."""


class Catalog:
    """A catalog in a folder; `Catalog.open` opens one. It holds no connection between calls."""

    def __init__(self, store: Store, *, is_isolated: bool = True) -> None:
        self.store = store
        self.is_isolated = is_isolated

    @classmethod
    def open(
        cls, home: str | Path | None = None, *, wait: float = WAIT, isolated: bool = True
    ) -> Catalog:
        """Open a catalog; the folder is made when something is first written.

        Args:
            home: its folder; else the environment's ``CATALOG_HOME``, else ``./.catalog``.
            wait: seconds to wait for another process that holds it.
            isolated: run SQL in a child process, whose memory and time are bounded whatever a
                query calls. False runs it in this process, where a call of one function cannot be
                stopped and its memory cannot be taken back.
        """
        folder = Path(home or os.environ.get("CATALOG_HOME") or DEFAULT_HOME).expanduser()
        return cls(Store(folder, wait), is_isolated=isolated)

    def __repr__(self) -> str:
        return f"Catalog.open({str(self.store.path)!r})"

    # Pools.

    def register(
        self,
        sources: str | Path | Sequence[str | Path],
        *,
        pool: str,
        format: str = "auto",
        map: Mapping[str, str] | None = None,
        roles: Mapping[str, str] | None = None,
        tree: str | None = None,
        source_column: str | None = None,
        labels_column: str | None = None,
        prompts_only: bool = False,
        hash_media: bool = False,
        entry: str | None = None,
        mode: Literal["replace", "append"] | None = None,
        force: bool = False,
        dry_run: bool = False,
        progress: LoadProgress | None = None,
    ) -> Registration:
        """Register files, folders, globs, URLs or ``-`` as the next version of a pool; see `catalog.pools.register.register`."""
        from catalog.pools.entries import with_entry
        from catalog.pools.options import ReadOptions
        from catalog.pools.register import register

        options = ReadOptions(
            format=format,
            map=dict(map or {}),
            roles=dict(roles or {}),
            tree=tree,
            source_column=source_column,
            labels_column=labels_column,
            prompts_only=prompts_only,
            hash_media=hash_media,
        )
        listed = [
            str(source) for source in ([sources] if isinstance(sources, str | Path) else sources)
        ]
        if entry is not None:
            listed, options = with_entry(listed, options, entry=entry)
        return register(
            self.store,
            listed,
            name=pool,
            options=options,
            mode=mode,
            is_forced=force,
            is_dry_run=dry_run,
            progress=progress,
        )

    def pools(self) -> pl.DataFrame:
        """Every pool at its newest version."""
        with self.store.reading() as connection:
            return frame(versions.list_pools(connection))

    def show(
        self, reference: str, *, n_examples: int = 3
    ) -> versions.Description | SubsetDescription:
        """One version of a pool or a subset in full."""
        from catalog.subsets.describe import describe_subset

        with self.store.reading() as connection:
            found = resolve(connection, reference)
            if found.kind == "subset":
                return describe_subset(connection, found, n_examples=n_examples)
            return versions.describe(connection, found, n_examples=n_examples)

    def history(self, pool: str) -> pl.DataFrame:
        """Every version of a pool, oldest first."""
        with self.store.reading() as connection:
            return frame(versions.history(connection, pool))

    def diff(self, left: str, right: str, *, n_members: int = 20) -> versions.Diff:
        """How the members of two references differ."""
        with self.store.reading() as connection:
            return versions.diff(
                connection,
                resolve(connection, left),
                resolve(connection, right),
                n_members=n_members,
            )

    def quarantine(
        self, pool: str, *, reason: str | None = None, n_records: int = 100
    ) -> pl.DataFrame:
        """Return the records that could not be read, of all loads that make up a version."""
        with self.store.reading() as connection:
            reference = resolve(connection, pool, kind="pool")
            return frame(
                versions.quarantined(connection, reference, reason=reason, n_records=n_records)
            )

    def restore(self, reference: str, *, dry_run: bool = False) -> Restoration:
        """Make an older version of a pool the newest; see `catalog.pools.restore.restore`."""
        from catalog.pools.restore import restore

        return restore(self.store, reference, is_dry_run=dry_run)

    def tag(self, reference: str, tag: str) -> Reference:
        """Name one version; a tag that is there moves."""
        with self.store.writing() as connection:
            found = resolve(connection, reference)
            versions.tag(connection, found, tag)
            return found

    def drop(self, reference: str) -> Reference:
        """Remove a pool with its history, a subset, or one version of a subset."""
        with self.store.writing() as connection:
            return versions.drop(connection, reference)

    # Signals.

    def embed(
        self,
        reference: str,
        *,
        encoder: str = ENCODER,
        field: Field = EmbeddingOptions.field,
        dtype: Dtype = EmbeddingOptions.dtype,
        precision: Precision = EmbeddingOptions.precision,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> ComputeReport:
        """Give every member that has none a vector; see `catalog.compute.embeddings.embed`."""
        from catalog.compute.embeddings import embed

        return embed(
            self.store,
            self.find(reference),
            encoder=encoder,
            field=field,
            dtype=dtype,
            precision=precision,
            limit=limit,
            progress=progress,
        )

    def states(
        self,
        reference: str,
        *,
        model: str,
        max_tokens: int = StatesOptions.max_tokens,
        max_length: int = StatesOptions.max_length,
        project_to: int | None = StatesOptions.project_to,
        projection: Projection = StatesOptions.projection,
        seed: int = StatesOptions.seed,
        dtype: Dtype = StatesOptions.dtype,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> ComputeReport:
        """Take the token states of every member that has none; see `catalog.compute.states.compute_states`."""
        from catalog.compute.states import compute_states

        return compute_states(
            self.store,
            self.find(reference),
            model=model,
            max_tokens=max_tokens,
            max_length=max_length,
            project_to=project_to,
            projection=projection,
            seed=seed,
            dtype=dtype,
            limit=limit,
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
        """Compute scores of every member that has none, and what they are made of; see `catalog.compute.scores.score`."""
        from catalog.compute.scores import score

        found = self.find(reference)
        return score(
            self.store,
            found,
            names,
            model=model,
            options=options,
            limit=limit,
            progress=progress,
            is_isolated=self.is_isolated,
        )

    def label(
        self,
        reference: str,
        taxonomy: str | Path,
        *,
        threshold: float = LabelOptions.threshold,
        encoder: str = ENCODER,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> ComputeReport:
        """Give every member the labels of a taxonomy that it is near to; see `catalog.compute.labels.label`."""
        from catalog.compute.labels import label

        found = self.find(reference)
        return label(
            self.store,
            found,
            Path(taxonomy),
            threshold=threshold,
            encoder=encoder,
            progress=progress,
        )

    def search(
        self,
        reference: str,
        text: str,
        *,
        k: int = 10,
        where: str | None = None,
        encoder: str = ENCODER,
        memory: str | None = QUERY_MEMORY,
        seconds: float | None = None,
    ) -> SearchResult:
        """Find the members nearest to a text; see `catalog.compute.search.search`."""
        from catalog.compute.search import search
        from catalog.query.executor import Limits

        limits = Limits(memory=memory, seconds=seconds)
        asked: dict[str, Any] = {
            "k": k,
            "where": where,
            "encoder": encoder,
        }
        found = self.find(reference)
        return search(self.store, found, text, **asked, limits=limits, is_isolated=self.is_isolated)

    def scores(self) -> pl.DataFrame:
        """Every score that can be computed, with its inputs."""
        import polars as pl

        from catalog.compute.scores.saved import list_scores

        return pl.DataFrame(list_scores(self.store), infer_schema_length=None)

    def add_score(self, file: str | Path) -> AddedScore:
        """Keep a derived score's file in the catalog; see `catalog.compute.scores.saved.add_score`."""
        from catalog.compute.scores.saved import add_score

        return add_score(self.store, file)

    def remove_score(self, name: str) -> None:
        """Remove a derived score that was added; its values stay until `gc`."""
        from catalog.compute.scores.saved import remove_score

        remove_score(self.store, name)

    def signals(self, reference: str | None = None) -> pl.DataFrame:
        """Every signal with its coverage of a pool or subset, or of the whole catalog."""
        from catalog.signals.registry import list_signals

        with self.store.reading() as connection:
            found = resolve(connection, reference) if reference else None
            return frame(list_signals(connection, self.store, found))

    def import_scores(
        self,
        reference: str,
        file: str | Path,
        *,
        name: str,
        key: str = "row",
        value: str | None = None,
        missing: Sequence[float] = (),
        dry_run: bool = False,
    ) -> ImportReport:
        """Import scores that others published; see `catalog.compute.imports.scores.import_scores`."""
        from catalog.compute.imports.scores import import_scores

        found = self.find(reference)
        options: dict[str, Any] = {
            "name": name,
            "key": key,
            "value": value,
            "missing": missing,
            "is_dry_run": dry_run,
        }
        return import_scores(self.store, found, str(file), **options)

    def import_losses(
        self,
        reference: str,
        file: str | Path,
        *,
        proxy: str,
        key: str = "row",
        dry_run: bool = False,
    ) -> ImportReport:
        """Import loss trajectories; see `catalog.compute.losses.import_.import_losses`."""
        from catalog.compute.losses.import_ import import_losses

        found = self.find(reference)
        return import_losses(self.store, found, str(file), proxy=proxy, key=key, is_dry_run=dry_run)

    def train_losses(
        self,
        reference: str,
        *,
        proxy: str = TINY,
        epochs: int | None = LossesOptions.epochs,
        checkpoints: int | None = LossesOptions.checkpoints,
        learning_rate: float | None = LossesOptions.learning_rate,
        batch: int | None = LossesOptions.batch,
        warmup: float | None = LossesOptions.warmup,
        seed: int | None = LossesOptions.seed,
        max_length: int = LossesOptions.max_length,
        keep_checkpoints: bool | None = None,
        retrain: bool = False,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> TrainedLosses:
        """Train a proxy and record every member's loss at each checkpoint; see `catalog.compute.losses.train.train_losses`."""
        from catalog.compute.losses.train import train_losses

        asked = {
            "epochs": epochs,
            "checkpoints": checkpoints,
            "learning_rate": learning_rate,
            "batch": batch,
            "warmup": warmup,
        }
        return train_losses(
            self.store,
            self.find(reference),
            proxy=proxy,
            recipe=asked | {"seed": seed},
            max_length=max_length,
            keep_checkpoints=keep_checkpoints,
            is_retrain=retrain,
            limit=limit,
            progress=progress,
        )

    # Selections and subsets.

    def select(
        self,
        selector: str,
        source: str,
        *,
        budget: int | str,
        name: str,
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
        supersede: bool = False,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
        use_cache: bool = True,
        dry_run: bool = False,
        strict: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Selected:
        """Select members of a pool or subset and keep them as a subset; see `catalog.subsets.select.select`."""
        from catalog.query.executor import Limits
        from catalog.selection.selector import find_selector
        from catalog.subsets.select import select

        limits = Limits(memory=memory, seconds=seconds, progress=progress, is_memoised=use_cache)
        found = find_selector(self.store, selector)
        options = {"name": name, "budget": budget, "settings": settings, "seed": seed}
        options |= {"is_superseding": supersede, "is_dry_run": dry_run, "is_strict": strict}
        return self._limited(select, found, source, **options, limits=limits)

    def reselect(
        self,
        name: str,
        *,
        budget: int | str | None = None,
        settings: Mapping[str, Any] | None = None,
        supersede: bool = False,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
        use_cache: bool = True,
        dry_run: bool = False,
        strict: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Selected:
        """Select again, as a subset was, from the current versions of its pools; see `catalog.subsets.select.reselect`."""
        from catalog.query.executor import Limits
        from catalog.subsets.select import reselect

        limits = Limits(memory=memory, seconds=seconds, progress=progress, is_memoised=use_cache)
        options = {"budget": budget, "settings": settings, "is_superseding": supersede}
        options |= {"is_dry_run": dry_run, "is_strict": strict}
        return self._limited(reselect, name, **options, limits=limits)

    def verify(self, reference: str, *, memory: str | None = SELECTION_MEMORY) -> Verification:
        """Make a subset again and compare; see `catalog.subsets.verify.verify`."""
        from catalog.query.executor import Limits
        from catalog.subsets.verify import verify

        limits = Limits(memory=memory, is_memoised=False)
        return self._limited(verify, reference, limits=limits)

    def why(
        self, reference: str, which: str | int, *, memory: str | None = SELECTION_MEMORY
    ) -> Why:
        """Why a row of the pool is in a subset, or what it lacked; see `catalog.why.selected.why`."""
        from catalog.query.executor import Limits
        from catalog.why.selected import why

        limits = Limits(memory=memory)
        return self._limited(why, reference, which, limits=limits)

    def compare(
        self,
        *references: str,
        projection: str = "tsne",
        depth: str = "depth",
        encoder: str | None = None,
        proxy: str | None = None,
        memory: str | None = SELECTION_MEMORY,
    ) -> Comparison:
        """Pools and subsets side by side; see `catalog.subsets.compare.compare`."""
        from catalog.query.executor import Limits
        from catalog.subsets.compare import compare

        limits = Limits(memory=memory)
        return compare(
            self.store,
            references,
            projection=projection,
            depth=depth,
            encoder=encoder,
            proxy=proxy,
            limits=limits,
        )

    def subsets(self) -> pl.DataFrame:
        """Every version of every subset."""
        from catalog.subsets.store import list_subsets

        with self.store.reading() as connection:
            return frame(list_subsets(connection))

    def explain(
        self,
        selector: str,
        source: str,
        *,
        budget: int | str = "10%",
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
        memory: str | None = SELECTION_MEMORY,
    ) -> Explanation:
        """What a selection would do: functions, signals, and what the missing ones cost; see `catalog.selection.explain.explain`."""
        from catalog.query.executor import Limits
        from catalog.selection.explain import explain_selection
        from catalog.selection.selector import find_selector

        limits = Limits(memory=memory)
        found = find_selector(self.store, selector)
        options = {"budget": budget, "seed": seed, "settings": settings}
        return self._limited(explain_selection, found, source, **options, limits=limits)

    def selector(self, name: str) -> Selector:
        """A selection method by name, or by the path of a ``.sql`` file."""
        from catalog.selection.selector import find_selector

        return find_selector(self.store, name)

    def add_selector(self, path: str | Path) -> AddedSelector:
        """Keep a selector's file in the catalog, under its name; see `catalog.selection.saved.add_selector`."""
        from catalog.selection.saved import add_selector

        return add_selector(self.store, str(path))

    def remove_selector(self, name: str) -> None:
        """Remove a selector that this catalog keeps; see `catalog.selection.saved.remove_selector`."""
        from catalog.selection.saved import remove_selector

        remove_selector(self.store, name)

    def selectors(self) -> list[Selector]:
        """The selection methods: those that come with the package, then those kept in this catalog."""
        from catalog.selection.selector import list_selectors

        return list_selectors(self.store)

    def export(
        self,
        reference: str,
        path: str | Path,
        *,
        format: str | None = None,
        name: str | None = None,
        allow_lossy: bool = False,
        overwrite: bool = False,
    ) -> Exported:
        """Write a pool or subset for a trainer, whose folder calls it by its own name or ``name``; see `catalog.export.export`."""
        from catalog.export import FOLDERS, export
        from catalog.subsets.order import order_matters

        if name and format not in FOLDERS:
            folders = " or ".join(FOLDERS)
            raise OptionError(
                f"--name {name} is what a trainer's folder calls the data: leave it out, or add --format {folders}"
            )
        with self.store.reading() as connection:
            found = resolve(connection, reference)
            return export(
                lambda: connection.sql(
                    query_text("export/records"), params=found.parameters
                ).to_arrow_reader(10_000),
                format=format,
                path="-" if str(path) == "-" else Path(path),
                name=name or found.name,
                reference=str(found),
                order_matters=order_matters(connection, found),
                media_folder=self.store.media,
                allow_lossy=allow_lossy,
                overwrite=overwrite,
            )

    # SQL.

    def sql(
        self,
        query: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        memory: str | None = QUERY_MEMORY,
        seconds: float | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> pl.DataFrame:
        """Answer one SELECT in the catalog's dialect; see `catalog.query.stream.run`."""
        from catalog.query.executor import Limits
        from catalog.query.stream import run

        limits = Limits(memory=memory, seconds=seconds, progress=progress)
        return frame(self._limited(run, query, parameters=parameters, limits=limits))

    @contextmanager
    def stream(
        self,
        query: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        name: str = "query",
        memory: str | None = QUERY_MEMORY,
        seconds: float | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Iterator[pa.RecordBatchReader]:
        """Answer one SELECT batch by batch, however many rows it has."""
        from catalog.query import worker
        from catalog.query.executor import Limits
        from catalog.query.stream import stream

        limits = Limits(memory=memory, seconds=seconds, progress=progress)
        options: dict[str, Any] = {"parameters": parameters, "name": name, "limits": limits}
        if not self.is_isolated:
            with stream(self.store, query, **options) as reader:
                yield reader
            return
        with worker.stream(stream, self.store.absolute(), query, **options) as reader:
            yield reader

    def doctor(self, *, full: bool = False, record: bool = False) -> list[Finding]:
        """List what is wrong with the catalog; see `catalog.maintenance.doctor.examine`."""
        from catalog.maintenance.doctor import examine

        return examine(self.store, is_full=full or record, is_recording=record)

    def gc(self, *, dry_run: bool = False, cache: bool = False, damaged: bool = False) -> Sweep:
        """Remove what nothing refers to any more; with ``cache`` kept answers too, with ``damaged`` shards that are not as written."""
        from catalog.maintenance.gc import gc
        from catalog.maintenance.repair import forget_damaged
        from catalog.query import cache as memo

        if cache and not dry_run:
            memo.sweep(self.store)
        n_damaged = forget_damaged(self.store) if damaged and not dry_run else 0
        return gc(self.store, is_dry_run=dry_run, n_damaged=n_damaged)

    def migrate(self, *, dry_run: bool = False) -> list[str]:
        """Apply the migrations that are still to apply, and name them."""
        return self.store.upgrade(is_dry_run=dry_run)

    def _limited(
        self, function: Callable[..., Answer], *args: Any, limits: Limits, **kwargs: Any
    ) -> Answer:
        """Call what runs SQL that others wrote, on this catalog: in a child process, or here."""
        from catalog.query import worker

        if not self.is_isolated:
            return function(self.store, *args, limits=limits, **kwargs)
        return worker.call(function, self.store.absolute(), *args, limits=limits, **kwargs)

    def find(self, reference: str) -> Reference:
        """The version of a pool or subset that a reference names.

        Raises:
            ReferenceNotFoundError: there is none; the message suggests the nearest name.
        """
        with self.store.reading() as connection:
            return resolve(connection, reference)


def frame(table: pa.Table) -> pl.DataFrame:
    """An Arrow table as polars."""
    import polars as pl

    answer = pl.from_arrow(table)
    assert isinstance(answer, pl.DataFrame)
    return answer
