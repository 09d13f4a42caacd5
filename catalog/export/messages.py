"""OpenAI's chat shape, as TRL's SFTTrainer reads it: ``{"messages": [{"role", "content", ...}], "tools", "fingerprint", "source"}``.

The system prompt is the first message, and other keys of a message (name, tool_calls, tool_call_id,
weight, ...) stand beside role and content. If any content in the file came in parts, all are lists
of parts. ``tools`` is JSON text, and a key of every line when any record has tools; so is
``images``, a list of paths. Labels and metadata stay behind; `jsonl` and `parquet` keep them.
"""

from __future__ import annotations

from typing import Any

from catalog.export.chat import MIXED, TOOLS, beside, is_altered, turns, with_system
from catalog.export.places import IMAGES, misplaces, place
from catalog.export.record import Encoded, Record, is_tool_list
from catalog.export.survey import Survey


def messages(record: Record, survey: Survey) -> Encoded:
    """One line of chat.

    >>> from catalog.export.record import Message
    >>> record = Record("f", [Message("user", "hi", {})], "Be kind.", None, None, None, "s", None, None)
    >>> messages(record, Survey()).rows
    [{'messages': [{'role': 'system', 'content': 'Be kind.'}, {'role': 'user', 'content': 'hi'}], 'fingerprint': 'f', 'source': 's'}]
    """
    rows = turns(with_system(record), survey)
    causes = {
        MIXED: is_altered(record.messages, survey),
        TOOLS: record.tools is not None and not is_tool_list(record.tools),
        IMAGES: misplaces(record, rows, survey),
    }
    if causes[IMAGES]:
        place(record, rows, survey)
    value: dict[str, Any] = {"messages": rows, **beside(record, survey, media=("image",))}
    return Encoded([value], tuple(cause for cause, holds in causes.items() if holds))
