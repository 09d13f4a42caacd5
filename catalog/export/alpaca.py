"""Stanford Alpaca: ``{"instruction", "input", "output", "fingerprint", "source"}``.

The format holds one question and one answer. ``instruction`` is the whole prompt, and ``input`` is
empty because a pool keeps an earlier input in the prompt. Rows have a ``system`` if any record of
the file has one.
"""

from __future__ import annotations

from catalog.export.record import Encoded, Message, Record, last_answer
from catalog.export.registry import exporter
from catalog.export.survey import Survey
from catalog.export.trainer import Trainer

TURNS = "several turns"
TOOLS = "tools"
EXTRAS = "message keys beside role and content"


@exporter(
    "alpaca",
    layout="array",
    suffixes=(".json", ".jsonl", ".ndjson"),
    trainer=Trainer(),
    loses="several turns, tools, media, other message keys",
)
def alpaca(record: Record, survey: Survey) -> Encoded:
    """Return one question and its answer in Stanford Alpaca's keys.

    In a longer conversation, all texts before the answer become the instruction, separated by
    blank lines, without their roles. The row leaves out tools, other message keys and everything
    after the answer.

    >>> turns = [Message("user", "2+2?", {}), Message("assistant", "4", {})]
    >>> alpaca(Record("f", turns, None, None, None, None, "s", None, None), Survey()).rows
    [{'instruction': '2+2?', 'input': '', 'output': '4', 'fingerprint': 'f', 'source': 's'}]
    """
    answer = last_answer(record.messages)
    prompt, output = record.messages, ""
    if answer >= 0:
        prompt, output = record.messages[:answer], record.messages[answer].content
    value = {
        "instruction": "\n\n".join(message.content for message in prompt),
        "input": "",
        "output": output,
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
    """Return whether a record is more than one user message and one answer."""
    roles = [message.role for message in messages]
    return roles != (["user", "assistant"] if answer >= 0 else ["user"])
