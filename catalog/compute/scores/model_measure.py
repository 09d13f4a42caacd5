"""Scores that ask a model, as measured scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from catalog.compute.scores.batch_files import write_batch
from catalog.compute.scores.judge import judging
from catalog.compute.scores.measure import VERSION, Measure
from catalog.compute.scores.requests import judge_identity
from catalog.compute.scores.sequence_classifier import classifier_measure
from catalog.compute.scores.turn_product import product_measure
from catalog.errors import OptionError
from catalog.messages import quantity
from catalog.signals.model_scores import ClassifierScore, JudgeScore
from catalog.signals.registry import find_signal
from catalog.store.queries import query

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring

ALL = 2**62


def model_measure(scoring: Scoring, definition: JudgeScore | ClassifierScore) -> Measure:
    """Return what computes a score that asks a model.

    Raises:
        OptionError: no model or endpoint is named.
    """
    if isinstance(definition, ClassifierScore):
        return classifier_measure(definition, model=scoring.model_name, label=scoring.ask.label)
    model = _model(scoring, definition)
    judge = judging(scoring.store, definition, model, scoring.ask)
    if definition.factors:
        factors = [_factor(scoring, name) for name in definition.factors]
        return product_measure(judge, factors)
    identity = judge_identity(definition, model)
    return Measure(
        identity,
        judge.values,
        needs_precision=False,
        kind=definition.signal_kind,
        notes=judge.asking.notes,
        is_asked=True,
    )


def batch_note(scoring: Scoring, name: str) -> str:
    """Write the requests of a judge's score to a batch file, and return what was written.

    Raises:
        OptionError: the score is no judge's, or no model is named.
    """
    definition, file = scoring.model_scores.get(name), scoring.ask.batch_out
    if isinstance(definition, JudgeScore) and definition.factors:
        names = " ".join(definition.factors)
        raise OptionError(f"batch_out: {name} multiplies other scores; write those of {names}")
    if not isinstance(definition, JudgeScore) or file is None:
        raise OptionError(f"batch_out: expected a score that a judge gives, got {name}")
    model = _model(scoring, definition)
    identity = judge_identity(definition, model) | {"version": VERSION}
    parameters = scoring.reference.parameters
    with scoring.store.reading() as connection:
        signal = find_signal(connection, kind=definition.signal_kind, name=name, identity=identity)
        parameters |= {"signal_id": signal.signal_id if signal else -1, "n": scoring.limit or ALL}
        members = connection.sql(query("signals/missing_sample"), params=parameters)
        n = write_batch(scoring.store, definition, model, members.to_arrow_table(), Path(file))
    requests = quantity(n, "request")
    return f"{file}: {requests}; read the answers of the finished batch with --batch-in FILE"


def _factor(scoring: Scoring, name: str) -> JudgeScore:
    """Return a judge whose numbers are about one turn each.

    Raises:
        OptionError: there is no such judge, or it reads whole records.
    """
    definition = scoring.model_scores.get(name)
    if isinstance(definition, JudgeScore) and definition.is_factor:
        return definition
    raise OptionError(f'factors: expected judges with per = "turn", got {name}')


def _model(scoring: Scoring, definition: JudgeScore) -> str:
    if scoring.model_name is None:
        raise OptionError(f"{definition.name} needs `model`: its name at the endpoint")
    return scoring.model_name
