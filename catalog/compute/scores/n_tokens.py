"""Score `n_tokens`: the number of a response's tokens."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from catalog.compute.scores.measure import Measure, ScoreContext, measured_score, score_values
from catalog.compute.shard_runner import Values

NO_LIMIT = 2**31 - 1


@measured_score
def n_tokens(context: ScoreContext) -> Measure:
    """Count the response tokens under the model's tokenizer and template, never truncated.

    The end of sequence is included. Only the tokenizer decides, so models with the same tokenizer
    share the score.
    """
    identity = {key: context.model.identity()[key] for key in ("tokenizer", "template")}

    def values(texts: pa.Table) -> Values:
        from catalog.compute.language_model import instructions_of
        from catalog.models.tokens import tokens_of

        tokenizer, template = context.model.load_tokenizer()
        tokens = tokens_of(
            instructions_of(texts), tokenizer=tokenizer, template=template, max_length=NO_LIMIT
        )
        return score_values(
            texts,
            np.array([each.n_response for each in tokens], dtype=np.float64),
            [each.reason for each in tokens],
            n_tokens=sum(len(each.ids) for each in tokens),
            n_truncated=0,
        )

    return Measure(identity, values, needs_precision=False)
