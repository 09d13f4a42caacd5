"""Token counts of rows as a trainer reads them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from catalog.compute.loading import loading
from catalog.compute.proxies import trained_proxy
from catalog.compute.scores.measure import Measure, ScoreContext, score_values
from catalog.compute.shard_writer import Values
from catalog.engine.lazy import Lazy
from catalog.errors import OptionError
from catalog.models.tokenizer import load_tokenizer, tokenizer_identity

if TYPE_CHECKING:
    from catalog.models.supervised import Supervised


def row_measure(context: ScoreContext, count: Callable[[Supervised], int]) -> Measure:
    """Return what counts tokens of rows that `catalog.models.supervised.supervise` makes.

    Args:
        context: of the run.
        count: returns the number of a row with a trained token.

    Raises:
        OptionError: neither a tokenizer nor a model is named.
        ModelNotFoundError: there is no such tokenizer here.
    """
    named = context.options.tokenizer or context.model_name
    if named is None:
        raise OptionError("tokens need `tokenizer`: a Hugging Face id, a folder or a proxy")
    name = trained_proxy(context.store, named)
    identity = tokenizer_identity(name)
    loaded = Lazy(partial(load_tokenizer, name))

    def values(texts: pa.Table) -> Values:
        from catalog.compute.language_model import instructions_of
        from catalog.models.supervised import supervise
        from catalog.models.tokens import NO_LIMIT
        from catalog.models.training_turns import turns_of

        with loading():
            tokenizer, template = loaded()
        turns = [turns_of(row, template) for row in instructions_of(texts)]
        rows = supervise(turns, tokenizer=tokenizer, template=template, max_length=NO_LIMIT)
        numbers = np.array([count(row) for row in rows], dtype=np.float64)
        reasons = [row.reason for row in rows]
        n_tokens = sum(len(row.input_ids) for row in rows)
        return score_values(texts, numbers, reasons, n_tokens=n_tokens, n_truncated=0)

    return Measure(identity, values, needs_precision=False, details={"tokenizer": named})
