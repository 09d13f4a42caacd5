"""Catalog of one folder, with a method for each verb; each method is one delegation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from catalog.argument_types import check_methods
from catalog.engine.choose import engine_of
from catalog.frames import to_polars
from catalog.notebook import ResultList
from catalog.query.default_limits import QUERY_MEMORY, SELECTION_MEMORY
from catalog.signals.kind_options import ENCODER, Dtype, Turns
from catalog.signals.kinds.embedding import EmbeddingOptions, Field, Pooling, Precision
from catalog.signals.kinds.labels import LabelOptions
from catalog.signals.kinds.losses import LossesOptions
from catalog.signals.kinds.map import Layout
from catalog.signals.options import TINY
from catalog.store.references import resolve
from catalog.store.store import WAIT, Store

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from catalog.compute.imports.report import ImportReport
    from catalog.compute.index import IndexReport
    from catalog.compute.losses.train import TrainedLosses
    from catalog.compute.scores import Scoring
    from catalog.compute.scores.agreement import Agreement
    from catalog.compute.scores.drop import DroppedScore
    from catalog.compute.scores.saved import AddedScore
    from catalog.compute.search import SearchResult
    from catalog.compute.shard_runner import ComputeReport
    from catalog.engine import Engine
    from catalog.export import Exported
    from catalog.maintenance.backup import Backup
    from catalog.maintenance.database_doctor import Issue
    from catalog.maintenance.gc import GcReport
    from catalog.outcomes.runs import Run
    from catalog.pools.load import Progress as LoadProgress
    from catalog.pools.marks import Marked
    from catalog.pools.modes import Mark
    from catalog.pools.readers.frames import Frame
    from catalog.pools.register import Registration
    from catalog.pools.restore import Restoration
    from catalog.pools.versions import Description, Diff
    from catalog.project.verbs import Project
    from catalog.query.added_kernels import AddedKernel, ListedKernel
    from catalog.query.executor import Limits
    from catalog.query.functions import FunctionDescription
    from catalog.query.meaning.columns import ColumnOrigin
    from catalog.query.meaning.engines.rewrite import EngineQuery
    from catalog.report.document import Report
    from catalog.report.view import View
    from catalog.selection.explain import Explanation
    from catalog.selection.lint import LintedSelector
    from catalog.selection.saved import AddedSelector
    from catalog.selection.selector import Selector
    from catalog.store.references import Reference
    from catalog.subsets.compare import Comparison
    from catalog.subsets.describe import SubsetDescription
    from catalog.subsets.lineage.graph import Lineage
    from catalog.subsets.select import Selected
    from catalog.subsets.verify import Verification
    from catalog.why.selected import Why

Answer = TypeVar("Answer")
StrPath: TypeAlias = str | os.PathLike[str]

DEFAULT_HOME = ".catalog"


def _limits(
    engine: Engine | str | None,
    memory: str | None,
    seconds: float | None,
    progress: Callable[[float], None] | None,
    *,
    use_cache: bool = True,
) -> Limits:
    """Return the limits of one query on an engine."""
    from catalog.query.executor import Limits

    return Limits(
        memory=memory,
        seconds=seconds,
        progress=progress,
        use_cache=use_cache,
        engine=engine_of(engine),
    )


@check_methods
class Catalog:
    """Catalog in a folder; `Catalog.open` opens one. It holds no connection between calls."""

    def __init__(self, store: Store, *, is_isolated: bool = True) -> None:
        self.store = store
        self.is_isolated = is_isolated

    @classmethod
    def open(
        cls, home: StrPath | None = None, *, wait: float = WAIT, isolated: bool = True
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

    def _repr_html_(self) -> str:
        from catalog.notebook import html_table

        found = "found" if self.store.database.exists() else "not created yet"
        return html_table([("folder", str(self.store.path)), ("database", found)])

    # Pools.

    def register(
        self,
        sources: StrPath | Frame | Sequence[StrPath | Frame],
        *,
        pool: str,
        format: str = "auto",
        fields: Mapping[str, str] | None = None,
        roles: Mapping[str, str] | None = None,
        tree: str | None = None,
        source_column: str | None = None,
        labels_column: str | None = None,
        prompts_only: bool = False,
        hash_media: bool = False,
        entry: str | None = None,
        mode: Literal["replace", "append"] | None = None,
        purpose: Literal["train", "eval"] | None = None,
        force: bool = False,
        dry_run: bool = False,
        jobs: int | None = None,
        progress: LoadProgress | None = None,
    ) -> Registration:
        """Register files, folders, globs, URLs, ``-`` or frames as the next version of a pool.

        A frame is of polars, Arrow or pandas; lazy frames and readers are read batch by batch. See
        `catalog.pools.register.register`.
        """
        from catalog.pools.entries import with_entry
        from catalog.pools.options import ReadOptions
        from catalog.pools.read_batches import listed_sources
        from catalog.pools.register import register

        options = ReadOptions(
            format=format,
            fields=dict(fields or {}),
            roles=dict(roles or {}),
            tree=tree,
            source_column=source_column,
            labels_column=labels_column,
            prompts_only=prompts_only,
            hash_media=hash_media,
        )
        listed = listed_sources(sources)
        if entry is not None:
            listed, options = with_entry(listed, options, entry=entry)
        return register(
            self.store,
            listed,
            name=pool,
            options=options,
            mode=mode,
            purpose=purpose,
            is_forced=force,
            is_dry_run=dry_run,
            jobs=jobs,
            progress=progress,
        )

    def pool(self, reference: str) -> pl.DataFrame:
        """Return the members of a pool or subset with their columns.

        `scan` reads batch by batch what does not fit into memory.
        """
        return self.sql("SELECT * FROM pool($reference)", parameters={"reference": reference})

    def pools(self) -> pl.DataFrame:
        """Return every pool at its newest version."""
        from catalog.pools import versions

        with self.store.reading() as connection:
            return to_polars(versions.list_pools(connection))

    def show(self, reference: str, *, n_examples: int = 3) -> Description | SubsetDescription:
        """Return one version of a pool or a subset in full."""
        from catalog.pools import versions
        from catalog.subsets.describe import describe_subset

        with self.store.reading() as connection:
            found = resolve(connection, reference)
            if found.kind == "subset":
                return describe_subset(connection, found, n_examples=n_examples)
            return versions.describe(connection, found, n_examples=n_examples)

    def history(self, pool: str) -> pl.DataFrame:
        """Return every version of a pool, oldest first."""
        from catalog.pools import versions

        with self.store.reading() as connection:
            return to_polars(versions.history(connection, pool))

    def diff(self, left: str, right: str, *, n_members: int = 20) -> Diff:
        """Return how the members of two references differ."""
        from catalog.pools import versions

        with self.store.reading() as connection:
            return versions.diff(
                connection,
                resolve(connection, left),
                resolve(connection, right),
                n_members=n_members,
            )

    def diff_definitions(self, left: str, right: str) -> list[str]:
        """Say what two subsets were made from differently, in one sentence a difference.

        See `catalog.subsets.definition_changes.definition_changes`.
        """
        from catalog.subsets.definition_changes import definition_changes

        with self.store.reading() as connection:
            return definition_changes(
                connection,
                resolve(connection, left, kind="subset"),
                resolve(connection, right, kind="subset"),
            )

    def quarantine(
        self, pool: str, *, reason: str | None = None, n_records: int = 100
    ) -> pl.DataFrame:
        """Return the records that could not be read, of all loads that make up a version."""
        from catalog.pools import versions

        with self.store.reading() as connection:
            reference = resolve(connection, pool, kind="pool")
            return to_polars(
                versions.quarantined(connection, reference, reason=reason, n_records=n_records)
            )

    def restore(self, reference: str, *, dry_run: bool = False) -> Restoration:
        """Make an older version of a pool the newest; see `catalog.pools.restore.restore`."""
        from catalog.pools.restore import restore

        return restore(self.store, reference, is_dry_run=dry_run)

    def tag(self, reference: str, tag: str) -> Reference:
        """Name one version; a tag that is there moves."""
        from catalog.pools import versions

        with self.store.writing() as connection:
            found = resolve(connection, reference)
            versions.tag(connection, found, tag)
            return found

    def drop(self, reference: str) -> Reference:
        """Remove a pool with its history, a subset, or one version of a subset."""
        from catalog.pools import versions

        with self.store.writing() as connection:
            return versions.drop(connection, reference)

    # Marks.

    def mark(
        self,
        reference: str,
        *fingerprints: str,
        mark: Mark | None = None,
        note: str | None = None,
    ) -> Marked:
        """Mark members as good or bad, or note a text; see `catalog.pools.marks.mark_members`."""
        from catalog.pools.marks import mark_members

        return mark_members(self.store, reference, fingerprints, mark=mark, note=note)

    def undo_mark(self, reference: str) -> Marked:
        """Take back the newest change of marks; see `catalog.pools.marks.undo_mark`."""
        from catalog.pools.marks import undo_mark

        return undo_mark(self.store, reference)

    def marks(self, reference: str) -> pl.DataFrame:
        """Return the marked members with their marks and notes, the newest first."""
        from catalog.store.queries import query

        return self.sql(query("marks/list"), parameters={"reference": reference})

    # Signals.

    def compute(
        self,
        kind: str,
        reference: str,
        *,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
        engine: Engine | str | None = None,
        **options: Any,
    ) -> ComputeReport:
        """Compute signals of a kind; see `catalog.compute.of_kind.compute_kind`."""
        from catalog.compute.of_kind import compute_kind

        options |= {"limit": limit, "progress": progress, "engine": engine_of(engine)}
        return compute_kind(self.store, self.find(reference), kind=kind, **options)

    def embed(
        self,
        reference: str,
        *,
        encoder: StrPath = ENCODER,
        field: Field = EmbeddingOptions.field,
        dtype: Dtype = EmbeddingOptions.dtype,
        precision: Precision = EmbeddingOptions.precision,
        pooling: Pooling = EmbeddingOptions.pooling,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
        engine: Engine | str | None = None,
    ) -> ComputeReport:
        """Give every member that has none a vector; see `catalog.compute.embeddings.embed`."""
        options: dict[str, Any] = {"encoder": encoder, "field": field, "dtype": dtype}
        options |= {"precision": precision, "pooling": pooling, "limit": limit}
        options |= {"progress": progress, "engine": engine}
        return self.compute("embedding", reference, **options)

    def states(
        self,
        reference: str,
        *,
        model: StrPath,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
        engine: Engine | str | None = None,
        **options: Any,
    ) -> ComputeReport:
        """Extract states of response tokens; see `catalog.compute.states.compute_states`."""
        options |= {"limit": limit, "progress": progress, "engine": engine}
        return self.compute("states", reference, model=model, **options)

    def gradients(
        self,
        reference: str,
        *,
        model: StrPath,
        target_of: str | None = None,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
        engine: Engine | str | None = None,
        **options: Any,
    ) -> ComputeReport:
        """Compute gradients of members; see `catalog.compute.gradients.compute_gradients`."""
        options |= {"limit": limit, "progress": progress, "engine": engine}
        return self.compute("gradients", reference, model=model, target_of=target_of, **options)

    def score(
        self,
        reference: str,
        *names: str,
        model: StrPath | None = None,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
        engine: Engine | str | None = None,
        **options: Any,
    ) -> Scoring:
        """Compute scores of the members that lack them; see `catalog.compute.scores.score`."""
        from catalog.compute.scores import score

        return score(
            self.store,
            self.find(reference),
            names,
            model=None if model is None else os.fspath(model),
            options=options,
            limit=limit,
            progress=progress,
            engine=engine_of(engine),
            is_isolated=self.is_isolated,
        )

    def label(
        self,
        reference: str,
        taxonomy: StrPath,
        *,
        threshold: float = LabelOptions.threshold,
        encoder: StrPath = ENCODER,
        progress: Callable[[int, int, int], None] | None = None,
        engine: Engine | str | None = None,
    ) -> ComputeReport:
        """Assign the closest taxonomy labels to members; see `catalog.compute.labels.label`."""
        from catalog.compute.labels import label

        return label(
            self.store,
            self.find(reference),
            Path(taxonomy),
            threshold=threshold,
            encoder=os.fspath(encoder),
            progress=progress,
            engine=engine_of(engine),
        )

    def index(
        self,
        reference: str,
        *,
        text: bool = False,
        encoder: StrPath = ENCODER,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> IndexReport | ComputeReport:
        """Index vectors or words of a pool; see `catalog.compute.index.index_embedding`."""
        from catalog.compute.full_text import index_text
        from catalog.compute.index import index_embedding

        if text:
            return index_text(self.store, self.find(reference), progress=progress)
        return index_embedding(self.store, self.find(reference), encoder=os.fspath(encoder))

    def map(
        self,
        reference: str,
        *,
        method: Layout = "tsne",
        engine: Engine | str | None = None,
        **options: Any,
    ) -> ComputeReport:
        """Place every member on a map; see `catalog.compute.maps.map_members`."""
        from catalog.compute.maps import map_members

        options |= {"method": method, "engine": engine_of(engine)}
        return map_members(self.store, self.find(reference), **options)

    def regions(self, reference: str, **options: Any) -> pl.DataFrame:
        """Return the regions of a map with their words; see `catalog.report.regions.regions`."""
        from catalog.report.regions import regions

        return to_polars(regions(self.store, reference, **options))

    def search(
        self,
        reference: str,
        text: str | None = None,
        *,
        mode: Literal["meaning", "text", "hybrid"] = "meaning",
        like: str | None = None,
        k: int = 10,
        where: str | None = None,
        encoder: StrPath = ENCODER,
        memory: str | None = QUERY_MEMORY,
        seconds: float | None = None,
    ) -> SearchResult:
        """Find the members closest to a text or a member; see `catalog.compute.search.search`."""
        from catalog.compute.search import search
        from catalog.query.executor import Limits

        limits = Limits(memory=memory, seconds=seconds)
        asked: dict[str, Any] = {
            "mode": mode,
            "like": like,
            "k": k,
            "where": where,
            "encoder": os.fspath(encoder),
            "is_isolated": self.is_isolated,
        }
        return search(self.store, reference, text, **asked, limits=limits)

    def scores(self, reference: str | None = None) -> pl.DataFrame:
        """Return the scores of a reference's members; of none, the scores that can be computed."""
        if reference is not None:
            query = "SELECT * FROM scores($reference)"
            return self.sql(query, parameters={"reference": reference})
        import polars as pl

        from catalog.compute.scores.saved import list_scores

        return pl.DataFrame(list_scores(self.store), infer_schema_length=None)

    def agreement(self, reference: str, *names: str, seed: int = 0) -> ResultList[Agreement]:
        """Compare scores pair by pair; see `catalog.compute.scores.agreement.agreement`."""
        from catalog.compute.scores.agreement import agreement

        return ResultList(agreement(self.store, self.find(reference), names, seed=seed))

    def add_score(self, file: StrPath) -> AddedScore:
        """Keep a derived score's file; see `catalog.compute.scores.saved.add_score`."""
        from catalog.compute.scores.saved import add_score

        return add_score(self.store, os.fspath(file))

    def remove_score(self, name: str) -> None:
        """Remove a derived score that was added; its values stay until `gc`."""
        from catalog.compute.scores.saved import remove_score

        remove_score(self.store, name)

    def drop_score(self, name: str) -> DroppedScore:
        """Remove a score's values, imported or computed; subsets keep their members."""
        from catalog.compute.scores.drop import drop_score

        return drop_score(self.store, name)

    def signals(self, reference: str | None = None) -> pl.DataFrame:
        """Return every signal with its coverage of a pool or subset, or of the whole catalog."""
        from catalog.signals.registry import list_signals

        with self.store.reading() as connection:
            found = resolve(connection, reference) if reference else None
            return to_polars(list_signals(connection, self.store, found))

    def import_scores(
        self, reference: str, file: StrPath, *, name: str, column: str | None = None, **options: Any
    ) -> ImportReport:
        """Import one published score; the options are those of `import_score_columns`."""
        columns = {name: column or name}
        return self.import_score_columns(reference, file, columns, **options)[0]

    def import_score_columns(
        self, reference: str, file: StrPath, columns: Mapping[str, str], **options: Any
    ) -> ResultList[ImportReport]:
        """Import scores by name; see `catalog.compute.imports.import_scores.import_scores`."""
        from catalog.compute.imports.import_scores import import_scores

        found, path = self.find(reference), os.fspath(file)
        return ResultList(import_scores(self.store, found, path, columns, **options))

    def import_losses(
        self, reference: str, file: StrPath, *, proxy: str, **options: Any
    ) -> ImportReport:
        """Import loss trajectories; see `catalog.compute.losses.import_.import_losses`."""
        from catalog.compute.losses.import_ import import_losses

        options |= {"proxy": proxy}
        return import_losses(self.store, self.find(reference), os.fspath(file), **options)

    def train_losses(
        self,
        reference: str,
        *,
        proxy: StrPath = TINY,
        epochs: int | None = LossesOptions.epochs,
        checkpoints: int | None = LossesOptions.checkpoints,
        learning_rate: float | None = LossesOptions.learning_rate,
        batch: int | None = LossesOptions.batch,
        warmup: float | None = LossesOptions.warmup,
        seed: int | None = LossesOptions.seed,
        lora: str | None = LossesOptions.lora,
        max_length: int = LossesOptions.max_length,
        turns: Turns = LossesOptions.turns,
        keep_checkpoints: bool | None = None,
        retrain: bool = False,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
        engine: Engine | str | None = None,
    ) -> TrainedLosses:
        """Train a proxy and record losses; see `catalog.compute.losses.train.train_losses`."""
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
            proxy=os.fspath(proxy),
            recipe=asked | {"seed": seed},
            lora=lora,
            max_length=max_length,
            turns=turns,
            keep_checkpoints=keep_checkpoints,
            is_retrain=retrain,
            limit=limit,
            progress=progress,
            engine=engine_of(engine),
        )

    # Selections and subsets.

    @property
    def project(self) -> Project:
        """Return the verbs that prepare data, such as `catalog.project.overlap`."""
        from catalog.project.verbs import Project

        return Project(self.store, self._limited, self)

    def select(
        self,
        selector: StrPath,
        source: str,
        *,
        budget: float | str,
        name: str,
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
        tokens: Literal["response", "total"] = "total",
        model: StrPath | None = None,
        group: str | None = None,
        supersede: bool = False,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
        use_cache: bool = True,
        dry_run: bool = False,
        strict: bool = False,
        new_version: bool = False,
        gate: bool = False,
        progress: Callable[[float], None] | None = None,
        engine: Engine | str | None = None,
    ) -> Selected:
        """Select members and keep them as a subset; see `catalog.subsets.select.select`.

        For a budget in tokens the tokenizer of ``model`` counts. Several sources with commas are
        joined first.
        """
        from catalog.selection.selector import find_selector
        from catalog.subsets.select import select

        limits = _limits(engine, memory, seconds, progress, use_cache=use_cache)
        # A path is read here, in the caller's folder; a name is looked up where the query runs.
        selector = os.fspath(selector)
        is_path = selector.endswith(".sql")
        method = find_selector(self.store, selector) if is_path else selector
        options: dict[str, Any] = {"name": name, "budget": budget, "settings": settings}
        options |= {"seed": seed, "group": group, "is_new_version": new_version}
        options |= {"is_superseding": supersede, "is_dry_run": dry_run, "is_strict": strict}
        source = self.project.source(method, source, dry_run=dry_run)
        score = model and self.project.count(source, of=tokens, model=model)
        options |= {"tokens": score or None, "is_gated": gate}
        return self._limited(select, method, source, **options, limits=limits)

    def refresh(
        self,
        name: str,
        *,
        budget: float | str | None = None,
        settings: Mapping[str, Any] | None = None,
        keep: bool = False,
        supersede: bool = False,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
        use_cache: bool = True,
        dry_run: bool = False,
        strict: bool = False,
        new_version: bool = False,
        gate: bool = False,
        progress: Callable[[float], None] | None = None,
        engine: Engine | str | None = None,
    ) -> Selected:
        """Run a subset's selection on its current pools; see `catalog.subsets.refresh.refresh`."""
        from catalog.subsets.refresh import refresh

        limits = _limits(engine, memory, seconds, progress, use_cache=use_cache)
        options = {"budget": budget, "settings": settings, "is_superseding": supersede}
        options |= {"is_dry_run": dry_run, "is_strict": strict, "is_new_version": new_version}
        options |= {"is_keeping": keep, "is_gated": gate}
        self.project.recount(name)
        return self._limited(refresh, name, **options, limits=limits)

    def verify(self, reference: str, *, memory: str | None = SELECTION_MEMORY) -> Verification:
        """Make a subset again and compare; see `catalog.subsets.verify.verify`."""
        from catalog.query.executor import Limits
        from catalog.subsets.verify import verify

        limits = Limits(memory=memory, use_cache=False)
        return self._limited(verify, reference, limits=limits)

    def why(
        self,
        reference: str,
        which: str | int,
        *,
        is_all: bool = False,
        memory: str | None = SELECTION_MEMORY,
    ) -> Why:
        """Explain why a row is in a subset or not; see `catalog.why.selected.why`."""
        from catalog.query.executor import Limits
        from catalog.why.selected import why

        limits = Limits(memory=memory)
        return self._limited(why, reference, which, limits=limits, is_all=is_all)

    def compare(
        self,
        *references: str,
        projection: str = "tsne",
        depth: str = "depth",
        scores: Sequence[str] = (),
        encoder: StrPath | None = None,
        proxy: StrPath | None = None,
        memory: str | None = SELECTION_MEMORY,
    ) -> Comparison:
        """Compare pools and subsets side by side; see `catalog.subsets.compare.compare`."""
        from catalog.query.executor import Limits
        from catalog.subsets.compare import compare

        limits = Limits(memory=memory)
        return compare(
            self.store,
            references,
            projection=projection,
            depth=depth,
            scores=scores,
            encoder=None if encoder is None else os.fspath(encoder),
            proxy=None if proxy is None else os.fspath(proxy),
            limits=limits,
        )

    def subsets(self, *, group: str | None = None) -> pl.DataFrame:
        """Return every version of every subset, or of those of a group."""
        from catalog.subsets.store import list_subsets

        with self.store.reading() as connection:
            return to_polars(list_subsets(connection, group=group))

    def explain(
        self, selector: StrPath | Selector, source: str | None = None, **options: Any
    ) -> Explanation:
        """Describe a selection before it runs: functions, signals, and what missing ones cost.

        The options are budget, settings, seed and memory, as of `select`. Without a source, the
        selector names a subset, and its stored selection is described.
        """
        answer: Explanation = self._explained("explain", selector, source, **options)
        return answer

    def column_origins(
        self, selector: StrPath | Selector, source: str | None = None, **options: Any
    ) -> ResultList[ColumnOrigin]:
        """Trace each column of a selection to signals; the arguments are `explain`'s."""
        return ResultList(self._explained("columns", selector, source, **options))

    def translate(
        self, selector: StrPath | Selector, source: str | None = None, **options: Any
    ) -> EngineQuery:
        """Write a selection in another ``dialect``; the other arguments are `explain`'s."""
        answer: EngineQuery = self._explained("translate", selector, source, **options)
        return answer

    def lineage(self, reference: str) -> Lineage:
        """Trace a pool or subset back to files and models, and forward to what was made from it."""
        from catalog.subsets.lineage.trace import lineage

        with self.store.reading() as connection:
            return lineage(connection, reference)

    def selector(self, name: StrPath) -> Selector:
        """Return a selection method by its name, or by the path of a ``.sql`` file."""
        from catalog.selection.selector import find_selector

        return find_selector(self.store, os.fspath(name))

    def add_selector(self, path: StrPath, *, strict: bool = False) -> AddedSelector:
        """Keep a selector's file; see `catalog.selection.saved.add_selector`."""
        from catalog.selection.saved import add_selector

        return add_selector(self.store, os.fspath(path), is_strict=strict)

    def lint_selector(
        self, selector: StrPath, *, pool: str | None = None, fix: bool = False
    ) -> LintedSelector:
        """Find what is wrong with a selector; see `catalog.selection.lint.lint_selector`."""
        from catalog.selection.lint import lint_selector

        return lint_selector(self.store, os.fspath(selector), pool=pool, is_fixing=fix)

    def remove_selector(self, name: str) -> None:
        """Remove a kept selector; see `catalog.selection.saved.remove_selector`."""
        from catalog.selection.saved import remove_selector

        remove_selector(self.store, name)

    def selectors(self) -> pl.DataFrame:
        """List the selection methods: the built-in ones, then those kept in this catalog."""
        import polars as pl

        from catalog.selection.selector import list_selectors

        rows = [
            {
                "selector": method.name,
                "summary": method.summary,
                "needs": ", ".join(method.needs),
                "parameters": [parameter.shown() for parameter in method.params],
            }
            for method in list_selectors(self.store)
        ]
        return pl.DataFrame(rows, schema_overrides={"parameters": pl.List(pl.String)})

    def functions(self) -> ResultList[FunctionDescription]:
        """Describe all table functions; see `catalog.query.functions.describe_functions`."""
        from catalog.query.functions import describe_functions

        return ResultList(describe_functions(self.store))

    def function(self, name: str) -> FunctionDescription:
        """Describe one table function; see `catalog.query.functions.describe_function`."""
        from catalog.query.functions import describe_function

        return describe_function(self.store, name)

    def kernels(self) -> ResultList[ListedKernel]:
        """List the kernels that SQL can call; see `catalog.query.added_kernels.list_kernels`."""
        from catalog.query.added_kernels import list_kernels

        return ResultList(list_kernels(self.store))

    def add_kernel(self, path: StrPath) -> AddedKernel:
        """Copy a kernel's file into the catalog; see `catalog.query.added_kernels.add_kernel`."""
        from catalog.query.added_kernels import add_kernel

        return add_kernel(self.store, os.fspath(path))

    def trust_kernel(self, name: str) -> ListedKernel:
        """Let another user's kernel run; see `catalog.query.added_kernels.trust_kernel`."""
        from catalog.query.added_kernels import trust_kernel

        return trust_kernel(self.store, name)

    def remove_kernel(self, name: str) -> None:
        """Remove an added kernel; see `catalog.query.added_kernels.remove_kernel`."""
        from catalog.query.added_kernels import remove_kernel

        remove_kernel(self.store, name)

    def export(
        self,
        reference: str,
        path: StrPath,
        *,
        format: str | None = None,
        name: str | None = None,
        allow_lossy: bool = False,
        overwrite: bool = False,
    ) -> Exported:
        """Write a pool or subset for a trainer; see `catalog.outcomes.exports.export_reference`.

        Formats and losses: `catalog.export.export`.
        """
        from catalog.outcomes.exports import export_reference

        options = {"allow_lossy": allow_lossy, "overwrite": overwrite}
        target = os.fspath(path)
        return export_reference(self.store, reference, target, format=format, name=name, **options)

    def add_run(
        self,
        reference: str,
        metrics: Mapping[str, float],
        *,
        note: str | None = None,
        url: str | None = None,
    ) -> Run:
        """Record results of training on a version; see `catalog.outcomes.runs.add_run`."""
        from catalog.outcomes.runs import add_run

        return add_run(self.store, reference, metrics, note=note, url=url)

    def runs(self, reference: str | None = None) -> pl.DataFrame:
        """Return the recorded runs, a row a metric; see `catalog.outcomes.runs.list_runs`."""
        from catalog.outcomes.runs import list_runs

        with self.store.reading() as connection:
            return to_polars(list_runs(connection, reference))

    def report(self, *references: str, path: StrPath, **options: Any) -> Report:
        """Write a page about pools and subsets; see `catalog.report.document.report`."""
        from catalog.report.document import report

        return report(self.store, references, Path(path), **options)

    def view(self, *references: str, **options: Any) -> View:
        """Return a report's page for a notebook; see `catalog.report.view.view`."""
        from catalog.report.view import view

        return view(self.store, references, **options)

    # SQL.

    def sql(
        self,
        query: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        memory: str | None = QUERY_MEMORY,
        seconds: float | None = None,
        progress: Callable[[float], None] | None = None,
        engine: Engine | str | None = None,
    ) -> pl.DataFrame:
        """Answer one SELECT in the catalog's dialect; see `catalog.query.stream.run`."""
        from catalog.query.stream import run

        limits = _limits(engine, memory, seconds, progress)
        return to_polars(self._limited(run, query, parameters=parameters, limits=limits))

    def first_rows(
        self,
        query: str,
        n: int = 100,
        *,
        parameters: Mapping[str, Any] | None = None,
        name: str = "query",
        memory: str | None = QUERY_MEMORY,
        seconds: float | None = None,
        progress: Callable[[float], None] | None = None,
        engine: Engine | str | None = None,
    ) -> tuple[list[str], list[dict[str, object]]]:
        """Return a SELECT's columns and first rows; see `catalog.query.stream.first_rows`."""
        from catalog.query.stream import first_rows

        options: dict[str, Any] = {"parameters": parameters, "name": name}
        limits = _limits(engine, memory, seconds, progress)
        return self._limited(first_rows, query, n, limits=limits, **options)

    def scan(self, query: str, *, parameters: Mapping[str, Any] | None = None) -> pl.LazyFrame:
        """Return one SELECT as a lazy frame; see `catalog.query.lazy.lazy_frame`."""
        from catalog.query.lazy import lazy_frame

        return lazy_frame(lambda: self.stream(query, parameters=parameters))

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
        engine: Engine | str | None = None,
    ) -> Iterator[pa.RecordBatchReader]:
        """Answer one SELECT batch by batch, however many rows it has."""
        from catalog.query.stream import stream

        limits = _limits(engine, memory, seconds, progress)
        options: dict[str, Any] = {"parameters": parameters, "name": name, "limits": limits}
        if not self.is_isolated:
            with stream(self.store, query, **options) as reader:
                yield reader
            return
        from catalog.query import worker

        with worker.stream(stream, self.store.absolute(), query, **options) as reader:
            yield reader

    def doctor(self, *, full: bool = False, record: bool = False) -> ResultList[Issue]:
        """List what is wrong with the catalog; see `catalog.maintenance.doctor.examine`."""
        from catalog.maintenance.doctor import examine

        is_full = full or record
        return ResultList(examine(self.store, is_full=is_full, is_recording=record))

    def gc(self, *, dry_run: bool = False, cache: bool = False, damaged: bool = False) -> GcReport:
        """Remove what nothing refers to any more.

        With ``cache`` also cached results of kernels, with ``damaged`` also damaged shards.
        """
        from catalog.maintenance.gc import gc
        from catalog.maintenance.repair import forget_damaged
        from catalog.query.cache import shrink

        if cache and not dry_run:
            shrink(self.store)
        n_damaged = forget_damaged(self.store) if damaged and not dry_run else 0
        return gc(self.store, is_dry_run=dry_run, n_damaged=n_damaged)

    def init(
        self,
        *,
        vectors: str | None = None,
        source: StrPath | None = None,
        name: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Make the catalog, empty or from a backup; see `catalog.maintenance.init.init`."""
        from catalog.maintenance.init import init

        return init(self.store, vectors=vectors, source=source, name=name, progress=progress)

    def backup(
        self, place: StrPath, *, progress: Callable[[int, int], None] | None = None
    ) -> Backup:
        """Copy the whole catalog to a folder or URL; see `catalog.maintenance.backup.backup`."""
        from catalog.maintenance.backup import backup

        return backup(self.store, place, progress=progress)

    def migrate(self, *, dry_run: bool = False) -> list[str]:
        """Apply the migrations that are still to apply, and name them."""
        return self.store.upgrade(is_dry_run=dry_run)

    def _limited(
        self, function: Callable[..., Answer], *args: Any, limits: Limits, **kwargs: Any
    ) -> Answer:
        """Call what runs SQL that others wrote, on this catalog: in a child process, or here."""
        if not self.is_isolated:
            return function(self.store, *args, limits=limits, **kwargs)
        from catalog.query import worker

        return worker.call(function, self.store.absolute(), *args, limits=limits, **kwargs)

    def _explained(self, name: str, *args: Any, **options: Any) -> Any:
        """Call a function of `catalog.subsets.explain` within limits."""
        from catalog.query.executor import Limits
        from catalog.subsets import explain

        limits = Limits(memory=options.pop("memory", SELECTION_MEMORY))
        return self._limited(getattr(explain, name), *args, limits=limits, **options)

    def find(self, reference: str) -> Reference:
        """Return the version of a pool or subset that a reference names.

        Raises:
            ReferenceNotFoundError: there is none; the message suggests the nearest name.
        """
        with self.store.reading() as connection:
            return resolve(connection, reference)
