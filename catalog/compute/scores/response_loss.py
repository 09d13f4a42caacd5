"""The loss of a response after its prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from catalog.compute.scores.formula import Measure, loss_values
from catalog.compute.shard_runner import Values

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring


def response_loss(scoring: Scoring) -> Measure:
    """Mean cross-entropy of the response tokens given the prompt, CE(y | x), in nats a token; end of sequence included.

    What perplexity, least confidence, IFD and depth are made of.
    """

    def values(texts: pa.Table) -> Values:
        from catalog.models.losses import response_losses

        return loss_values(texts, scoring.load(), response_losses, max_length=scoring.max_length)

    return Measure(scoring.model.identity() | {"max_length": scoring.max_length}, values)
