"""Compute the scores of one command: each from signals that exist or are computed first."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from catalog.compute.imports.row_matching import count_members
from catalog.compute.language_model import LanguageModel, model_signal
from catalog.compute.scores.derived import Inputs, Stored, derived_rows, split_rows
from catalog.compute.scores.inputs import ranked_score, taxonomy_labels, trajectories
from catalog.compute.scores.measure import MEASURES, VERSION, Measure
from catalog.compute.scores.model_measure import model_measure
from catalog.compute.scores.saved import check_definition
from catalog.compute.shard_runner import ComputeReport, Progress, compute, exclusively, missing
from catalog.compute.shard_writer import commit_shard
from catalog.compute.turns import same_values
from catalog.engine import Engine
from catalog.errors import OptionError
from catalog.notebook import NotebookResult
from catalog.query.tokens import canonical
from catalog.signals.ask_options import AskOptions
from catalog.signals.kinds.score import ScoreOptions
from catalog.signals.model_score_files import model_scores
from catalog.signals.model_scores import ModelScores
from catalog.signals.registry import Signal, ensure_signal, find_signal
from catalog.signals.score_definitions import (
    FORM_LOSSES,
    LABELS,
    LOSSES,
    MEMBERS,
    OF,
    SYMMETRIC,
    TEXTS,
    Definitions,
    ScoreDefinition,
    derived_scores,
)
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM

NO_LABELS = (
    "members without labels of their own have none: "
    "`catalog label POOL --taxonomy FILE` assigns some"
)


@dataclass
class Scoring(NotebookResult):
    """Scores of one command: what they share is computed, and the model loaded, once.

    Attributes:
        store: the catalog's files and database.
        reference: whose members.
        model_name: a proxy that was trained here, a Hugging Face id, a path, or None.
        options, ask: of the computation, and of asking a model.
        limit: the size of the sample to measure; None measures every member.
        progress: called after each shard.
        engine: where a model measures; None is this process, which always asks endpoints.
        is_isolated: whether users' SQL runs in a child process.
        reports: what was done, in order.
        notes: what a user should know.
    """

    store: Store = field(repr=False)
    reference: Reference
    model_name: str | None = None
    options: ScoreOptions = field(default_factory=ScoreOptions)
    ask: AskOptions = field(default_factory=AskOptions)
    limit: int | None = None
    progress: Progress | None = field(default=None, repr=False)
    engine: Engine | None = field(default=None, repr=False)
    is_isolated: bool = False
    reports: list[ComputeReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _signals: dict[str, Signal] = field(default_factory=dict)
    _model: LanguageModel | None = None
    _dtype: str = "auto"

    @property
    def model(self) -> LanguageModel:
        """Return the model that the scores are measured with.

        Raises:
            OptionError: none was named.
        """
        if self._model is None:
            if self.model_name is None:
                raise OptionError(
                    "a score that a model measures needs `model`: tiny, a Hugging Face id or a path"
                )
            self._model = LanguageModel(self.store, self.model_name)
        return self._model

    @cached_property
    def definitions(self) -> Definitions:
        """Return the derived scores of this catalog."""
        with self.store.reading() as connection:
            return derived_scores(connection)

    @cached_property
    def model_scores(self) -> ModelScores:
        """Return the scores of this catalog that ask a model."""
        with self.store.reading() as connection:
            return model_scores(connection)

    def _checked(self, name: str) -> ScoreDefinition:
        """Return a derived score; one of a package is checked now, others were when added."""
        definition = self.definitions[name]
        if definition.package:
            with self.store.reading() as connection:
                check_definition(connection, definition, self.definitions)
        return definition

    def load(self) -> CausalLM:
        """Return the model in the precision of the signal that is being measured."""
        return self.model.load(self._dtype)

    def signal(self, name: str) -> Signal:
        """Return the signal of a score, computed where it is missing."""
        if name not in self._signals:
            if name in MEASURES:
                report = self._measure(name, MEASURES[name](self))
            elif name in self.model_scores:
                report = self._measure(name, model_measure(self, self.model_scores[name]))
            else:
                report = self._derive(self._checked(name))
            self.reports.append(report)
            self._signals[name] = report.signal
        return self._signals[name]

    def _input(self, source: str) -> Stored | None:
        """Return the signal of one input of a derived score."""
        if source == LOSSES:
            return trajectories(self.store, self.reference, self.model_name)
        if source == LABELS:
            labels = taxonomy_labels(self.store, self.reference)
            if labels is None:
                self._note(NO_LABELS)
            return labels
        if source == OF:
            of = self.options.rank_by
            if self.model_name and (of in MEASURES or of in self.definitions):
                self.signal(of)
            return ranked_score(self.store, self.reference, of, self._signals.get(of))
        return self.signal(source)

    def _in_form(self, definition: ScoreDefinition, source: str) -> str:
        """Return the input that stands for another in the form that is computed."""
        form = definition.form and (self.options.form or definition.form)
        return FORM_LOSSES.get(form or SYMMETRIC, {}).get(source, source)

    def _measure(self, name: str, measure: Measure) -> ComputeReport:
        identity = dict(measure.identity) | {"version": VERSION}
        if measure.needs_precision:
            signal = model_signal(
                self.store,
                self.reference,
                self.model,
                kind="score",
                name=name,
                identity=identity,
                details=measure.details,
            )
        else:
            signal = self._ensure(name, identity, kind=measure.kind, details=measure.details)
        self._dtype = signal.identity.get("dtype", "auto")
        report = compute(
            self.store,
            self.reference,
            signal,
            measure.values,
            limit=self.limit,
            progress=self.progress,
            engine=None if measure.is_asked else self.engine,
        )
        report.notes = (*report.notes, *measure.notes())
        return report

    def _derive(self, definition: ScoreDefinition) -> ComputeReport:
        started = time.monotonic()
        inputs = {
            each.table: self._input(self._in_form(definition, each.source))
            for each in definition.inputs
            if each.source not in (MEMBERS, TEXTS)
        }
        self._note_members_without_labels(definition)
        signal = self._ensure(definition.name, self._identity(definition, inputs))
        with exclusively(self.store, signal):
            rows, report = self._derived_rows(signal, definition, inputs)
            if rows.num_rows:
                values = split_rows(rows)
                commit_shard(self.store, signal, values, seconds=time.monotonic() - started)
                for _, reason in values.gaps:
                    report.reasons[reason] = report.reasons.get(reason, 0) + 1
        report.seconds = time.monotonic() - started
        return report

    def _identity(self, definition: ScoreDefinition, inputs: Inputs) -> dict[str, Any]:
        """Return what decides a derived score's values; unless it is built in, its SQL too."""
        hashes = {table: each and each.identity_sha256 for table, each in inputs.items()}
        identity: dict[str, Any] = {"inputs": hashes, "version": VERSION}
        if not definition.is_built_in:
            sql = canonical(definition.text)
            identity["sql"] = hashlib.sha256(sql.encode()).hexdigest()
        if definition.package:
            identity["package"] = definition.package
            identity["package_version"] = definition.package_version
        if MEMBERS in definition.sources:
            with self.store.reading() as connection:
                connection.execute(query("scores/members"), self.reference.parameters)
                ((members,),) = connection.sql(query("scores/members_hash")).fetchall()
            identity["members"] = members
        return identity

    def _derived_rows(
        self, signal: Signal, definition: ScoreDefinition, inputs: Inputs
    ) -> tuple[pa.Table, ComputeReport]:
        import pyarrow.compute as pc

        with self.store.reading() as connection:
            n_members = count_members(connection, self.reference)
            wanted = missing(connection, self.reference, signal)["instruction_id"]
        rows = pa.table({"instruction_id": pa.array([], pa.int64())})
        if len(wanted):
            every = derived_rows(
                self.store, self.reference, definition, inputs, is_isolated=self.is_isolated
            )
            rows = every.filter(pc.is_in(every["instruction_id"], wanted.combine_chunks()))
        report = ComputeReport(
            signal,
            n_members,
            n_members - len(wanted),
            n_computed=rows.num_rows,
            n_left=len(wanted) - rows.num_rows,
        )
        return rows, report

    def _note_members_without_labels(self, definition: ScoreDefinition) -> None:
        if "n_labels" not in definition.sources:
            return
        labels = self.signal("n_labels")
        parameters = self.reference.parameters | {"signal_id": labels.signal_id}
        with self.store.reading() as connection:
            ((n_without,),) = connection.sql(
                query("scores/count_gaps"), params=parameters
            ).fetchall()
        if n_without:
            self._note(f"K is 1 for {n_without:,} members, which have no labels")

    def _ensure(
        self,
        name: str,
        identity: Mapping[str, Any],
        *,
        kind: Literal["score", "labels"] = "score",
        details: Mapping[str, Any] | None = None,
    ) -> Signal:
        options: dict[str, Any] = {"kind": kind, "name": name}
        with self.store.reading() as connection:
            for wanted in same_values(connection, self.reference, identity):
                found = find_signal(connection, **options, identity=wanted)
                if found:
                    return found
        with self.store.writing() as connection:
            return ensure_signal(connection, **options, identity=identity, details=details)

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)
