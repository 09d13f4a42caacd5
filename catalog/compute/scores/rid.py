"""Relative information depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.compute.scores.formula import Formula

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring


def rid(scoring: Scoring) -> Formula:
    """A depth's mid-rank quantile within its domain, which takes the domain's own level out (ILA, arXiv 2509.06463).

    RID_i = (#{k in dom(i): ID_k < ID_i} + 0.5 * #{ties, i among them}) / |dom(i)|, over those that
    have a depth. The domain is the first level of the first label (what stands before a ``/``),
    else the source.
    """
    return Formula({"depth": scoring.ranked()}, needs_members=True)
