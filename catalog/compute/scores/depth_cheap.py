"""Information depth without fine-tuning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.compute.scores.formula import Formula

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring


def depth_cheap(scoring: Scoring) -> Formula:
    """CE(y | x) * log(1 + K), K the number of distinct labels and 1 where there is none (ILA's cheap form, arXiv 2509.06463).

    The authors use log K; 1 + K keeps an instruction of one label alive.
    """
    return Formula(
        {"response_loss": scoring.signal("response_loss"), "n_labels": scoring.signal("n_labels")},
        notes=scoring.k_notes(),
    )
