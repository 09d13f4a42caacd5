"""Claims and tables of `fisher_text.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from fisher_text_runs import Size
from study import Claim, joint_verdict, spread

Array = np.ndarray[Any, Any]
NAMES = {
    "by_length": "fisher_sft, normalize => 'length'",
    "same_tokens": "random, fisher_sft's tokens",
}


def claims(runs: list[dict[str, Any]], size: Size) -> list[Claim]:
    """Return the claims; a method wins a comparison if it wins with every seed."""

    def gaps(other: str) -> list[Array]:
        return [
            values_of(runs, "fisher_sft", budget) - values_of(runs, other, budget)
            for budget in size.budgets
        ]

    def describe(*others: str) -> str:
        parts = [
            f"{budget}: {spread(gap.tolist())}"
            for other in others
            for budget, gap in zip(size.budgets, gaps(other), strict=True)
        ]
        n = len(size.budgets)
        return "; ".join(
            f"minus {NAMES.get(other, other)}'s at {', '.join(parts[i * n : i * n + n])}"
            for i, other in enumerate(others)
        )

    def verdict(*others: str) -> str:
        return joint_verdict([bool((gap < 0).all()) for other in others for gap in gaps(other)])

    rule = "rule: a lower loss for every seed, at every budget"
    return [
        Claim(
            "at the same number of sentences, FisherSFT's choice teaches more than uniform "
            "sampling's",
            "better than uniform sampling (the GPT-2 experiment on Shakespeare)",
            f"held-out loss {describe('random')}",
            verdict("random"),
            f"{rule}; judged here by the loss on held-out passages",
        ),
        Claim(
            "it also teaches more than density and sensitivity sampling",
            "better than both (the GPT-2 experiment on Shakespeare)",
            f"held-out loss {describe('density', 'sensitivity')}",
            verdict("density", "sensitivity"),
            rule,
        ),
        Claim(
            "its lead is more than that of longer passages",
            "not among its claims; the gain of a sentence grows with its length by construction",
            f"held-out loss {describe('longest', 'same_tokens')}",
            verdict("longest", "same_tokens"),
            f"{rule}, over the longest passages and over as many tokens of drawn ones. By "
            f"length: {describe('by_length')}",
        ),
    ]


def values_of(
    runs: list[dict[str, Any]], method: str, budget: int | None = None, what: str = "loss"
) -> Array:
    """Return one method's values at a budget, (seeds,)."""
    return np.array(
        [run[what] for run in runs if run["method"] == method and budget in (None, run["budget"])]
    )
