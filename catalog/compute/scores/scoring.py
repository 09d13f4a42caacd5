"""Computing scores: each in terms of signals that are there or are computed first, none twice."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from catalog.compute.imports.row_matching import count_members
from catalog.compute.language_model import LanguageModel, model_signal
from catalog.compute.scores.formula import NOT_A_NUMBER, Formula, Measure, Stored
from catalog.compute.shard_runner import (
    Progress,
    Report,
    Values,
    commit_shard,
    compute,
    exclusively,
    missing,
)
from catalog.errors import OptionError, SignalError
from catalog.signals.coverage import PROXY, choose, coverages, fullest, shortfall
from catalog.signals.registry import Signal, ensure_signal, find_signal, list_named
from catalog.store.queries import query
from catalog.store.references import Reference, nearest
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM

OPTIONS = ("max_length", "warm_up", "seed", "of")
VERSION = 1  # of every score's computation; a change that changes values counts it up


@dataclass
class Scoring:
    """One command's scores: what they share is computed, and the model loaded, once.

    Attributes:
        store: the catalog's files and database.
        reference: whose members.
        model_name: a proxy that was trained here, a Hugging Face id or a path; None where no score needs one.
        max_length: the window in tokens.
        warm_up: the share of the members that depth's model is tuned on.
        seed: of that draw.
        of: the score that `rid` ranks.
        limit: measure only a sample of that many.
        progress: told after each shard.
        reports: what was done, in order.
        notes: what a person should be told.
    """

    store: Store
    reference: Reference
    model_name: str | None = None
    max_length: int = 512
    warm_up: float = 0.05
    seed: int = 0
    of: str = "depth"
    limit: int | None = None
    progress: Progress | None = None
    reports: list[Report] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _signals: dict[str, Signal] = field(default_factory=dict)
    _model: LanguageModel | None = None
    _dtype: str = "auto"

    @property
    def model(self) -> LanguageModel:
        """The model that scores are measured with.

        Raises:
            OptionError: none was named.
        """
        if self._model is None:
            if self.model_name is None:
                raise OptionError(
                    "a score that a model measures needs --model: tiny, a Hugging Face id or a path"
                )
            self._model = LanguageModel(self.store, self.model_name)
        return self._model

    def load(self) -> CausalLM:
        """The model in the precision of the signal that is being measured."""
        return self.model.load(self._dtype)

    def signal(self, name: str) -> Signal:
        """A score by name, computed where it is missing."""
        if name not in self._signals:
            made = _functions()[name](self)
            report = (
                self._measure(name, made) if isinstance(made, Measure) else self._derive(name, made)
            )
            self.reports.append(report)
            self._signals[name] = report.signal
        return self._signals[name]

    def trajectories(self) -> Stored:
        """The loss trajectories of the proxy that ``--model`` names, or of the only one that there is.

        Raises:
            SignalError: there are none, they are incomplete, or there are several and none is named.
        """
        with self.store.reading() as connection:
            found = choose(
                self.reference,
                coverages(connection, self.reference, kind="losses"),
                kind="losses",
                name=self.model_name,
            )
        if isinstance(found, SignalError):
            raise found
        fault = shortfall(self.reference, found)
        if fault:
            raise fault
        return found

    def labels(self) -> Signal | None:
        """The newest labels of a taxonomy that the members have; None where they have none.

        Raises:
            SignalError: only some members have them.
        """
        with self.store.reading() as connection:
            for signal in list_named(connection, kind="labels"):
                n_missing = missing(connection, self.reference, signal).num_rows
                n_members = count_members(connection, self.reference)
                if n_missing < n_members:
                    if n_missing:
                        raise SignalError(
                            f"labels of {signal.name} cover {n_members - n_missing:,} of {n_members:,} members of {self.reference}: "
                            f"`catalog label {self.reference} --taxonomy FILE` makes the rest"
                        )
                    return signal
        return None

    def ranked(self) -> Stored:
        """The score that `rid` ranks: computed when a model is named, else the one that is there; of every member, since all ranks shift.

        Raises:
            SignalError: it is not there for all members.
        """
        if self.model_name and self.of in _functions():
            self.signal(self.of)
        with self.store.reading() as connection:
            found = [
                each
                for each in coverages(connection, self.reference, kind="score")
                if each.name == self.of
            ]
        if not found:
            raise SignalError(
                f"{self.reference} has no score {self.of} to rank: `catalog score {self.reference} {self.of} --model tiny` makes it"
            )
        best = next(
            (each for each in found if each.signal_id == self._number(self.of)), None
        ) or fullest(found)
        fault = shortfall(self.reference, best)
        if fault:
            raise fault
        return best

    def k_notes(self) -> tuple[str, ...]:
        """How many members have no label, so that K is 1 for them."""
        labels = self.signal("n_labels")
        at = self.reference.parameters | {"signal_id": labels.signal_id}
        with self.store.reading() as connection:
            ((n_without,),) = connection.sql(query("scores/count_gaps"), params=at).fetchall()
        return (f"K is 1 for {n_without:,} members, which have no labels",) if n_without else ()

    def _number(self, name: str) -> int | None:
        return self._signals[name].signal_id if name in self._signals else None

    def _measure(self, name: str, measure: Measure) -> Report:
        identity = dict(measure.identity) | {"version": VERSION}
        if measure.needs_precision:
            signal = model_signal(
                self.store,
                self.model,
                kind="score",
                name=name,
                identity=identity,
                details=measure.details,
            )
        else:
            signal = _ensure(self.store, name, identity, details=measure.details)
        self._dtype = signal.identity.get("dtype", "auto")
        return compute(
            self.store,
            self.reference,
            signal,
            measure.values,
            limit=self.limit,
            progress=self.progress,
        )

    def _derive(self, name: str, formula: Formula) -> Report:
        started = time.monotonic()
        self.notes += [note for note in formula.notes if note not in self.notes]
        inputs = {key: signal and signal.identity_sha256 for key, signal in formula.inputs.items()}
        identity = {"inputs": inputs, **formula.identity, "version": VERSION}
        if formula.needs_members:
            with self.store.reading() as connection:
                connection.execute(query("scores/members"), self.reference.parameters)
                ((identity["members"],),) = connection.sql(query("scores/members_hash")).fetchall()
        signal = _ensure(self.store, name, identity)
        with exclusively(self.store, signal):
            rows, report = self._derived_rows(signal, formula)
            if rows.num_rows:
                values = _split(rows)
                commit_shard(self.store, signal, values, seconds=time.monotonic() - started)
                for _, reason in values.gaps:
                    report.reasons[reason] = report.reasons.get(reason, 0) + 1
        report.seconds = time.monotonic() - started
        return report

    def _derived_rows(self, signal: Signal, formula: Formula) -> tuple[pa.Table, Report]:
        numbers = {
            key: stored and stored.signal_id for key, stored in formula.inputs.items()
        } | dict(formula.parameters)
        with self.store.reading() as connection:
            n_members = count_members(connection, self.reference)
            wanted = missing(connection, self.reference, signal)
            rows = pa.table({"instruction_id": pa.array([], pa.int64())})
            if wanted.num_rows:
                if formula.needs_members:
                    connection.execute(query("scores/members"), self.reference.parameters)
                connection.register("wanted", wanted)
                rows = connection.sql(
                    query(f"scores/{signal.name}"), params=numbers
                ).to_arrow_table()
        n_before = n_members - wanted.num_rows
        return rows, Report(
            signal,
            n_members,
            n_before,
            n_computed=rows.num_rows,
            n_left=wanted.num_rows - rows.num_rows,
        )


def score(
    store: Store,
    reference: Reference,
    names: Sequence[str],
    *,
    model: str | None = None,
    options: Mapping[str, Any] | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Scoring:
    """Compute scores of the members that have none yet, and what they are made of.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        names: of the scores.
        model: a proxy that was trained here, such as ``tiny``; else a Hugging Face id or a path.
        options: ``max_length``, ``warm_up``, ``seed``, ``of``, as `Scoring` has them.
        limit: measure only a sample of that many, to see what the rest would cost.
        progress: told after each shard.

    Raises:
        OptionError: no such score, an option out of its range, or a score that needs a model and none was named.
        SignalError: what a score is made of is missing, such as ``tiny`` or a trajectory.
        ModelNotFoundError: there is no such model here.
    """
    known = _functions()
    for name in names:
        if name not in known:
            raise OptionError(
                f"no score named {name}{nearest(name, list(known))}; `catalog scores import` takes anybody's"
            )
    unknown = [name for name in options or {} if name not in OPTIONS]
    if unknown:
        raise OptionError(
            f"scores have the options {', '.join(OPTIONS)}, and were given {', '.join(unknown)}"
        )
    scoring = Scoring(
        store, reference, model, limit=limit, progress=progress, **dict(options or {})
    )
    if not 0 < scoring.warm_up < 1 or scoring.max_length < 2 or scoring.seed < 0:
        raise OptionError(
            f"--warm-up is a share between 0 and 1, --max-length at least 2 and --seed at least 0, "
            f"not {scoring.warm_up}, {scoring.max_length} and {scoring.seed}"
        )
    for name in names:
        scoring.signal(name)
    if model not in (None, PROXY) and scoring.model.is_trained_here:
        scoring.notes.append(
            f"{model} is the proxy of that name that was trained here; a path, as ./{model}, means what it began from"
        )
    return scoring


def _functions() -> dict[str, Any]:
    """Every score by name; ``tuned_loss`` is a part of depth, and nobody asks for it alone."""
    from catalog.compute.scores import SCORES
    from catalog.compute.scores.tuned_loss import tuned_loss

    return {function.__name__: function for function in (*SCORES, tuned_loss)}


def _ensure(
    store: Store,
    name: str,
    identity: Mapping[str, Any],
    *,
    details: Mapping[str, Any] | None = None,
) -> Signal:
    with store.reading() as connection:
        found = find_signal(connection, kind="score", name=name, identity=identity)
    if found:
        return found
    with store.writing() as connection:
        return ensure_signal(
            connection, kind="score", name=name, identity=identity, details=details
        )


def _split(rows: pa.Table) -> Values:
    """A query's rows as values and gaps; what is neither number nor explained is no number."""
    import pyarrow.compute as pc

    reasons = pc.if_else(
        pc.and_(
            pc.is_null(rows["reason"]), pc.invert(pc.fill_null(pc.is_finite(rows["value"]), False))
        ),
        NOT_A_NUMBER,
        rows["reason"],
    )
    has_value = pc.is_null(reasons)
    without = pc.invert(has_value)
    gaps = zip(
        rows["instruction_id"].filter(without).to_pylist(),
        reasons.filter(without).to_pylist(),
        strict=True,
    )
    return Values(rows.select(["instruction_id", "value"]).filter(has_value), gaps=list(gaps))
