"""Score `n_tokens`: the number of a response's tokens."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa

from catalog.compute.loading import loading
from catalog.compute.proxies import trained_proxy
from catalog.compute.scores.measure import Measure, ScoreContext, measured_score, score_values
from catalog.compute.shard_writer import Values
from catalog.engine.lazy import Lazy
from catalog.errors import OptionError
from catalog.models.tokenizer import load_tokenizer, tokenizer_identity
from catalog.signals.kind_options import turns_identity
from catalog.signals.score_definitions import N_TOKENS


@measured_score
def n_tokens(context: ScoreContext) -> Measure:
    """Count the response tokens under a tokenizer and its template, never truncated.

    The tokenizer is the one that is named, else the model's. Those of a proxy that was trained here
    serve, too. Ends of sequence are included. Only the tokenizer decides, so models with the same
    tokenizer share the score.

    Raises:
        OptionError: neither a tokenizer nor a model is named.
        ModelNotFoundError: there is no such tokenizer here.
    """
    named = context.options.tokenizer or context.model_name
    if named is None:
        raise OptionError(f"{N_TOKENS} needs `tokenizer`: a Hugging Face id, a folder or a proxy")
    name = trained_proxy(context.store, named)
    identity = tokenizer_identity(name) | turns_identity(context.options.turns)

    loaded, turns = Lazy(partial(load_tokenizer, name)), context.options.turns

    def values(texts: pa.Table) -> Values:
        from catalog.compute.language_model import instructions_of
        from catalog.models.tokens import NO_LIMIT, tokens_of

        with loading():
            tokenizer, template = loaded()
        tokens = tokens_of(
            instructions_of(texts),
            tokenizer=tokenizer,
            template=template,
            max_length=NO_LIMIT,
            turns=turns,
        )
        return score_values(
            texts,
            np.array([each.n_response for each in tokens], dtype=np.float64),
            [each.reason for each in tokens],
            n_tokens=sum(len(each.ids) for each in tokens),
            n_truncated=0,
        )

    return Measure(identity, values, needs_precision=False, details={"tokenizer": named})
