"""Keys of Alpaca's format and of its renamed variants."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from catalog.pools.conversation import SYSTEMS

PROMPTS = ("instruction", "question", "prompt", "problem", "query", "inputs", "input")
"""Keys of the prompt. The first one in a record wins."""

INPUTS = ("input", "context")
"""Keys of the input, which follows the prompt on its own line, as in LLaMA-Factory."""

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
"""Keys of the answer, a worked solution before the bare answer. The first one in a record wins."""

LEADS = ("instruction", "prompt")
"""Keys of the task, beside one of QUESTIONS for its subject."""

QUESTIONS = ("question", "problem", "query")

_N_READ = 8
"""The first fields of `Keys`, which are keys to read."""


class Keys(NamedTuple):
    """Key of each field of a record; None for a field without a key.

    ``parts`` are the keys that make up the prompt together, in order, if there are several.
    ``is_plain`` says that there is a response, and nothing else to read but an input.
    """

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
    is_plain: bool = False


@lru_cache(maxsize=512)
def keys_of(keys: tuple[str, ...]) -> Keys | None:
    """Return the key of each field, or None if no key is one of a prompt.

    >>> keys_of(("question", "answer"))[:3]
    ('question', None, 'answer')
    """
    by_name = {key.lower(): key for key in reversed(keys) if isinstance(key, str)}
    prompt = _first(PROMPTS, by_name)
    if prompt is None:
        return None
    input_key = _first(tuple(name for name in INPUTS if name != prompt.lower()), by_name)
    response = _first(RESPONSES, by_name)
    read = (
        prompt,
        input_key,
        response,
        _first(SYSTEMS, by_name),
        by_name.get("history"),
        by_name.get("instances") if response is None else None,
        by_name.get("tools"),
        by_name.get("choices"),
    )
    rest = tuple(key for key in keys if key not in read)
    parts = _parts(prompt, input_key, by_name)
    is_plain = response is not None and not parts and not any(read[3:])
    return Keys(*read, rest=rest, parts=parts, is_plain=is_plain)


def _first(names: tuple[str, ...], by_name: dict[str, str]) -> str | None:
    return next((by_name[name] for name in names if name in by_name), None)


def _parts(prompt: str, input_key: str | None, by_name: dict[str, str]) -> tuple[str, ...]:
    """Return the keys that make up the prompt together; none if there is only one."""
    lead, question = _first(LEADS, by_name), _first(QUESTIONS, by_name)
    context = by_name.get("context")
    if input_key == context or prompt.lower() == "input":
        context = None
    if not context and not (lead and question):
        return ()
    parts = (lead or prompt, context, input_key, question if lead else None)
    return tuple(key for key in parts if key)


def reads_null(record: dict[str, Any], keys: Keys) -> bool:
    """Return whether a key to read is null, so that another key can take its place."""
    if record[keys.prompt] is None or (keys.input and record[keys.input] is None):
        return True
    if keys.response and record[keys.response] is None:
        return True
    return keys.system is not None and record[keys.system] is None


def without_nulls(record: dict[str, Any], full: Keys) -> Keys:
    """Return the keys that are not null. Keys to read that are null do not become rest."""
    keys = keys_of(tuple(key for key, value in record.items() if value is not None))
    if keys is None:
        return full
    read = full[:_N_READ]
    nulls = tuple(key for key, value in record.items() if value is None and key not in read)
    if nulls:
        return keys._replace(rest=keys.rest + nulls)
    return keys
