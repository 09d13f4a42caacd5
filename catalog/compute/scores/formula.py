"""What a score is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from catalog.compute.shard_runner import Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.models.causal_lm import CausalLM
    from catalog.models.losses import Losses
    from catalog.models.tokens import Tokens

NOT_A_NUMBER = "not_a_number"


class Stored(Protocol):
    """A signal as far as a formula needs it."""

    @property
    def signal_id(self) -> int:
        """Its number in the catalog."""

    @property
    def identity_sha256(self) -> str:
        """What its values depend on."""


@dataclass(frozen=True)
class Measure:
    """A score that a model pass gives.

    Attributes:
        identity: what decides its values, the model's precision left out.
        values: from one shard's texts to its values.
        needs_precision: whether the weights are used, in a precision that is then part of the identity.
        details: what is worth keeping of how it was made.
    """

    identity: Mapping[str, Any]
    values: Callable[[pa.Table], Values]
    needs_precision: bool = True
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Formula:
    """A score that one SQL query over stored tables gives.

    The query reads ``wanted(instruction_id)`` and answers (instruction_id, value, reason); a row
    with neither value nor reason has inputs that are not computed yet.

    Attributes:
        inputs: signals by the name of the parameter that holds their number.
        parameters: other parameters of the query.
        identity: what else decides the values.
        needs_members: the query also reads ``members(instruction_id, fingerprint, source, labels)``, all of the reference, on which the
            values then depend.
        notes: what a person should be told of the choice of inputs.
    """

    inputs: Mapping[str, Stored | None] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)
    needs_members: bool = False
    notes: tuple[str, ...] = ()


def values_of(
    texts: pa.Table,
    numbers: np.ndarray[Any, Any],
    reasons: Sequence[str | None],
    *,
    n_tokens: int,
    n_truncated: int,
) -> Values:
    """One shard's values from numbers and reasons in the order of its texts; what is no number has no value.

    Args:
        texts: with ``instruction_id``, n of them.
        numbers: shape (n,).
        reasons: why there is no number, else None.
        n_tokens: tokens read.
        n_truncated: instructions that the window cut.
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


def loss_values(
    texts: pa.Table,
    lm: CausalLM,
    losses: Callable[[CausalLM, Sequence[Tokens]], Losses],
    *,
    max_length: int,
) -> Values:
    """One shard's mean losses as values of a score, in nats a token."""
    from catalog.compute.language_model import tokens_of_texts

    tokens = tokens_of_texts(texts, lm, max_length=max_length)
    made = losses(lm, tokens)
    n_tokens, n_truncated = (
        sum(len(one.ids) for one in tokens),
        sum(one.is_truncated for one in tokens),
    )
    return values_of(texts, made.mean, made.reasons, n_tokens=n_tokens, n_truncated=n_truncated)
