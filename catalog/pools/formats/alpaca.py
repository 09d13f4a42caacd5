"""Alpaca and its renamed keys: one prompt, perhaps an input, one answer (tatsu-lab's `instruction`, `input`, `output`).

A prompt of turns with an answer of turns is TRL's conversational prompt-completion.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from catalog.pools.choices import CHOICES, chosen
from catalog.pools.content import text_of
from catalog.pools.conversation import SYSTEMS, Instruction, conversation, system_text, tools_text
from catalog.pools.fingerprint import Message
from catalog.pools.formats.messages import are_turns, joined
from catalog.pools.formats.registry import record_format
from catalog.pools.reasons import Rejection, kind_of

PROMPTS = ("instruction", "question", "prompt", "problem", "query", "inputs", "input")
"""Keys of the prompt, first come first served."""

INPUTS = ("input", "context")
"""Keys of the input, which follows the prompt on a line of its own, as LLaMA-Factory joins them."""

RESPONSES = (
    "output",
    "response",
    "completion",
    "solution",
    "answer",
    "targets",
    "target",
    "rationale",
    "std_answer",
    "canonical_solution",
)
"""Keys of the answer, first come first served: a worked solution before the bare answer."""

LEADS = ("instruction", "prompt")
"""Keys that say what to do, beside one of QUESTIONS that says of what."""

QUESTIONS = ("question", "problem", "query")

_LONGEST_PLACEHOLDER = 40
_PLACEHOLDER = re.compile(
    r"[\W_]*no[\W_]*input[\W_]*(?:required|needed|necessary|provided|given)?[\W_]*", re.IGNORECASE
)
_NOTHING: dict[str, Any] = {}


class Columns(NamedTuple):
    """Which key of a record is read as what; None where there is none."""

    prompt: str
    input: str | None
    response: str | None
    system: str | None
    history: str | None
    instances: str | None
    tools: str | None
    choices: str | None
    rest: tuple[str, ...]
    parts: tuple[str, ...] = ()
    """Keys that make up the prompt together, in this order, where there are several."""


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
    system, history, tools, choices = (
        first(SYSTEMS),
        *map(by_name.get, ("history", "tools", "choices")),
    )
    read = (prompt, input_key, response, system, history, instances, tools, choices)
    lead, question = first(LEADS), first(QUESTIONS)
    context = (
        by_name.get("context")
        if input_key != by_name.get("context") and prompt.lower() != "input"
        else None
    )
    parts = (
        (lead or prompt, context, input_key, question if lead else None)
        if (lead and question) or context
        else ()
    )
    return Columns(
        *read,
        rest=tuple(key for key in keys if key not in read),
        parts=tuple(key for key in parts if key),
    )


@record_format(order=90)
def alpaca(record: Any) -> Instruction | Rejection | None:
    """Read a record with a prompt key; None when it has none.

    - The first key of each kind that is not null is read.
    - An instruction beside a question, or an input beside a context, are one prompt: instruction, context, input, question, a
      line each. A text that another one repeats stays in the metadata.
    - An input that only says that there is none (`is_placeholder`) is no input; it is counted and stays in the metadata.
    - ``choices`` follow the prompt, a line each (`catalog.pools.choices`). ``tools`` are read as of any conversation.
    - ``history`` (LLaMA-Factory: pairs of prompt and answer) comes before the prompt.
    - ``instances`` (self-instruct): the first one is read; all of them stay in the metadata when there are more.
    - A prompt that is a list of turns is followed by the answer, turns or a text.

    >>> alpaca({"instruction": "Add.", "input": "1 2", "output": "3"}).messages
    [('user', 'Add.\\n1 2', None), ('assistant', '3', None)]
    """
    keys = columns(tuple(record)) if isinstance(record, dict) else None
    if keys is None:
        return None
    if _reads_null(record, keys):
        keys = _without_nulls(record, keys)
    prompt = record[keys.prompt]
    given = record[keys.input] if keys.input else None
    response = record[keys.response] if keys.response else None
    rest = {key: record[key] for key in keys.rest} if keys.rest else _NOTHING
    notes: tuple[str, ...] = ()
    if keys.parts:
        prompt, given, rest, notes = _joined(record, keys, rest)
    if keys.choices:
        prompt, response, rest, notes = _with_choices(
            record[keys.choices], prompt, response, rest, notes, key=keys.choices
        )
    if keys.instances:
        given, response, rest = _first_instance(
            record[keys.instances], given=given, rest=rest, key=keys.instances
        )
    n_no_input = 0
    if given and keys.input and isinstance(given, str) and is_placeholder(given):
        rest, given, n_no_input = {**rest, keys.input: given}, None, 1
    system = record[keys.system] if keys.system else None
    history = record[keys.history] if keys.history else None
    read = exchange(prompt, response, given=given, system=system, history=history, rest=rest)
    if isinstance(read, Instruction) and (n_no_input or keys.tools or notes):
        tools = tools_text(record[keys.tools]) if keys.tools else None
        return read._replace(n_no_input=n_no_input, tools=tools, notes=notes)
    return read


def _reads_null(record: dict[str, Any], keys: Columns) -> bool:
    """Whether a key that is read is null, so that another one may be meant."""
    if record[keys.prompt] is None or (keys.input and record[keys.input] is None):
        return True
    if keys.response and record[keys.response] is None:
        return True
    return keys.system is not None and record[keys.system] is None


def _without_nulls(record: dict[str, Any], full: Columns) -> Columns:
    """The columns of the keys that are not null; keys that would be read if they were not null are no rest."""
    keys = columns(tuple(key for key, value in record.items() if value is not None))
    if keys is None:
        return full
    nulls = tuple(key for key, value in record.items() if value is None and key not in full[:8])
    return keys._replace(rest=keys.rest + nulls) if nulls else keys


def _joined(
    record: dict[str, Any], keys: Columns, rest: dict[str, Any]
) -> tuple[Any, Any, dict[str, Any], tuple[str, ...]]:
    """The prompt of several keys, its input, the rest, and the note that says so."""
    said = {key: record[key] for key in keys.parts}
    texts = {
        key: text
        for key, text in said.items()
        if isinstance(text, str) and text.strip() and not is_placeholder(text)
    }
    given = record[keys.input] if keys.input else None
    is_new = any(key not in (keys.prompt, keys.input) for key in texts) and isinstance(
        record[keys.prompt], str
    )
    if not is_new or any(
        one != other and text.strip() in texts[other]
        for one, text in texts.items()
        for other in texts
    ):
        return record[keys.prompt], given, rest, ()
    *first, last = texts
    notes = (
        (f"{', '.join(first)} and {last} are joined to one prompt, in this order",) if first else ()
    )
    rest = {key: value for key, value in rest.items() if key not in texts}
    return "\n".join(texts.values()), None if keys.input in texts else given, rest, notes


def _with_choices(
    choices: Any,
    prompt: Any,
    response: Any,
    rest: dict[str, Any],
    notes: tuple[str, ...],
    *,
    key: str,
) -> tuple[Any, Any, dict[str, Any], tuple[str, ...]]:
    """The prompt followed by its choices, and the answer; choices that are no texts stay in the rest."""
    found = chosen(choices, response) if isinstance(prompt, str) else None
    if found is None:
        return prompt, response, {**rest, key: choices}, notes
    lines, answer = found
    return f"{prompt}\n{lines}", answer, rest, (*notes, CHOICES)


def exchange(
    prompt: Any, response: Any, *, given: Any, system: Any, history: Any, rest: dict[str, Any]
) -> Instruction | Rejection:
    """One prompt with its input and one answer, after an earlier history; or the turns of a prompt and of its answer."""
    if (
        type(prompt) is not str
        or (response is not None and type(response) is not str)
        or not (given is None or type(given) is str)
    ):
        if (
            are_turns(prompt)
            and (are_turns(response) or isinstance(response, str))
            and not (given or history)
        ):
            answer = (
                [{"role": "assistant", "content": response}]
                if isinstance(response, str)
                else response
            )
            return conversation(joined(prompt, answer), rest=rest, system=system)
        converted = _texts(prompt=prompt, input=given, answer=response)
        if isinstance(converted, Rejection):
            return converted
        prompt, given, response = converted
    if given and not given.isspace():
        prompt = f"{prompt}\n{given}" if prompt and not prompt.isspace() else given
    messages: list[Message] = (
        [("user", prompt, None)]
        if response is None
        else [("user", prompt, None), ("assistant", response, None)]
    )
    if history:
        earlier = _history(history)
        if isinstance(earlier, Rejection):
            return earlier
        messages = earlier + messages
    prompt_of_system, others = system_text(system, rest)
    return (
        prompt_of_system
        if isinstance(prompt_of_system, Rejection)
        else Instruction(messages, prompt_of_system, None, others)
    )


def is_placeholder(text: str) -> bool:
    """Whether an input says that there is none.

    These do, whatever their case, spaces and punctuation: no input, no input required, no input
    needed, no input necessary, no input provided, no input given. "None", "N/A" and "NA" do not:
    they can be meant.

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
            return Rejection("wrong_type", f"the {name} is {kind_of(value)}, not a text")
        texts.append("" if text is None and name == "prompt" else text)
    return tuple(texts)


def _history(history: Any) -> list[Message] | Rejection:
    """LLaMA-Factory's earlier turns: a list of pairs of prompt and answer."""
    messages: list[Message] = []
    for pair in history if isinstance(history, list) else [history]:
        if (
            not isinstance(pair, list | tuple)
            or len(pair) != 2
            or not all(isinstance(text, str) for text in pair)
        ):
            return Rejection("wrong_type", "the history is not a list of pairs of texts")
        messages += [("user", pair[0], None), ("assistant", pair[1], None)]
    return messages


def _first_instance(
    instances: Any, *, given: Any, rest: dict[str, Any], key: str
) -> tuple[Any, Any, dict[str, Any]]:
    """Input and answer of the first instance, and what stays unread."""
    first = instances[0] if isinstance(instances, list) and instances else None
    if not isinstance(first, dict):
        return given, None, {**rest, key: instances}
    is_whole = len(instances) == 1 and set(first) <= {"input", "output"}
    return (
        first.get("input", given),
        first.get("output"),
        rest if is_whole else {**rest, key: instances},
    )
