"""A folder for LLaMA-Factory: ``NAME.jsonl`` and its entry in ``dataset_info.json``, for ``dataset_dir: FOLDER`` and ``dataset: NAME``.

The layout is LLaMA-Factory's "sharegpt" with OpenAI's tags, which holds a single turn, many turns,
system prompts and tools alike (its data/README.md). Its reader takes a role and a text of each
message and nothing else, so other keys are a loss. It wants the roles to alternate between user or
tool and assistant or call, and skips a record that does not, so that is a loss too. Only its
"openai" reader joins the results of parallel tool calls: a file that has some is written for that
one.

Where members have rejected answers the file is a preference set, with ``ranking: true``:
``messages`` ends before the answer, and ``chosen`` and ``rejected`` are one turn each.

Every line has the same keys, and ``tools`` is "" where there are none: the loader behind it fixes
the type of each column by the first 10 MB of a file.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from catalog.export.chat import TOOLS, beside
from catalog.export.dpo import AFTER, SEVERAL
from catalog.export.json_line import json_line
from catalog.export.llamafactory_rules import (
    MARKS,
    ORDER,
    THINKING,
    alternates,
    changes_system,
    misses_marks,
    with_marks,
)
from catalog.export.media import KINDS
from catalog.export.record import (
    Encoded,
    Message,
    Record,
    has_answer,
    is_tool_list,
    last_answer,
    message_of,
)
from catalog.export.sharegpt import is_call
from catalog.export.survey import Survey
from catalog.export.trainer import NO_REJECTED

CALLS = "tool_calls, written as function_call turns without their ids"
NO_CALL = "function_call turns without a name and arguments in JSON, on which LLaMA-Factory stops"
EXTRAS = "message keys beside role and content"
LONG = "rejected answers that are more than one turn"


def llamafactory(record: Record, survey: Survey) -> Encoded:
    """One conversation, or one pair for each rejected answer.

    A call in OpenAI's ``tool_calls`` becomes a turn of role function_call, a JSON list of names and
    arguments: what the trainer learns is the call, but ids and the text beside it are lost.

    >>> turns = [Message("user", "hi", {}), Message("assistant", "hello", {})]
    >>> llamafactory(Record("f", turns, None, None, None, None, "s", None, None), Survey()).rows[0]["messages"]
    [{'role': 'user', 'content': 'hi'}, {'role': 'assistant', 'content': 'hello'}]
    """
    turns = [_turn(message) for message in record.messages]
    causes = {
        CALLS: any(_calls(message) for message in record.messages),
        NO_CALL: any(
            is_call(message) and not _is_good_call(message.content) for message in record.messages
        ),
        EXTRAS: any(_has_more(message) for message in record.messages),
        TOOLS: record.tools is not None and not is_tool_list(record.tools),
        THINKING: survey.has_parallel_results and changes_system(record),
        MARKS: misses_marks(record),
    }
    if causes[MARKS]:
        turns = with_marks(record, turns)
    before = [] if record.system is None else [{"role": "system", "content": record.system}]
    rest = beside(record, survey, media=KINDS) | {
        "tools": (record.tools or "") if is_tool_list(record.tools) else ""
    }
    if survey.n_rejected:
        rows, lost = _pairs(record, turns)
        rows = [{**row, "messages": before + row["messages"], **rest} for row in rows]
    else:
        rows, lost = [{"messages": before + turns, **rest}], ()
        causes[ORDER] = not alternates(turns, is_openai=survey.has_parallel_results)
    return Encoded(rows, (*(cause for cause, holds in causes.items() if holds), *lost))


def _pairs(
    record: Record, turns: list[dict[str, str]]
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The answer beside each of the rejected ones, and what that loses."""
    if not record.rejected or not has_answer(record.messages):
        return [], (NO_REJECTED,) if has_answer(record.messages) else ()
    last = last_answer(record.messages)
    answers = [[message_of(turn) for turn in answer] for answer in record.rejected]
    causes = {
        SEVERAL: len(answers) > 1,
        LONG: any(not _is_one(answer) for answer in answers),
        AFTER: last + 1 < len(turns),
        EXTRAS: any(_has_more(message) for answer in answers for message in answer),
        ORDER: not alternates(turns[: last + 1], is_openai=False),
    }
    rows = [
        {"messages": turns[:last], "chosen": turns[last], "rejected": _turn(answer[-1])}
        for answer in answers
        if _is_one(answer)
    ]
    return rows, tuple(cause for cause, holds in causes.items() if holds)


def _is_one(answer: list[Message]) -> bool:
    return len(answer) == 1 and answer[0].role == "assistant"


def _turn(message: Message) -> dict[str, str]:
    calls = _calls(message)
    if calls:
        return {"role": "function_call", "content": json_line([_call(call) for call in calls])}
    is_good = is_call(message) and _is_good_call(message.content)
    return {"role": "function_call" if is_good else message.role, "content": message.content}


def _calls(message: Message) -> list[Any]:
    calls = message.extra.get("tool_calls")
    return calls if isinstance(calls, list) else []


def _call(call: Any) -> Any:
    """Name and arguments, these as a value: OpenAI writes them as JSON text."""
    function = call.get("function", call) if isinstance(call, dict) else call
    if not isinstance(function, dict):
        return function
    arguments = function.get("arguments", {})
    if isinstance(arguments, str):
        with suppress(ValueError):  # not JSON: the text is what there is
            arguments = json.loads(arguments)
    return {"name": function.get("name"), "arguments": arguments}


def _is_good_call(content: str) -> bool:
    """Whether a function_call turn is what LLaMA-Factory reads: one call or a list of calls, perhaps after a thought.

    >>> _is_good_call('{"name": "f", "arguments": {}}'), _is_good_call('{"name": "f"}'), _is_good_call("f()")
    (True, False, False)
    """
    try:
        value = json.loads(content.rpartition("</think>")[2])
    except ValueError:
        return False
    calls = value if isinstance(value, list) else [value]
    return all(isinstance(call, dict) and {"name", "arguments"} <= call.keys() for call in calls)


def _has_more(message: Message) -> bool:
    known = {"from"} if is_call(message) else set()
    return bool(message.extra.keys() - known - {"tool_calls"})
