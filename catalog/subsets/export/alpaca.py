"""Stanford Alpaca: ``{"instruction", "input", "output"}``, and ``system`` where there is one.

The shape holds one question and one answer. The whole prompt is ``instruction`` and ``input`` is empty, since what was an input once
stands in the prompt already.
"""

from __future__ import annotations

from catalog.subsets.export.record import Encoded, Message, Record, last_answer

TURNS = "several turns"
NO_ANSWER = "no answer"
TOOLS = "tools"
EXTRAS = "message keys beside role and content"


def alpaca(record: Record) -> Encoded:
    """One question and its answer.

    Of a longer conversation, all texts before the answer become the instruction, a blank line between them: the words stay, who said
    them is lost. Tools, other message keys and what follows the answer are left out.

    >>> turns = [Message("user", "2+2?", {}), Message("assistant", "4", {})]
    >>> alpaca(Record("f", turns, None, None, "s", None, None))
    Encoded(value={'instruction': '2+2?', 'input': '', 'output': '4'}, lost=())
    >>> alpaca(Record("f", [*turns, Message("user", "Sure?", {}), Message("assistant", "Yes", {})], None, None, "s", None, None))
    Encoded(value={'instruction': '2+2?\\n\\n4\\n\\nSure?', 'input': '', 'output': 'Yes'}, lost=('several turns',))
    """
    answer = last_answer(record.messages)
    prompt = record.messages[:answer] if answer >= 0 else record.messages
    value = {
        "instruction": "\n\n".join(message.content for message in prompt),
        "input": "",
        "output": record.messages[answer].content if answer >= 0 else "",
    }
    if record.system is not None:
        value["system"] = record.system
    return Encoded(value, _lost(record, answer))


def _lost(record: Record, answer: int) -> tuple[str, ...]:
    causes = {
        TURNS: _is_long(record.messages, answer),
        NO_ANSWER: answer < 0,
        TOOLS: record.tools is not None,
        EXTRAS: any(message.extra for message in record.messages),
    }
    return tuple(cause for cause, holds in causes.items() if holds)


def _is_long(messages: list[Message], answer: int) -> bool:
    """Whether there is more than one user message, or more than one answer after it."""
    roles = [message.role for message in messages]
    return roles != (["user", "assistant"] if answer >= 0 else ["user"])
