"""Score `response_loss`: the loss of a response after its prompt."""

from __future__ import annotations

import pyarrow as pa

from catalog.compute.scores.measure import (
    Measure,
    ScoreContext,
    loss_values,
    measured_identity,
    measured_score,
)
from catalog.compute.shard_writer import Values


@measured_score
def response_loss(context: ScoreContext) -> Measure:
    """Measure CE(y | x), the mean cross-entropy of the response tokens given the prompt, in nats.

    The end of sequence is included. Perplexity, least confidence, IFD and depth are made of it.
    """

    def values(texts: pa.Table) -> Values:
        from catalog.models.losses import response_losses

        options = context.options
        return loss_values(
            *(texts, context.load(), response_losses),
            max_length=options.max_length,
            turns=options.turns,
        )

    return Measure(measured_identity(context), values)
