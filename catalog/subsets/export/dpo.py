"""Preferences as TRL's DPOTrainer reads them: ``{"prompt": [...], "chosen": [...], "rejected": [...], "tools", "fingerprint", "source"}``.

Each of the three is a list of turns, as `catalog.subsets.export.messages` writes them. The chosen turns are the last answer; where a
rejected answer has several turns, they are everything after the last user message. Every rejected answer makes a line of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.subsets.export.chat import MIXED, TOOLS, beside, is_altered, turns, with_system
from catalog.subsets.export.places import IMAGES, misplaces, place
from catalog.subsets.export.record import Encoded, Message, Record, has_answer, is_tool_list, last_answer, message_of
from catalog.subsets.export.survey import Survey
from catalog.subsets.export.trainer import NO_REJECTED

SEVERAL = "several rejected answers, a line each"
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
    start, stop = answer_span(record.messages, answers)
    prompt = turns(with_system(record._replace(messages=record.messages[:start])), survey)
    causes = {
        SEVERAL: len(answers) > 1,
        AFTER: stop < len(record.messages),
        MIXED: is_altered([*record.messages, *(message for answer in answers for message in answer)], survey),
        TOOLS: record.tools is not None and not is_tool_list(record.tools),
        IMAGES: misplaces(record, prompt, survey),
    }
    if causes[IMAGES]:
        place(record, prompt, survey)
    chosen = turns(record.messages[start:stop], survey)
    rest = beside(record, survey, media=("image",))
    rows: list[dict[str, Any]] = [{"prompt": prompt, "chosen": chosen, "rejected": turns(answer, survey), **rest} for answer in answers]
    return Encoded(rows, tuple(cause for cause, holds in causes.items() if holds))


def answer_span(messages: Sequence[Message], answers: Sequence[Sequence[Message]]) -> tuple[int, int]:
    """Which messages the chosen answer is: the last of the assistant's, or all after the last user message beside longer answers.

    >>> said = [Message("user", "a", {}), Message("assistant", "b", {}), Message("tool", "c", {}), Message("assistant", "d", {})]
    >>> answer_span(said, [[said[1]]]), answer_span(said, [said[1:]])
    ((3, 4), (1, 4))
    """
    last = last_answer(list(messages))
    if all(len(answer) == 1 for answer in answers):
        return last, last + 1
    users = [position for position in range(last) if messages[position].role == "user"]
    return (users[-1] + 1 if users else last), len(messages)
