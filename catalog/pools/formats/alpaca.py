"""Alpaca and its renamed keys: one prompt with an optional input, and one answer.

The original has `instruction`, `input` and `output` (tatsu-lab). A prompt of turns with an answer
of turns is TRL's conversational prompt-completion.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from catalog.pools.choices import CHOICES, chosen
from catalog.pools.conversation import Instruction, tools_text
from catalog.pools.formats.alpaca_keys import Keys, keys_of, reads_null, without_nulls
from catalog.pools.formats.exchange import exchange, is_placeholder
from catalog.pools.formats.registry import record_format
from catalog.pools.reasons import Rejection

_NOTHING: dict[str, Any] = {}


class _Parts(NamedTuple):
    """The values of a record's fields, its metadata and its notes."""

    prompt: Any
    given: Any
    response: Any
    rest: dict[str, Any]
    notes: tuple[str, ...] = ()


@record_format(order=90)
def alpaca(record: Any) -> Instruction | Rejection | None:
    """Read a record with an instruction or another key of a prompt; None without one.

    - The first key of each kind that is not null is read.
    - An instruction beside a question, or an input beside a context, are one prompt: instruction,
      context, input, question, a line each. A text that repeats another one stays in the metadata.
    - An input that is a placeholder (`is_placeholder`) becomes no input and stays in the metadata.
    - ``choices`` follow the prompt, a line each (`catalog.pools.choices`).
    - ``history`` (LLaMA-Factory: pairs of prompt and answer) comes before the prompt.
    - The first of ``instances`` (self-instruct) is read. If there are more, all of them stay in the
      metadata.
    - A prompt that is a list of turns is followed by the answer, turns or a text.

    >>> alpaca({"instruction": "Add.", "input": "1 2", "output": "3"}).messages
    [('user', 'Add.\\n1 2', None), ('assistant', '3', None)]
    """
    keys = keys_of(tuple(record)) if isinstance(record, dict) else None
    if keys is None:
        return None
    if keys.is_plain:
        plain = _plain(record, keys)
        if plain is not None:
            return plain
    if reads_null(record, keys):
        keys = without_nulls(record, keys)
    parts = _parts(record, keys)
    given, rest = parts.given, parts.rest
    n_no_input = 0
    if given and keys.input and isinstance(given, str) and is_placeholder(given):
        rest, given, n_no_input = {**rest, keys.input: given}, None, 1
    system, history = _at(record, keys.system), _at(record, keys.history)
    read = exchange(
        parts.prompt, parts.response, given=given, system=system, history=history, rest=rest
    )
    if isinstance(read, Instruction) and (n_no_input or keys.tools or parts.notes):
        tools = tools_text(record[keys.tools]) if keys.tools else None
        return read._replace(n_no_input=n_no_input, tools=tools, notes=parts.notes)
    return read


def _plain(record: dict[str, Any], keys: Keys) -> Instruction | None:
    """Read a record of two or three texts as `exchange` does; None for any other.

    Nearly every record of most files is so, which makes this a fast path.
    """
    prompt, response = record[keys.prompt], record[keys.response or ""]
    if type(prompt) is not str or type(response) is not str:
        return None
    if keys.input:
        given = record[keys.input]
        if type(given) is not str:
            return None
        if given:
            if not prompt or prompt.isspace() or given.isspace() or is_placeholder(given):
                return None
            prompt = f"{prompt}\n{given}"
    rest = {key: record[key] for key in keys.rest} if keys.rest else _NOTHING
    return Instruction([("user", prompt, None), ("assistant", response, None)], None, None, rest)


def _at(record: dict[str, Any], key: str | None) -> Any:
    if not key:
        return None
    return record[key]


def _parts(record: dict[str, Any], keys: Keys) -> _Parts:
    """Return the prompt, the input and the answer of a record."""
    parts = _Parts(
        prompt=record[keys.prompt],
        given=_at(record, keys.input),
        response=_at(record, keys.response),
        rest={key: record[key] for key in keys.rest} if keys.rest else _NOTHING,
    )
    if keys.parts:
        parts = _joined(record, keys, parts)
    if keys.choices:
        parts = _with_choices(parts, record[keys.choices], key=keys.choices)
    if keys.instances:
        parts = _first_instance(parts, record[keys.instances], key=keys.instances)
    return parts


def _joined(record: dict[str, Any], keys: Keys, parts: _Parts) -> _Parts:
    """Join the texts of several keys to one prompt, with a note about it."""
    texts: dict[str, str] = {}
    for key in keys.parts:
        value = record[key]
        if isinstance(value, str) and value.strip() and not is_placeholder(value):
            texts[key] = value
    is_new = any(key not in (keys.prompt, keys.input) for key in texts)
    if not is_new or not isinstance(parts.prompt, str) or _repeats(texts):
        return parts
    *first, last = texts
    notes: tuple[str, ...] = ()
    if first:
        notes = (f"{', '.join(first)} and {last} are joined to one prompt, in this order",)
    return parts._replace(
        prompt="\n".join(texts.values()),
        given=None if keys.input in texts else parts.given,
        rest={key: value for key, value in parts.rest.items() if key not in texts},
        notes=notes,
    )


def _repeats(texts: dict[str, str]) -> bool:
    """Return whether one of the texts contains another one."""
    for key, text in texts.items():
        others = [other for name, other in texts.items() if name != key]
        if any(text.strip() in other for other in others):
            return True
    return False


def _with_choices(parts: _Parts, choices: Any, *, key: str) -> _Parts:
    """Append the choices to the prompt. Choices that are not texts stay in the metadata."""
    pair = chosen(choices, parts.response) if isinstance(parts.prompt, str) else None
    if pair is None:
        return parts._replace(rest={**parts.rest, key: choices})
    lines, answer = pair
    return parts._replace(
        prompt=f"{parts.prompt}\n{lines}", response=answer, notes=(*parts.notes, CHOICES)
    )


def _first_instance(parts: _Parts, instances: Any, *, key: str) -> _Parts:
    """Take input and answer from the first instance; the others stay in the metadata."""
    first = instances[0] if isinstance(instances, list) and instances else None
    if not isinstance(first, dict):
        return parts._replace(response=None, rest={**parts.rest, key: instances})
    is_whole = len(instances) == 1 and set(first) <= {"input", "output"}
    return parts._replace(
        given=first.get("input", parts.given),
        response=first.get("output"),
        rest=parts.rest if is_whole else {**parts.rest, key: instances},
    )
