"""Records whose fields the user names: which key, or path of keys, holds what."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from catalog.errors import OptionError
from catalog.json_text import json_text
from catalog.pools.conversation import Instruction, conversation, tools_text
from catalog.pools.formats.alpaca import exchange, is_placeholder
from catalog.pools.formats.messages import turn_list
from catalog.pools.formats.turns import turns
from catalog.pools.reasons import Rejection, kind_of

FIELDS = ("prompt", "input", "response", "system", "history", "messages", "tools", "reasoning")
"""The fields that can be named."""


def mapped(paths: Mapping[str, str]) -> Callable[[Any], Instruction | Rejection | None]:
    """A format that reads the given paths, such as ``{"prompt": "question.stem", "response": "answerKey"}``.

    A record that lacks every mapped path does not fit; one that lacks only the prompt is rejected
    as ``no_prompt``.

    Raises:
        OptionError: an unknown field, or neither prompt nor messages is mapped.

    >>> mapped({"prompt": "act", "response": "prompt"})({"act": "Florist", "prompt": "Act as one."}).messages
    [('user', 'Florist', None), ('assistant', 'Act as one.', None)]
    """
    unknown = [name for name in paths if name not in FIELDS]
    if unknown:
        raise OptionError(f"no field is named {unknown[0]}: expected one of {', '.join(FIELDS)}")
    if "prompt" not in paths and "messages" not in paths:
        raise OptionError(
            "the fields must include the prompt or the messages: "
            "prompt=KEY and response=KEY, or messages=KEY"
        )
    read = tuple(paths.values())

    def read_mapped(record: Any) -> Instruction | Rejection | None:
        if not isinstance(record, dict):
            return None
        values = {name: at(record, path) for name, path in paths.items()}
        if all(value is None for value in values.values()):
            return None
        rest = {key: value for key, value in record.items() if key not in read}
        found = _turns(values, rest) if "messages" in paths else _exchange(values, rest)
        if isinstance(found, Rejection):
            return found
        found = found._replace(tools=tools_text(values.get("tools")))
        return (
            found if values.get("reasoning") is None else with_reasoning(found, values["reasoning"])
        )

    return read_mapped


def with_reasoning(read: Instruction, reasoning: Any) -> Instruction | Rejection:
    """Return an instruction whose last answer has that reasoning in its extra, where chat templates look for it.

    A list of texts is one text of paragraphs.

    >>> with_reasoning(Instruction([("assistant", "4", None)], None, None, {}), ["2+2 is 4"]).messages
    [('assistant', '4', '{"reasoning_content": "2+2 is 4"}')]
    """
    text = (
        "\n\n".join(reasoning)
        if isinstance(reasoning, list) and all(isinstance(one, str) for one in reasoning)
        else reasoning
    )
    if not isinstance(text, str):
        return Rejection(
            "wrong_type", f"the reasoning is {kind_of(reasoning)}, not a text or a list of texts"
        )
    at_last = max(
        (n for n, (role, _, _) in enumerate(read.messages) if role == "assistant"), default=None
    )
    if at_last is None or not text.strip():
        return read
    role, content, extra = read.messages[at_last]
    messages = list(read.messages)
    messages[at_last] = (
        role,
        content,
        json_text({**json.loads(extra or "{}"), "reasoning_content": text}),
    )
    return read._replace(messages=messages)


def at(record: Any, path: str) -> Any:
    """The value under a key of that very name, else along a dotted path; None when there is none.

    >>> at({"a.b": 1, "a": {"b": 2, "c": [{"d": 3}]}}, "a.b"), at({"a": {"c": [{"d": 3}]}}, "a.c.0.d"), at({}, "a.b")
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
        return Rejection("no_prompt", "the mapped prompt is not there")
    found = exchange(
        values["prompt"],
        values.get("response"),
        given=None if n_no_input else given,
        system=values.get("system"),
        history=values.get("history"),
        rest=rest,
    )
    return found._replace(n_no_input=n_no_input) if isinstance(found, Instruction) else found


def _turns(values: dict[str, Any], rest: dict[str, Any]) -> Instruction | Rejection:
    listed = turn_list(values["messages"])
    if listed is None:
        return Rejection("wrong_type", "the mapped messages are not a list of turns")
    if listed and isinstance(listed[0], str):
        found = turns(listed)
        return (
            found._replace(rest=rest)
            if isinstance(found, Instruction)
            else found or Rejection("wrong_type", "no turns")
        )
    return conversation(listed, rest=rest, system=values.get("system"))
