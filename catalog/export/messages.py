"""OpenAI's chat format, as TRL's SFTTrainer reads it.

A row is ``{"messages": [{"role", "content", ...}], "tools", "fingerprint", "source"}``. The system
prompt is the first message. Other keys of a message (name, tool_calls, tool_call_id, weight, ...)
stand beside role and content. If any content in the file has parts, every content is a list of
parts. If any record has tools, every row has ``tools``, a JSON text. If any record has images,
every row has ``images``, a list of paths. Labels and metadata are left out; `jsonl` and `parquet`
keep them.
"""

from __future__ import annotations

from typing import Any

from catalog.export.chat import MIXED, TOOLS, beside, is_altered, turns, with_system
from catalog.export.image_parts import IMAGES, misplaces, place
from catalog.export.record import Encoded, Record, is_tool_list
from catalog.export.registry import exporter
from catalog.export.survey import Survey
from catalog.export.trainer import Trainer


@exporter(
    "messages",
    layout="lines",
    suffixes=(".jsonl", ".ndjson", ".json"),
    turns="messages",
    trainer=Trainer(media=("image",)),
    loses="rejected answers, videos, audios, weights, tools that are not a list",
)
def messages(record: Record, survey: Survey) -> Encoded:
    """Return one row in OpenAI's chat format, for TRL's SFTTrainer.

    >>> from catalog.export.record import Message
    >>> turns = [Message("user", "hi", {})]
    >>> record = Record("f", turns, "Be kind.", None, None, None, "s", None, None)
    >>> row, = messages(record, Survey()).rows
    >>> row["messages"]
    [{'role': 'system', 'content': 'Be kind.'}, {'role': 'user', 'content': 'hi'}]
    >>> row["fingerprint"], row["source"]
    ('f', 's')
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
