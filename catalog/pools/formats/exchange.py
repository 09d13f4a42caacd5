"""Read a prompt with its input and one answer, after an optional history."""

from __future__ import annotations

import re
from typing import Any

from catalog.json_text import as_list
from catalog.pools.conversation import Instruction, conversation, system_text
from catalog.pools.fingerprint import Message
from catalog.pools.formats.messages import are_turns, joined
from catalog.pools.message_content import text_of
from catalog.pools.reasons import Rejection, kind_of

_LONGEST_PLACEHOLDER = 40
_PLACEHOLDER = re.compile(
    r"[\W_]*no[\W_]*input[\W_]*(?:required|needed|necessary|provided|given)?[\W_]*", re.IGNORECASE
)


def exchange(
    prompt: Any, response: Any, *, given: Any, system: Any, history: Any, rest: dict[str, Any]
) -> Instruction | Rejection:
    """Return the messages of a prompt, its input and its answer, after an earlier history.

    Prompt and answer can also be lists of turns.
    """
    if not _are_texts(prompt, response, given):
        if _are_conversations(prompt, response) and not (given or history):
            answer = response
            if isinstance(response, str):
                answer = [{"role": "assistant", "content": response}]
            return conversation(joined(prompt, answer), rest=rest, system=system)
        converted = _texts(prompt=prompt, input=given, answer=response)
        if isinstance(converted, Rejection):
            return converted
        prompt, given, response = converted
    messages = _messages(prompt, given, response)
    if history:
        earlier = _history(history)
        if isinstance(earlier, Rejection):
            return earlier
        messages = earlier + messages
    system, others = system_text(system, rest)
    if isinstance(system, Rejection):
        return system
    return Instruction(messages, system, None, others)


def _messages(prompt: str, given: str | None, response: str | None) -> list[Message]:
    """Return the messages of a prompt with its input, and of an answer if there is one."""
    if given and not given.isspace():
        has_prompt = prompt and not prompt.isspace()
        prompt = f"{prompt}\n{given}" if has_prompt else given
    messages: list[Message] = [("user", prompt, None)]
    if response is not None:
        messages.append(("assistant", response, None))
    return messages


def is_placeholder(text: str) -> bool:
    """Return whether an input is a placeholder for no input.

    Placeholders are, in any case and with any spaces and punctuation: no input, no input required,
    no input needed, no input necessary, no input provided, no input given. "None", "N/A" and "NA"
    are not, because they can be real inputs.

    >>> texts = ("<No input>", '"<noinput>".', "No input required.", "N/A", "no inputs here")
    >>> [is_placeholder(text) for text in texts]
    [True, True, True, False, False]
    """
    return len(text) <= _LONGEST_PLACEHOLDER and _PLACEHOLDER.fullmatch(text) is not None


def _are_texts(prompt: Any, response: Any, given: Any) -> bool:
    """Return whether all values are texts, or None if that is allowed."""
    if type(prompt) is not str:
        return False
    return all(value is None or type(value) is str for value in (response, given))


def _are_conversations(prompt: Any, response: Any) -> bool:
    return are_turns(prompt) and (are_turns(response) or isinstance(response, str))


def _texts(**values: Any) -> tuple[Any, ...] | Rejection:
    """Return values as texts; None stays, except for the prompt."""
    texts = []
    for name, value in values.items():
        text = None if value is None and name != "prompt" else text_of(value)
        if text is None and value is not None:
            return Rejection("wrong_type", f"the {name} is {kind_of(value)}, not a text")
        texts.append("" if text is None and name == "prompt" else text)
    return tuple(texts)


def _history(history: Any) -> list[Message] | Rejection:
    """Return LLaMA-Factory's earlier turns, a list of pairs of prompt and answer."""
    messages: list[Message] = []
    for pair in as_list(history):
        is_pair = isinstance(pair, list | tuple) and len(pair) == 2
        if not is_pair or not all(isinstance(text, str) for text in pair):
            return Rejection("wrong_type", "the history is not a list of pairs of texts")
        messages += [("user", pair[0], None), ("assistant", pair[1], None)]
    return messages
