"""Measured scores: what one is, and the registry of those that there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import pyarrow as pa

from catalog.compute.shard_writer import Values
from catalog.signals.kind_options import turns_identity
from catalog.signals.kinds.score import ScoreOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.compute.language_model import LanguageModel
    from catalog.models.causal_lm import CausalLM
    from catalog.models.losses import Losses
    from catalog.models.tokens import Tokens
    from catalog.signals.registry import Signal
    from catalog.store.references import Reference
    from catalog.store.store import Store

NOT_A_NUMBER = "not_a_number"
VERSION = 1  # of every score's computation; a change that changes values counts it up


class ScoreContext(Protocol):
    """Part of a run that a measured score reads."""

    @property
    def store(self) -> Store:
        """Return the catalog's files and database."""

    @property
    def reference(self) -> Reference:
        """Return the pool or subset whose members are scored."""

    @property
    def options(self) -> ScoreOptions:
        """Return the options of the computation."""

    @property
    def model_name(self) -> str | None:
        """Return the name of the model; None if none was named."""

    @property
    def model(self) -> LanguageModel:
        """Return the model that the scores are measured with."""

    def load(self) -> CausalLM:
        """Return the model in the precision of the signal that is being measured."""

    def signal(self, name: str) -> Signal:
        """Return the signal of another score, computed where it is missing."""


@dataclass(frozen=True)
class Measure:
    """Score, or labels, that one pass over the texts gives.

    Attributes:
        identity: what decides its values, without the model's precision.
        values: computes one shard's values from its texts.
        needs_precision: whether the weights are used; their precision is then part of the identity.
        kind: of the signal that is made, ``score`` or ``labels``.
        details: facts about the computation that do not change values.
        notes: what a user should know after the computation.
        is_asked: whether an endpoint answers; this process asks, and keeps the answers.
    """

    identity: Mapping[str, Any]
    values: Callable[[pa.Table], Values]
    needs_precision: bool = True
    kind: Literal["score", "labels"] = "score"
    details: Mapping[str, Any] = field(default_factory=dict)
    notes: Callable[[], Sequence[str]] = tuple
    is_asked: bool = False


Definition = Callable[[ScoreContext], Measure]

MEASURES: dict[str, Definition] = {}
"""Every measured score by name."""


def measured_score(function: Definition) -> Definition:
    """Register a function as the measured score of its name."""
    MEASURES[function.__name__] = function
    return function


def measured_identity(context: ScoreContext) -> dict[str, Any]:
    """Return what decides the loss of a response, without the model's precision."""
    window = {"max_length": context.options.max_length}
    return dict(context.model.identity()) | window | turns_identity(context.options.turns)


def score_values(
    texts: pa.Table,
    numbers: np.ndarray[Any, Any],
    reasons: Sequence[str | None],
    *,
    n_tokens: int,
    n_truncated: int,
) -> Values:
    """Return one shard's values; a member whose number is not finite has none.

    Args:
        texts: with ``instruction_id``, n of them.
        numbers: shape (n,), in the order of the texts.
        reasons: why there is no number, else None.
        n_tokens: tokens read.
        n_truncated: instructions that were truncated.
    """
    ids = texts["instruction_id"].to_numpy()
    why = np.array([reason or "" for reason in reasons], dtype=object)
    why[(why == "") & ~np.isfinite(numbers)] = NOT_A_NUMBER
    kept = why == ""
    rows = pa.table(
        {
            "instruction_id": pa.array(ids[kept]),
            "value": pa.array(np.asarray(numbers, dtype=np.float64)[kept]),
        }
    )
    gaps = [(int(i), str(reason)) for i, reason in zip(ids[~kept], why[~kept], strict=True)]
    return Values(rows, gaps=gaps, n_tokens=n_tokens, n_truncated=n_truncated)


def label_values(
    texts: pa.Table,
    labels: Sequence[Sequence[str]],
    reasons: Sequence[str | None],
    *,
    n_tokens: int = 0,
) -> Values:
    """Return one shard's labels; a member with a reason has none.

    Args:
        texts: with ``instruction_id``, n of them.
        labels: of each text.
        reasons: why there are none, else None.
        n_tokens: tokens read.
    """
    ids = texts["instruction_id"].to_pylist()
    kept = [place for place, reason in enumerate(reasons) if reason is None]
    rows = pa.table(
        {
            "instruction_id": pa.array([ids[place] for place in kept], pa.int64()),
            "labels": pa.array([list(labels[place]) for place in kept], pa.list_(pa.string())),
        }
    )
    gaps = [(ids[place], reason) for place, reason in enumerate(reasons) if reason is not None]
    return Values(rows, gaps=gaps, n_tokens=n_tokens)


def loss_values(
    texts: pa.Table,
    lm: CausalLM,
    losses: Callable[[CausalLM, Sequence[Tokens]], Losses],
    *,
    max_length: int,
    turns: str,
) -> Values:
    """Return one shard's mean losses as values of a score, in nats per token."""
    from catalog.compute.language_model import tokens_of_texts

    tokens = tokens_of_texts(texts, lm, max_length=max_length, turns=turns)
    return values_of_losses(texts, tokens, losses(lm, tokens))


def values_of_losses(texts: pa.Table, tokens: Sequence[Tokens], computed: Losses) -> Values:
    """Return the mean losses of one shard's texts, read as these tokens, as values of a score."""
    return score_values(
        texts,
        computed.mean,
        computed.reasons,
        n_tokens=sum(len(each.ids) for each in tokens),
        n_truncated=sum(each.is_truncated for each in tokens),
    )
