"""Information depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.compute.scores.formula import Formula

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring


def depth(scoring: Scoring) -> Formula:
    """(L_base - L_sft) / T * K: what a little fine-tuning teaches about an instruction (ILA, Wu et al. 2025, arXiv 2509.06463).

    L is the response's summed cross-entropy and T its tokens, so that L / T is its mean; L_sft is
    under the same model tuned on a random warm-up part of the pool; K is the number of distinct
    labels, 1 where there is none. Negative values stay. The warm-up part has no value, with the
    reason ``warm_up``, so that no selection by depth takes it.
    """
    base = scoring.signal("response_loss")
    return Formula(
        {
            "base": base,
            "tuned": scoring.signal("tuned_loss"),
            "n_labels": scoring.signal("n_labels"),
        },
        notes=scoring.k_notes(),
    )
