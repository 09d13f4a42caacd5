"""How many abilities an instruction asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.compute.scores.formula import Formula

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring


def n_labels(scoring: Scoring) -> Formula:
    """Distinct labels: the pool's own where a member has some, else those that `catalog label` gave it, else NULL (``no_labels``).

    ILA's K (arXiv 2509.06463) and InsTag's complexity (arXiv 2308.07074).
    """
    labels = scoring.labels()
    notes = (
        ()
        if labels
        else (
            "members without labels of their own have none: `catalog label POOL --taxonomy FILE` gives them some",
        )
    )
    return Formula({"labels": labels}, needs_members=True, notes=notes)
