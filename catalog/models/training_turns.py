"""Members as conversations with the turns that a trainer takes a loss over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from catalog.models.template import Template
from catalog.models.turn_weight import weight_of
from catalog.models.turns import Turns, render_turns

Row = Mapping[str, Any]
"""``messages``, ``system`` and ``tools``; a message has ``extra``, JSON of its other keys."""


def turns_of(row: Row, template: Template) -> Turns:
    """Return the text of a member and its trained spans; turns of weight 0 are not trained.

    Args:
        row: as the query ``training/rows`` returns it.
        template: the tokenizer's template.
    """
    extras = [_extra(message) for message in row["messages"]]
    messages = [
        extra | {"role": message["role"], "content": message["content"]}
        for message, extra in zip(row["messages"], extras, strict=True)
    ]
    return render_turns(
        messages,
        template=template,
        system=row.get("system"),
        tools=row.get("tools"),
        is_trained=[not extra or weight_of(extra) != 0 for extra in extras],
    )


def is_one_answer(row: Row) -> bool:
    """Return whether a member has one turn of the assistant, without keys of its own.

    What is measured over all its turns is then what is measured over the last.
    """
    answers = [message for message in row["messages"] if message["role"] == "assistant"]
    return len(answers) <= 1 and not any(message.get("extra") for message in answers)


def by_answer(row: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    """Return a member once for each trained answer, ending with it, or why there is none."""
    if is_one_answer(row):
        return [row], None
    answers = [place for place, each in enumerate(row["messages"]) if each["role"] == "assistant"]
    trained = [place for place in answers if weight_of(_extra(row["messages"][place])) != 0]
    ends = [place + 1 for place in trained if str(row["messages"][place]["content"] or "").strip()]
    if not ends:
        return [], "empty_response" if trained else "not_trained"
    return [{**row, "messages": row["messages"][:end]} for end in ends], None


def _extra(message: Mapping[str, Any]) -> dict[str, Any]:
    text = message.get("extra")
    return dict(json.loads(text)) if text else {}
