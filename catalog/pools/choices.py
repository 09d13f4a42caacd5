"""Append the choices of a multiple-choice question as lines."""

from __future__ import annotations

from string import ascii_uppercase
from typing import Any

from catalog.pools.message_content import text_of

CHOICES = "choices follow their question, a line each"
"""The note of a record whose choices are read."""


def chosen(choices: Any, answer: Any) -> tuple[str, Any] | None:
    """Return the lines of the choices, and the answer; None if they are not a list of texts.

    Choices are texts, objects with a label and a text, or ARC's object with a list of each. An
    answer that is an index becomes its line: in MMLU 2 means the third choice.

    >>> chosen(["red", "blue"], 1)
    ('A. red\\nB. blue', 'B. blue')
    >>> chosen({"text": ["red", "blue"], "label": ["1", "2"]}, "2")
    ('1. red\\n2. blue', '2')
    """
    labelled = _labelled(choices)
    if not labelled or any(text is None or label is None for label, text in labelled):
        return None
    lines = [f"{label}. {text}" for label, text in labelled]
    if _is_index(answer, len(lines)) and text_of(answer) not in (text for _, text in labelled):
        answer = lines[answer]
    return "\n".join(lines), answer


def _is_index(answer: Any, n: int) -> bool:
    return isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < n


def _labelled(choices: Any) -> list[tuple[str | None, str | None]]:
    """Return the label and the text of each choice."""
    if isinstance(choices, dict) and isinstance(choices.get("text"), list):
        labels = choices.get("label")
        if not isinstance(labels, list) or len(labels) != len(choices["text"]):
            return []
        return [
            (text_of(label), text_of(text))
            for label, text in zip(labels, choices["text"], strict=True)
        ]
    if not isinstance(choices, list) or not 0 < len(choices) <= len(ascii_uppercase):
        return []
    if isinstance(choices[0], dict):
        objects = [choice if isinstance(choice, dict) else {} for choice in choices]
        return [(text_of(item.get("label")), text_of(item.get("text"))) for item in objects]
    return [(label, text_of(text)) for label, text in zip(ascii_uppercase, choices, strict=False)]
