"""A folder for LLaMA-Factory: ``NAME.jsonl`` and its entry in ``dataset_info.json``, for ``dataset_dir: FOLDER`` and ``dataset: NAME``.

The layout is LLaMA-Factory's "sharegpt" with OpenAI's tags, the one that holds a single turn, many turns, system prompts and tools alike
(its data/README.md). Its reader takes a role and a text of each message and nothing else, so other keys are a loss; it wants the roles to
alternate between user or tool and assistant or call, ends with the latter, and skips a record that does not, so that is a loss too.

Every line has the same keys, all of them texts (``tools`` is "" where there are none): the loader behind it fixes the type of
each column by the first 10 MB of a file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from catalog.errors import OptionError
from catalog.subsets.export.json_line import json_line
from catalog.subsets.export.record import Encoded, Message, Record
from catalog.subsets.export.sharegpt import is_call

TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "tool",
    "function_tag": "function_call",
    "system_tag": "system",
}
INFO = "dataset_info.json"
CALLS = "tool_calls, written as function_call turns without their ids"
EXTRAS = "message keys beside role and content"
ORDER = "turns that do not alternate, which LLaMA-Factory skips"


def llamafactory(record: Record) -> Encoded:
    """One conversation.

    A call in OpenAI's ``tool_calls`` becomes a turn of role function_call, a JSON list of names and arguments: what the trainer
    learns is the call, but ids and the text beside it are lost.

    >>> llamafactory(Record("f", [Message("user", "hi", {}), Message("assistant", "hello", {})], None, None, "s", None, None)).value
    {'messages': [{'role': 'user', 'content': 'hi'}, {'role': 'assistant', 'content': 'hello'}], 'tools': ''}
    """
    turns = [_turn(message) for message in record.messages]
    causes = {
        CALLS: any(_calls(message) for message in record.messages),
        EXTRAS: any(_has_more(message) for message in record.messages),
        ORDER: not _alternates([turn["role"] for turn in turns]),
    }
    before = [] if record.system is None else [{"role": "system", "content": record.system}]
    value = {"messages": before + turns, "tools": record.tools or ""}
    return Encoded(value, tuple(cause for cause, holds in causes.items() if holds))


def dataset_info(folder: Path, *, name: str, has_tools: bool, overwrite: bool) -> str:
    """The text of ``dataset_info.json`` with this data set's entry; the entries that are there stay as they are.

    Raises:
        OptionError: the file that is there is no JSON object, or has such an entry and may not be overwritten.
    """
    path = folder / INFO
    entries = _entries(path) if path.exists() else {}
    if name in entries and not overwrite:
        raise OptionError(f"{path} has an entry {name!r} already: give this one another with --name, or add --overwrite")
    columns = {"messages": "messages", "tools": "tools"} if has_tools else {"messages": "messages"}
    entries[name] = {"file_name": f"{name}.jsonl", "formatting": "sharegpt", "columns": columns, "tags": TAGS}
    return json.dumps(entries, ensure_ascii=False, indent=2) + "\n"


def _entries(path: Path) -> dict[str, Any]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OptionError(f"{path} is not JSON ({error}): mend it or choose another folder") from error
    if not isinstance(entries, dict):
        raise OptionError(f"{path} holds no JSON object, so it is no dataset_info.json: choose another folder")
    return entries


def _turn(message: Message) -> dict[str, str]:
    calls = _calls(message)
    if calls:
        return {"role": "function_call", "content": json_line([_call(call) for call in calls])}
    return {"role": "function_call" if is_call(message) else message.role, "content": message.content}


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


def _has_more(message: Message) -> bool:
    known = {"from"} if is_call(message) else set()
    return bool(message.extra.keys() - known - {"tool_calls"})


def _alternates(roles: Sequence[str]) -> bool:
    """Whether user or tool, then assistant or call, and so on to an even number, as LLaMA-Factory's reader checks.

    >>> _alternates(["user", "function_call", "tool", "assistant"]), _alternates(["user", "assistant", "user"]), _alternates([])
    (True, False, False)
    """
    asks, answers = set(roles[::2]), set(roles[1::2])
    return bool(roles) and len(roles) % 2 == 0 and asks <= {"user", "tool"} and answers <= {"assistant", "function_call"}
