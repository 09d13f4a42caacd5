"""Score `total_tokens`: all tokens of a row as a trainer reads it."""

from __future__ import annotations

from catalog.compute.scores.measure import Measure, ScoreContext, measured_score
from catalog.compute.scores.row_tokens import row_measure


@measured_score
def total_tokens(context: ScoreContext) -> Measure:
    """Count all tokens of a row under the model's template, nothing cut.

    A row without a trained token has no value, since a trainer leaves it out. The tokenizer is the
    one that is named, else the model's.

    Raises:
        ModelNotFoundError: there is no such tokenizer here.
    """
    return row_measure(context, lambda row: len(row.input_ids))
