"""Stanford Alpaca: ``{"instruction", "input", "output", "fingerprint", "source"}``, and ``system`` in a file that has one.

The shape holds one question and one answer. The whole prompt is ``instruction`` and ``input`` is
empty, since what was an input once stands in the prompt already.
"""

from __future__ import annotations

from catalog.export.record import Encoded, Message, Record, last_answer
from catalog.export.survey import Survey

TURNS = "several turns"
TOOLS = "tools"
EXTRAS = "message keys beside role and content"


def alpaca(record: Record, survey: Survey) -> Encoded:
    """One question and its answer.

    In a longer conversation, all texts before the answer become the instruction, separated by blank
    lines: the words stay, who said them is lost. Tools, other message keys and what follows the
    answer are left out.

    >>> turns = [Message("user", "2+2?", {}), Message("assistant", "4", {})]
    >>> alpaca(Record("f", turns, None, None, None, None, "s", None, None), Survey()).rows
    [{'instruction': '2+2?', 'input': '', 'output': '4', 'fingerprint': 'f', 'source': 's'}]
    """
    answer = last_answer(record.messages)
    prompt = record.messages[:answer] if answer >= 0 else record.messages
    value = {
        "instruction": "\n\n".join(message.content for message in prompt),
        "input": "",
        "output": record.messages[answer].content if answer >= 0 else "",
    }
    if survey.n_systems:
        value["system"] = record.system or ""
    return Encoded(
        [{**value, "fingerprint": record.fingerprint, "source": record.source}],
        _lost(record, answer),
    )


def _lost(record: Record, answer: int) -> tuple[str, ...]:
    causes = {
        TURNS: _is_long(record.messages, answer),
        TOOLS: record.tools is not None,
        EXTRAS: any(message.extra for message in record.messages),
    }
    return tuple(cause for cause, holds in causes.items() if holds)


def _is_long(messages: list[Message], answer: int) -> bool:
    """Whether there is more than one user message, or more than one answer after it."""
    roles = [message.role for message in messages]
    return roles != (["user", "assistant"] if answer >= 0 else ["user"])
