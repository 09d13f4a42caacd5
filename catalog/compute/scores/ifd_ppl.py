"""Instruction-following difficulty as a ratio of perplexities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.compute.scores.formula import Formula

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring


def ifd_ppl(scoring: Scoring) -> Formula:
    """exp(CE(y | x) - CE(y)), the ratio of the perplexities (Superfiltering, Li et al. 2024, arXiv 2402.00530).

    The selection keeps values below 1, the highest first; it ranks otherwise than `ifd`.
    """
    return Formula(
        {
            "response_loss": scoring.signal("response_loss"),
            "answer_loss": scoring.signal("answer_loss"),
        }
    )
