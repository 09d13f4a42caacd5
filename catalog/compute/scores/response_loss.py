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
from catalog.engine.lazy import Lazy


@measured_score
def response_loss(context: ScoreContext) -> Measure:
    """Measure CE(y | x), the mean cross-entropy of the response tokens given the prompt, in nats.

    The end of sequence is included. Perplexity, least confidence, IFD and depth are made of it.
    """

    loaded, options = Lazy(context.load), context.options

    def values(texts: pa.Table) -> Values:
        from catalog.models.losses import response_losses

        return loss_values(
            *(texts, loaded(), response_losses),
            max_length=options.max_length,
            turns=options.turns,
        )

    return Measure(measured_identity(context), values)
