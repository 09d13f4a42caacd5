"""Read the weight of a message in training from its own keys."""

from __future__ import annotations

from typing import Any

WEIGHTS = ("weight", "train", "loss_weight", "masked")
"""The keys of a message that hold its weight: OpenAI's, axolotl's and two others."""


def weight_of(extra: dict[str, Any]) -> float | None:
    """Return the weight that the keys of a message hold: 0 for none, 1 for full, None without one.

    >>> keys = ({"weight": 0}, {"train": True}, {"masked": True}, {"name": "Ann"})
    >>> [weight_of(extra) for extra in keys]
    [0.0, 1.0, 0.0, None]
    """
    for key in WEIGHTS:
        value = extra.get(key)
        if isinstance(value, bool | int | float):
            if key == "masked":
                return float(not value)
            return float(value)
    return None
