"""How much training lowers a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.compute.scores.formula import Formula

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring


def learnability(scoring: Scoring) -> Formula:
    """The loss at a trajectory's first checkpoint minus that at its last, in nats a token.

    SmallToLarge's baseline "high learnability" (arXiv 2403.07384, section 5), from the trajectories
    of the proxy that ``--model`` names.
    """
    return Formula({"losses": scoring.trajectories()})
