"""Messages whose weight in training differs from what trainers do by default."""

from __future__ import annotations

from catalog.export.record import Message
from catalog.models.turn_weight import weight_of


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
