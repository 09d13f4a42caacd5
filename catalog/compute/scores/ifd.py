"""Instruction-following difficulty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.compute.scores.formula import Formula

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring


def ifd(scoring: Scoring) -> Formula:
    """CE(y | x) / CE(y): how little the prompt helps to predict the answer (Cherry LLM, Li et al. 2023, arXiv 2308.12032).

    The selection drops values above 1 and keeps the highest. NULL with the reason for an empty
    answer, one of a single token, and one that the window cut.
    """
    return Formula(
        {
            "response_loss": scoring.signal("response_loss"),
            "answer_loss": scoring.signal("answer_loss"),
        }
    )
