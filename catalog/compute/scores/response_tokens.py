"""Score `response_tokens`: the tokens of a row that a trainer takes a loss over."""

from __future__ import annotations

from catalog.compute.scores.measure import Measure, ScoreContext, measured_score
from catalog.compute.scores.row_tokens import row_measure


@measured_score
def response_tokens(context: ScoreContext) -> Measure:
    """Count the trained tokens of a row, those of all turns of the assistant, nothing cut.

    A row without one has no value, since a trainer leaves it out. The tokenizer is the one that is
    named, else the model's.

    Raises:
        ModelNotFoundError: there is no such tokenizer here.
    """
    return row_measure(context, lambda row: int((row.labels >= 0).sum()))
