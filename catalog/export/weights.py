"""Read the weight of a message in training from its own keys."""

from __future__ import annotations

from typing import Any

from catalog.export.record import Message

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


def changes_training(message: Message) -> bool:
    """Return whether a weight differs from what trainers do: train on the assistant's turns only.

    >>> changes_training(Message("assistant", "a", {"weight": 0}))
    True
    >>> changes_training(Message("user", "q", {"train": False}))
    False
    """
    weight = weight_of(message.extra) if message.extra else None
    default = 1.0 if message.role == "assistant" else 0.0
    return weight is not None and weight != default
