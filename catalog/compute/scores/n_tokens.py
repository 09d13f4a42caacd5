"""The length of a response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from catalog.compute.scores.formula import Measure, values_of
from catalog.compute.shard_runner import Values

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring

NO_WINDOW = 2**31 - 1


def n_tokens(scoring: Scoring) -> Measure:
    """Response tokens under the model's tokenizer and template, end of sequence included, whole: no window cuts them.

    Only the tokenizer decides, so that models which share one share the score.
    """
    identity = {key: scoring.model.identity()[key] for key in ("tokenizer", "template")}

    def values(texts: pa.Table) -> Values:
        from catalog.compute.language_model import instructions_of
        from catalog.models.tokens import tokens_of

        tokenizer, template = scoring.model.load_tokenizer()
        tokens = tokens_of(
            instructions_of(texts), tokenizer=tokenizer, template=template, max_length=NO_WINDOW
        )
        counts = np.array([one.n_response for one in tokens], dtype=np.float64)
        return values_of(
            texts,
            counts,
            [one.reason for one in tokens],
            n_tokens=sum(len(one.ids) for one in tokens),
            n_truncated=0,
        )

    return Measure(identity, values, needs_precision=False)
