"""Confidence in a response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.compute.scores.formula import Formula

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring


def least_confidence(scoring: Scoring) -> Formula:
    """exp(mean log p(y | x)), the geometric mean of the response tokens' probabilities; the selection takes the LOWEST.

    SmallToLarge's baseline (arXiv 2403.07384, section 5).
    """
    return Formula({"response_loss": scoring.signal("response_loss")})
