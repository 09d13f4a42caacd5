"""Folder for LLaMA-Factory: ``NAME.jsonl`` and its entry in ``dataset_info.json``.

LLaMA-Factory reads it with ``dataset_dir: FOLDER`` and ``dataset: NAME``.

The layout is LLaMA-Factory's "sharegpt" with OpenAI's tags, which holds a single turn, many turns,
system prompts and tools (its data/README.md). Its reader takes only the role and the text of a
message, so other keys are a loss. Roles must alternate between user or tool and assistant or call.
It skips any other record, so that is a loss too. Only its "openai" reader joins the results of
parallel tool calls, so a file with such results is written for that reader.

If members have rejected answers, the file is a preference set with ``ranking: true``. ``messages``
ends before the answer, and ``chosen`` and ``rejected`` are one turn each.

Every row has the same keys, and ``tools`` is "" without tools, because the loader fixes the type of
each column from the first 10 MB of a file.
"""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import chain
from typing import Any

from catalog.export.chat import TOOLS, beside
from catalog.export.dataset_info import INFO, check_entry, dataset_info, training
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
from catalog.export.registry import FolderTarget, SideFile, exporter
from catalog.export.sharegpt import is_call
from catalog.export.survey import Survey
from catalog.export.trainer import NO_REJECTED, Trainer
from catalog.json_text import as_list

CALLS = "tool_calls, written as function_call turns without their ids"
NO_CALL = "function_call turns without a name and arguments in JSON, on which LLaMA-Factory stops"
EXTRAS = "message keys beside role and content"
LONG = "rejected answers that are more than one turn"


def side_files(target: FolderTarget) -> list[SideFile]:
    """Return ``dataset_info.json``, and a training configuration where the order matters.

    Raises:
        OptionError: ``dataset_info.json`` cannot get the entry.
    """
    folder, name = target.folder, target.name
    check_entry(folder, name=name, overwrite=target.overwrite)
    info = SideFile(
        folder / INFO,
        lambda survey: dataset_info(folder, name=name, survey=survey),
        is_shared=True,
    )
    if not target.order_matters:
        return [info]
    configuration = SideFile(
        folder / f"{name}.yaml",
        lambda _: training(folder, name=name, reference=target.reference),
    )
    return [info, configuration]


@exporter(
    "llamafactory",
    layout="folder",
    trainer=Trainer(media=KINDS, reads_rejected=True, keeps_order=True),
    side_files=side_files,
    loses="other message keys, turns that do not alternate",
)
def llamafactory(record: Record, survey: Survey) -> Encoded:
    """Return one conversation for LLaMA-Factory, or one pair for each rejected answer.

    A call in OpenAI's ``tool_calls`` becomes a turn of the role function_call, a JSON list of names
    and arguments. The trainer learns the call; its id and the text beside it are lost.

    >>> messages = [Message("user", "hi", {}), Message("assistant", "hello", {})]
    >>> record = Record("f", messages, None, None, None, None, "s", None, None)
    >>> llamafactory(record, Survey()).rows[0]["messages"]
    [{'role': 'user', 'content': 'hi'}, {'role': 'assistant', 'content': 'hello'}]
    """
    turns = [_turn(message) for message in record.messages]
    causes = {
        CALLS: any(_calls(message) for message in record.messages),
        NO_CALL: any(map(_is_bad_call, record.messages)),
        EXTRAS: any(_has_more(message) for message in record.messages),
        TOOLS: record.tools is not None and not is_tool_list(record.tools),
        THINKING: survey.has_parallel_results and changes_system(record),
        MARKS: misses_marks(record),
    }
    if causes[MARKS]:
        turns = with_marks(record, turns)
    before = []
    if record.system is not None:
        before.append({"role": "system", "content": record.system})
    tools = record.tools if is_tool_list(record.tools) else ""
    rest = beside(record, survey, media=KINDS) | {"tools": tools}
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
    """Return a pair of the answer and each rejected one, and the causes of losses."""
    if not has_answer(record.messages):
        return [], ()
    if not record.rejected:
        return [], (NO_REJECTED,)
    last = last_answer(record.messages)
    answers = [[message_of(turn) for turn in answer] for answer in record.rejected]
    causes = {
        SEVERAL: len(answers) > 1,
        LONG: not all(map(_is_single, answers)),
        AFTER: last + 1 < len(turns),
        EXTRAS: any(map(_has_more, chain.from_iterable(answers))),
        ORDER: not alternates(turns[: last + 1], is_openai=False),
    }
    rows = [
        {"messages": turns[:last], "chosen": turns[last], "rejected": _turn(answer[-1])}
        for answer in answers
        if _is_single(answer)
    ]
    return rows, tuple(cause for cause, holds in causes.items() if holds)


def _is_single(answer: list[Message]) -> bool:
    return len(answer) == 1 and answer[0].role == "assistant"


def _turn(message: Message) -> dict[str, str]:
    calls = _calls(message)
    if calls:
        return {"role": "function_call", "content": json_line([_call(call) for call in calls])}
    if is_call(message) and _is_good_call(message.content):
        return {"role": "function_call", "content": message.content}
    return {"role": message.role, "content": message.content}


def _calls(message: Message) -> list[Any]:
    calls = message.extra.get("tool_calls")
    if not isinstance(calls, list):
        return []
    return calls


def _call(call: Any) -> Any:
    """Return name and arguments, the arguments as a value: OpenAI writes them as JSON text."""
    function = call
    if isinstance(call, dict):
        function = call.get("function", call)
    if not isinstance(function, dict):
        return function
    arguments = function.get("arguments", {})
    if isinstance(arguments, str):
        with suppress(ValueError):  # arguments that are not JSON stay a text
            arguments = json.loads(arguments)
    return {"name": function.get("name"), "arguments": arguments}


def _is_good_call(content: str) -> bool:
    """Return whether LLaMA-Factory can read a call: one call or a list, perhaps after a thought.

    >>> texts = ('{"name": "f", "arguments": {}}', '{"name": "f"}', "f()")
    >>> [_is_good_call(text) for text in texts]
    [True, False, False]
    """
    try:
        value = json.loads(content.rpartition("</think>")[2])
    except ValueError:
        return False
    return all(
        isinstance(call, dict) and {"name", "arguments"} <= call.keys() for call in as_list(value)
    )


def _is_bad_call(message: Message) -> bool:
    return is_call(message) and not _is_good_call(message.content)


def _has_more(message: Message) -> bool:
    known = {"tool_calls"}
    if is_call(message):
        known.add("from")
    return bool(message.extra.keys() - known)
