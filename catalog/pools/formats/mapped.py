"""Records whose fields the user names: which key, or path of keys, holds what."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from catalog.errors import OptionError
from catalog.json_text import json_text
from catalog.pools.conversation import Instruction, conversation, tools_text
from catalog.pools.formats.exchange import exchange, is_placeholder
from catalog.pools.formats.messages import turn_list
from catalog.pools.formats.turns import turns
from catalog.pools.reasons import Rejection, fields_option, kind_of

FIELDS = ("prompt", "input", "response", "system", "history", "messages", "tools", "reasoning")
"""The fields that can be named."""


def mapped(paths: Mapping[str, str]) -> Callable[[Any], Instruction | Rejection | None]:
    """Return a format that reads the fields at the given paths.

    A record without any of the paths does not fit. One without the prompt is rejected as
    ``no_prompt``.

    Raises:
        OptionError: a field is unknown, or neither prompt nor messages has a path.

    >>> read = mapped({"prompt": "act", "response": "prompt"})
    >>> read({"act": "Florist", "prompt": "Act as one."}).messages
    [('user', 'Florist', None), ('assistant', 'Act as one.', None)]
    """
    unknown = [name for name in paths if name not in FIELDS]
    if unknown:
        raise OptionError(f"no field is named {unknown[0]}: expected one of {', '.join(FIELDS)}")
    if "prompt" not in paths and "messages" not in paths:
        raise OptionError(
            "the fields must include the prompt or the messages: "
            f"{fields_option(prompt='KEY', response='KEY')}, or {fields_option(messages='KEY')}"
        )
    read = tuple(paths.values())

    def read_mapped(record: Any) -> Instruction | Rejection | None:
        if not isinstance(record, dict):
            return None
        values = {name: value_at(record, path) for name, path in paths.items()}
        if all(value is None for value in values.values()):
            return None
        rest = {key: value for key, value in record.items() if key not in read}
        result = _turns(values, rest) if "messages" in paths else _exchange(values, rest)
        if isinstance(result, Rejection):
            return result
        result = result._replace(tools=tools_text(values.get("tools")))
        if values.get("reasoning") is None:
            return result
        return with_reasoning(result, values["reasoning"])

    return read_mapped


def with_reasoning(read: Instruction, reasoning: Any) -> Instruction | Rejection:
    """Return an instruction with a reasoning in the extra of its last answer, for chat templates.

    A list of texts becomes one text of paragraphs.

    >>> read = Instruction([("assistant", "4", None)], None, None, {})
    >>> with_reasoning(read, ["2+2 is 4"]).messages
    [('assistant', '4', '{"reasoning_content": "2+2 is 4"}')]
    """
    text = reasoning
    if isinstance(reasoning, list) and all(isinstance(item, str) for item in reasoning):
        text = "\n\n".join(reasoning)
    if not isinstance(text, str):
        return Rejection(
            "wrong_type", f"the reasoning is {kind_of(reasoning)}, not a text or a list of texts"
        )
    answers = [n for n, (role, _, _) in enumerate(read.messages) if role == "assistant"]
    if not answers or not text.strip():
        return read
    role, content, extra = read.messages[answers[-1]]
    keys = json.loads(extra or "{}") | {"reasoning_content": text}
    messages = list(read.messages)
    messages[answers[-1]] = (role, content, json_text(keys))
    return read._replace(messages=messages)


def value_at(record: Any, path: str) -> Any:
    """Return the value under the key ``path``, else along the dotted path, else None.

    >>> record = {"a.b": 1, "a": {"b": 2, "c": [{"d": 3}]}}
    >>> value_at(record, "a.b"), value_at(record, "a.c.0.d"), value_at(record, "b")
    (1, 3, None)
    """
    if isinstance(record, dict) and path in record:
        return record[path]
    value = record
    for step in path.split("."):
        if isinstance(value, str) and value[:1] in "{[":
            try:
                value = json.loads(value)
            except ValueError:
                return None
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _exchange(values: dict[str, Any], rest: dict[str, Any]) -> Instruction | Rejection:
    given = values.get("input")
    n_no_input = 1 if isinstance(given, str) and is_placeholder(given) else 0
    if values["prompt"] is None:
        return Rejection("no_prompt", "the record has no value for the field prompt")
    result = exchange(
        values["prompt"],
        values.get("response"),
        given=None if n_no_input else given,
        system=values.get("system"),
        history=values.get("history"),
        rest=rest,
    )
    if isinstance(result, Rejection):
        return result
    return result._replace(n_no_input=n_no_input)


def _turns(values: dict[str, Any], rest: dict[str, Any]) -> Instruction | Rejection:
    messages = turn_list(values["messages"])
    if messages is None:
        return Rejection("wrong_type", "the field messages is not a list of turns")
    if not messages or not isinstance(messages[0], str):
        return conversation(messages, rest=rest, system=values.get("system"))
    result = turns(messages)
    if isinstance(result, Instruction):
        return result._replace(rest=rest)
    return result or Rejection("wrong_type", "no turns")
