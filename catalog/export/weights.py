"""How much a message counts in training, as its own keys say it."""

from __future__ import annotations

from typing import Any

from catalog.export.record import Message

WEIGHTS = ("weight", "train", "loss_weight", "masked")
"""The keys of a message that say it: OpenAI's, axolotl's and two that others use."""


def weight_of(extra: dict[str, Any]) -> float | None:
    """What the keys of a message say: 0 for not at all, 1 for fully, None for nothing.

    >>> weight_of({"weight": 0}), weight_of({"train": True}), weight_of({"masked": True}), weight_of({"name": "Ann"})
    (0.0, 1.0, 0.0, None)
    """
    for key in WEIGHTS:
        value = extra.get(key)
        if isinstance(value, bool | int | float):
            return float(not value) if key == "masked" else float(value)
    return None


def changes_training(message: Message) -> bool:
    """Whether a message says other than what trainers do anyway: train on what the assistant says, and on nothing else.

    >>> changes_training(Message("assistant", "a", {"weight": 0})), changes_training(Message("user", "q", {"train": False}))
    (True, False)
    """
    weight = weight_of(message.extra) if message.extra else None
    return weight is not None and weight != (1.0 if message.role == "assistant" else 0.0)
