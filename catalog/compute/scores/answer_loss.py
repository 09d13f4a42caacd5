"""Score `answer_loss`: the loss of a response without its prompt."""

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
def answer_loss(context: ScoreContext) -> Measure:
    """Measure CE(y), the mean cross-entropy of the response tokens without the prompt, in nats.

    IFD divides by it. An answer that is truncated (``truncated_response``) or that is one token
    and the end of sequence (``one_token_response``) has no value.
    """

    loaded, options = Lazy(context.load), context.options

    def values(texts: pa.Table) -> Values:
        from catalog.models.losses import answer_losses

        return loss_values(
            *(texts, loaded(), answer_losses),
            max_length=options.max_length,
            turns=options.turns,
        )

    return Measure(measured_identity(context), values)
