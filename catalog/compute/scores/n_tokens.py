"""Score `n_tokens`: the number of a response's tokens."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pyarrow as pa

from catalog.compute.loading import loading
from catalog.compute.scores.measure import Measure, ScoreContext, measured_score, score_values
from catalog.compute.shard_runner import Values
from catalog.models.tokenizer import load_tokenizer, tokenizer_identity


@measured_score
def n_tokens(context: ScoreContext) -> Measure:
    """Count the response tokens under a tokenizer and its template, never truncated.

    The tokenizer is the one that is named, else the model's. The end of sequence is included. Only
    the tokenizer decides, so models with the same tokenizer share the score.

    Raises:
        ModelNotFoundError: there is no such tokenizer here.
    """
    name = context.tokenizer or context.model.source
    identity = tokenizer_identity(name)

    loaded = cache(partial(load_tokenizer, name))

    def values(texts: pa.Table) -> Values:
        from catalog.compute.language_model import instructions_of
        from catalog.models.tokens import NO_LIMIT, tokens_of

        with loading():
            tokenizer, template = loaded()
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

    shown = context.tokenizer or context.model.name
    return Measure(identity, values, needs_precision=False, details={"tokenizer": shown})
