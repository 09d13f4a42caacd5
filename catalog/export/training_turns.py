"""Members as conversations with the turns that a trainer takes a loss over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from catalog.export.weights import weight_of
from catalog.models.template import Template
from catalog.models.turns import Turns, render_turns


def turns_of(row: Mapping[str, Any], template: Template) -> Turns:
    """Return the text of a member and its trained spans; turns of weight 0 are not trained.

    Args:
        row: ``messages``, ``system`` and ``tools``, as the query ``training/rows`` returns them.
        template: the tokenizer's template.
    """
    messages, is_trained = [], []
    for message in row["messages"]:
        extra = json.loads(message["extra"]) if message["extra"] else {}
        messages.append(extra | {"role": message["role"], "content": message["content"]})
        is_trained.append(not extra or weight_of(extra) != 0)
    return render_turns(
        messages,
        template=template,
        system=row["system"],
        tools=row["tools"],
        is_trained=is_trained,
    )
