"""Alpaca and its renamed keys: one prompt, perhaps an input, one answer (tatsu-lab's `instruction`, `input`, `output`).

A prompt of turns with an answer of turns is TRL's conversational prompt-completion.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from catalog.pools.conversation import Instruction, conversation, system_text, text_of, tools_text
from catalog.pools.fingerprint import Message
from catalog.pools.formats.messages import are_turns, joined
from catalog.pools.reasons import Rejection

PROMPTS = ("instruction", "question", "prompt", "problem", "query", "inputs", "input")
"""Keys of the prompt, first come first served."""

INPUTS = ("input", "context")
"""Keys of the input, which follows the prompt on a line of its own, as LLaMA-Factory joins them."""

RESPONSES = ("output", "response", "completion", "solution", "answer", "targets", "target", "rationale", "std_answer", "canonical_solution")
"""Keys of the answer, first come first served: a worked solution before the bare answer."""

SYSTEMS = ("system", "system_prompt")

_LONGEST_PLACEHOLDER = 40
_PLACEHOLDER = re.compile(r"[\W_]*no[\W_]*input[\W_]*(?:required|needed|necessary|provided|given)?[\W_]*", re.IGNORECASE)
_NOTHING: dict[str, Any] = {}


class Columns(NamedTuple):
    """Which key of a record is read as what; None where there is none."""

    prompt: str
    input: str | None
    response: str | None
    system: str | None
    history: str | None
    instances: str | None
    rest: tuple[str, ...]


@lru_cache(maxsize=512)
def columns(keys: tuple[str, ...]) -> Columns | None:
    """What each key of a record is read as, or None when no key holds a prompt.

    >>> columns(("question", "answer"))[:3]
    ('question', None, 'answer')
    """
    by_name = {key.lower(): key for key in reversed(keys) if isinstance(key, str)}

    def first(names: tuple[str, ...]) -> str | None:
        return next((by_name[name] for name in names if name in by_name), None)

    prompt = first(PROMPTS)
    if prompt is None:
        return None
    input_key = first(tuple(name for name in INPUTS if name != prompt.lower()))
    response = first(RESPONSES)
    instances = by_name.get("instances") if response is None else None
    read = (prompt, input_key, response, first(SYSTEMS), by_name.get("history"), instances)
    return Columns(*read, rest=tuple(key for key in keys if key not in read))


def alpaca(record: Any) -> Instruction | Rejection | None:
    """Read a record with a prompt key; None when it has none.

    - An input that only says that there is none (`is_placeholder`) is no input; it is counted and stays in the metadata.
    - ``history`` (LLaMA-Factory: pairs of prompt and answer) comes before the prompt.
    - ``instances`` (self-instruct): the first one is read; all of them stay in the metadata when there are more.
    - A prompt that is a list of turns is followed by the answer, turns or a text; ``tools`` are read then, as of any conversation.

    >>> alpaca({"instruction": "Add.", "input": "1 2", "output": "3"}).messages
    [('user', 'Add.\\n1 2', None), ('assistant', '3', None)]
    """
    keys = columns(tuple(record)) if isinstance(record, dict) else None
    if keys is None:
        return None
    prompt = record[keys.prompt]
    given = record[keys.input] if keys.input else None
    response = record[keys.response] if keys.response else None
    rest = {key: record[key] for key in keys.rest} if keys.rest else _NOTHING
    if keys.instances:
        given, response, rest = _first_instance(record[keys.instances], given=given, rest=rest, key=keys.instances)
    system = record[keys.system] if keys.system else None
    history = record[keys.history] if keys.history else None
    if keys.input and isinstance(given, str) and is_placeholder(given):
        read = exchange(prompt, response, given=None, system=system, history=history, rest={**rest, keys.input: given})
        return read._replace(n_no_input=1) if isinstance(read, Instruction) else read
    read = exchange(prompt, response, given=given, system=system, history=history, rest=rest)
    if type(prompt) is list and isinstance(read, Instruction):
        return read._replace(tools=tools_text(rest.get("tools")), rest={key: value for key, value in rest.items() if key != "tools"})
    return read


def exchange(prompt: Any, response: Any, *, given: Any, system: Any, history: Any, rest: dict[str, Any]) -> Instruction | Rejection:
    """One prompt with its input and one answer, after an earlier history; or the turns of a prompt and of its answer."""
    if type(prompt) is not str or (response is not None and type(response) is not str) or not (given is None or type(given) is str):
        if are_turns(prompt) and (are_turns(response) or isinstance(response, str)) and not (given or history):
            answer = [{"role": "assistant", "content": response}] if isinstance(response, str) else response
            return conversation(joined(prompt, answer), rest=rest, system=system)
        converted = _texts(prompt=prompt, input=given, answer=response)
        if isinstance(converted, Rejection):
            return converted
        prompt, given, response = converted
    if given and not given.isspace():
        prompt = f"{prompt}\n{given}" if prompt and not prompt.isspace() else given
    messages: list[Message] = [("user", prompt, None)] if response is None else [("user", prompt, None), ("assistant", response, None)]
    if history:
        earlier = _history(history)
        if isinstance(earlier, Rejection):
            return earlier
        messages = earlier + messages
    system = system_text(system)
    return system if isinstance(system, Rejection) else Instruction(messages, system, None, rest)


def is_placeholder(text: str) -> bool:
    """Whether an input says that there is none.

    These do, whatever their case, spaces and punctuation: no input, no input required, no input needed, no input necessary, no
    input provided, no input given. "None", "N/A" and "NA" do not: they can be meant.

    >>> [is_placeholder(text) for text in ("<No input>", '"<noinput>".', "No input required.", "N/A", "no inputs here")]
    [True, True, True, False, False]
    """
    return len(text) <= _LONGEST_PLACEHOLDER and _PLACEHOLDER.fullmatch(text) is not None


def _texts(**values: Any) -> tuple[Any, ...] | Rejection:
    """Numbers as texts; None stays."""
    texts = []
    for name, value in values.items():
        text = None if value is None and name != "prompt" else text_of(value)
        if text is None and value is not None:
            return Rejection("wrong_type", f"the {name} is {type(value).__name__}, not a text")
        texts.append("" if text is None and name == "prompt" else text)
    return tuple(texts)


def _history(history: Any) -> list[Message] | Rejection:
    """LLaMA-Factory's earlier turns: a list of pairs of prompt and answer."""
    messages: list[Message] = []
    for pair in history if isinstance(history, list) else [history]:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            return Rejection("wrong_type", "the history is not a list of pairs of texts")
        messages += [("user", pair[0], None), ("assistant", pair[1], None)]
    return messages


def _first_instance(instances: Any, *, given: Any, rest: dict[str, Any], key: str) -> tuple[Any, Any, dict[str, Any]]:
    """Input and answer of the first instance, and what stays unread."""
    first = instances[0] if isinstance(instances, list) and instances else None
    if not isinstance(first, dict):
        return given, None, {**rest, key: instances}
    is_whole = len(instances) == 1 and set(first) <= {"input", "output"}
    return first.get("input", given), first.get("output"), rest if is_whole else {**rest, key: instances}
