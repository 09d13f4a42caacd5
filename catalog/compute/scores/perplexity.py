"""Perplexity of a response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.compute.scores.formula import Formula

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring


def perplexity(scoring: Scoring) -> Formula:
    """exp(CE(y | x)): what "middle perplexity" ranks by (SmallToLarge, arXiv 2403.07384, section 5)."""
    return Formula({"response_loss": scoring.signal("response_loss")})
