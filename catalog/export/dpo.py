"""Preferences as TRL's DPOTrainer reads them: ``{"prompt": [...], "chosen": [...], "rejected": [...], "tools", "fingerprint", "source"}``.

Each of the three is a list of turns, as `catalog.export.messages` writes them. The chosen turn is
the last answer; where a rejected conversation parts from the chosen one before that, it is
everything from there on. Every rejected answer makes a line of its own.
"""

from __future__ import annotations

from typing import Any

from catalog.export.chat import MIXED, TOOLS, beside, is_altered, turns, with_system
from catalog.export.places import IMAGES, misplaces, place
from catalog.export.record import (
    Encoded,
    Message,
    Record,
    has_answer,
    is_tool_list,
    last_answer,
    message_of,
)
from catalog.export.survey import Survey
from catalog.export.trainer import NO_REJECTED

SEVERAL = "several rejected answers, a line each"
OTHERS = "rejected answers to another prompt"
AFTER = "turns after the answer"


def dpo(record: Record, survey: Survey) -> Encoded:
    """One line for each rejected answer; none where there is nothing to compare.

    >>> turns = [Message("user", "2+2?", {}), Message("assistant", "4", {})]
    >>> row, = dpo(Record("f", turns, None, None, [[{"role": "assistant", "content": "5"}]], None, "s", None, None), Survey()).rows
    >>> row["prompt"], row["chosen"], row["rejected"]
    ([{'role': 'user', 'content': '2+2?'}], [{'role': 'assistant', 'content': '4'}], [{'role': 'assistant', 'content': '5'}])
    """
    if not record.rejected or not has_answer(record.messages):
        return Encoded([], (NO_REJECTED,) if has_answer(record.messages) else ())
    answers = [[message_of(turn) for turn in answer] for answer in record.rejected]
    pairs = [pair for answer in answers if (pair := pair_of(record.messages, answer))]
    causes = {
        SEVERAL: len(answers) > 1,
        OTHERS: len(pairs) < len(answers),
        AFTER: any(len(prompt) + len(chosen) < len(record.messages) for prompt, chosen, _ in pairs),
        MIXED: is_altered(
            [*record.messages, *(message for answer in answers for message in answer)], survey
        ),
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


Turns = list[Message]


def pair_of(messages: Turns, answer: Turns) -> tuple[Turns, Turns, Turns] | None:
    """The prompt that both answers share, the chosen and the rejected turns; None where they share none.

    An answer that begins with the assistant or a tool stands in the place of the last answer. Any
    other is a conversation of its own.

    >>> asked, said, other = Message("user", "a", {}), Message("assistant", "b", {}), Message("assistant", "c", {})
    >>> pair_of([asked, said], [other]) == pair_of([asked, said], [asked, other]) == ([asked], [said], [other])
    True
    >>> pair_of([asked, said], [Message("user", "x", {}), other]) is None
    True
    """
    if answer and answer[0].role in ("assistant", "tool"):
        last = last_answer(messages)
        return messages[:last], [messages[last]], answer
    n_shared = 0
    while n_shared < min(len(messages), len(answer)) - 1 and _written(
        messages[n_shared]
    ) == _written(answer[n_shared]):
        n_shared += 1
    return (messages[:n_shared], messages[n_shared:], answer[n_shared:]) if n_shared else None


def _written(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": message.content, **message.extra}
