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


@measured_score
def answer_loss(context: ScoreContext) -> Measure:
    """Measure CE(y), the mean cross-entropy of the response tokens without the prompt, in nats.

    IFD divides by it. An answer that is truncated (``truncated_response``) or that is one token
    and the end of sequence (``one_token_response``) has no value.
    """

    def values(texts: pa.Table) -> Values:
        from catalog.models.losses import answer_losses

        options = context.options
        return loss_values(
            *(texts, context.load(), answer_losses),
            max_length=options.max_length,
            turns=options.turns,
        )

    return Measure(measured_identity(context), values)
