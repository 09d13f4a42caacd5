"""Preferences, as TRL's DPOTrainer reads them.

A row is ``{"prompt": [...], "chosen": [...], "rejected": [...], "tools", "fingerprint",
"source"}``. Prompt, chosen and rejected are lists of turns, as `catalog.export.messages` writes
them. Chosen is the last answer. If a rejected conversation differs from the chosen one earlier,
both are everything from that turn on. Every rejected answer has its own row.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from catalog.export.chat import MIXED, TOOLS, beside, is_altered, turns, with_system
from catalog.export.image_parts import IMAGES, misplaces, place
from catalog.export.record import (
    Encoded,
    Message,
    Record,
    has_answer,
    is_tool_list,
    last_answer,
    message_of,
)
from catalog.export.registry import exporter
from catalog.export.survey import Survey
from catalog.export.trainer import NO_REJECTED, Trainer

SEVERAL = "several rejected answers, one row each"
OTHERS = "rejected answers to another prompt"
AFTER = "turns after the answer"


Turns = list[Message]


@exporter(
    "dpo",
    layout="lines",
    suffixes=(".jsonl", ".ndjson", ".json"),
    turns="prompt",
    trainer=Trainer(media=("image",), reads_rejected=True, needs_rejected=True),
    loses="members without a rejected answer, several rejected answers, what messages loses",
)
def dpo(record: Record, survey: Survey) -> Encoded:
    """Return one preference for each rejected answer, for TRL's DPOTrainer.

    >>> messages = [Message("user", "2+2?", {}), Message("assistant", "4", {})]
    >>> rejected = [[{"role": "assistant", "content": "5"}]]
    >>> record = Record("f", messages, None, None, rejected, None, "s", None, None)
    >>> row, = dpo(record, Survey()).rows
    >>> row["prompt"], row["chosen"]
    ([{'role': 'user', 'content': '2+2?'}], [{'role': 'assistant', 'content': '4'}])
    >>> row["rejected"]
    [{'role': 'assistant', 'content': '5'}]
    """
    if not record.rejected or not has_answer(record.messages):
        if has_answer(record.messages):
            return Encoded([], (NO_REJECTED,))
        return Encoded([], ())
    answers = [[message_of(turn) for turn in answer] for answer in record.rejected]
    matched = [pair_of(record.messages, answer) for answer in answers]
    pairs = [pair for pair in matched if pair is not None]
    causes = {
        SEVERAL: len(answers) > 1,
        OTHERS: len(pairs) < len(answers),
        AFTER: any(len(prompt) + len(chosen) < len(record.messages) for prompt, chosen, _ in pairs),
        MIXED: is_altered(chain(record.messages, *answers), survey),
        TOOLS: record.tools is not None and not is_tool_list(record.tools),
    }
    rows, rest = [], beside(record, survey, media=("image",))
    for prompt, chosen, rejected in pairs:
        before = turns(with_system(record._replace(messages=prompt)), survey)
        if misplaces(record, before, survey):
            causes[IMAGES] = True
            place(record, before, survey)
        rows.append(
            {
                "prompt": before,
                "chosen": turns(chosen, survey),
                "rejected": turns(rejected, survey),
                **rest,
            }
        )
    return Encoded(rows, tuple(cause for cause, holds in causes.items() if holds))


def pair_of(messages: Turns, answer: Turns) -> tuple[Turns, Turns, Turns] | None:
    """Return the shared prompt, the chosen turns and the rejected turns; None if none is shared.

    An answer that begins with the assistant or a tool replaces the last answer. Any other answer
    is a whole conversation.

    >>> question, answer = Message("user", "a", {}), Message("assistant", "b", {})
    >>> other, elsewhere = Message("assistant", "c", {}), Message("user", "x", {})
    >>> pair_of([question, answer], [other]) == ([question], [answer], [other])
    True
    >>> pair_of([question, answer], [question, other]) == ([question], [answer], [other])
    True
    >>> pair_of([question, answer], [elsewhere, other]) is None
    True
    """
    if answer and answer[0].role in ("assistant", "tool"):
        last = last_answer(messages)
        return messages[:last], [messages[last]], answer
    n_shared = 0
    most = min(len(messages), len(answer)) - 1
    while n_shared < most and _written(messages[n_shared]) == _written(answer[n_shared]):
        n_shared += 1
    if not n_shared:
        return None
    return messages[:n_shared], messages[n_shared:], answer[n_shared:]


def _written(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": message.content, **message.extra}
