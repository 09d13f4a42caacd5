"""The loss of a response by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from catalog.compute.scores.formula import Measure, loss_values
from catalog.compute.shard_runner import Values

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring


def answer_loss(scoring: Scoring) -> Measure:
    """Mean cross-entropy of the response tokens without the prompt, CE(y), in nats a token: what IFD divides by.

    NULL for an answer that the window cut (``truncated_response``) or that is one token and its end
    (``one_token_response``).
    """

    def values(texts: pa.Table) -> Values:
        from catalog.models.losses import answer_losses

        return loss_values(texts, scoring.load(), answer_losses, max_length=scoring.max_length)

    return Measure(scoring.model.identity() | {"max_length": scoring.max_length}, values)
