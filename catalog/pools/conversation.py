"""From the turns of any chat shape to stored messages, and what makes a conversation an instruction.

`catalog.pools.formats` documents the mapping and its inverse.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from catalog.errors import listed
from catalog.json_text import json_text
from catalog.pools.fingerprint import Message
from catalog.pools.reasons import Rejection

ROLES: dict[str, str] = {
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "system": "system",
    "tool": "tool",
    "observation": "tool",
}
"""Spellings of a role that mean exactly one stored role."""

SPECIAL_ROLES: dict[str, tuple[str, dict[str, str]]] = {
    "function_call": ("assistant", {"from": "function_call"}),
    "function": ("tool", {"role": "function"}),
    "developer": ("system", {"role": "developer"}),
}
"""Spellings that mean more than a stored role: what they add is kept in the message's extra."""


class Instruction(NamedTuple):
    """One record as it will be stored.

    Attributes:
        messages: (role, content, extra) in order.
        system: the system prompt, or None.
        tools: JSON text of the tools, as it was given, or None.
        rest: the record's keys that were not read.
        n_no_input: 1 where a placeholder was read as no input.
        rejected: JSON text of the unwanted answers, a list of lists of messages as `catalog.pools.formats`
            writes them (role, content and the keys of extra), or None.
        media: JSON text of the media references in the record's order, a list of objects with kind
            (image, video or audio) and path or sha256, or None.
        source: what the record itself says its source is, which only the catalog's own exports do; else None.
        labels: such a record's labels, or None.
    """

    messages: list[Message]
    system: str | None
    tools: str | None
    rest: Mapping[str, Any]
    n_no_input: int = 0
    rejected: str | None = None
    media: str | None = None
    source: str | None = None
    labels: list[str] | None = None


def text_of(value: Any) -> str | None:
    """A text as it is, a number as JSON writes it, nothing for anything else.

    >>> text_of("a"), text_of(42), text_of(True), text_of(["a"])
    ('a', '42', None, None)
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return json_text(value)
    return None


def message(turn: Any) -> Message | Rejection:
    """Read one turn: ``{"role", "content"}``, ``{"from", "value"}`` or a mixture, with any other keys.

    >>> message({"from": "human", "value": "hi"})
    ('user', 'hi', None)
    >>> message({"role": "tool", "content": "20 C", "tool_call_id": "c1", "name": None})
    ('tool', '20 C', '{"tool_call_id": "c1"}')
    """
    if not isinstance(turn, dict):
        return Rejection("wrong_type", f"a turn is {_kind(turn)}, not an object with a role and a content")
    role_key = "role" if turn.get("role") is not None else "from"
    content_key = "content" if "content" in turn or "value" not in turn else "value"
    spelling = turn.get(role_key)
    if not isinstance(spelling, str):
        return Rejection("unknown_role", f"a turn has no role; its keys are {listed(turn)}")
    content = turn.get(content_key)
    role = ROLES.get(spelling)
    if role is not None and isinstance(content, str) and len(turn) == 2:
        return role, content, None
    extra = {key: value for key, value in turn.items() if key not in (role_key, content_key) and value is not None}
    if role is None:
        role, mark = _special_role(spelling)
        extra |= mark
        if not role:
            return Rejection("unknown_role", f"the role {spelling!r}")
    if not isinstance(content, str):
        read = _content(content)
        if isinstance(read, Rejection):
            return read
        content, parts = read
        extra |= parts
    return role, content, json_text(extra) if extra else None


def _special_role(spelling: str) -> tuple[str, dict[str, str]]:
    lowered = spelling.strip().lower()
    return SPECIAL_ROLES.get(lowered) or (ROLES.get(lowered, ""), {})


def _content(content: Any) -> tuple[str, dict[str, Any]] | Rejection:
    """A content that is not a text: what stands in the content column, and what extra keeps of it."""
    if content is None:
        return "", {}
    if not isinstance(content, list):
        text = text_of(content)
        return (text, {}) if text is not None else Rejection("wrong_type", f"a turn's content is {_kind(content)}")
    texts = [_part(part) for part in content]
    if any(text is None for text in texts):
        return json_text(content), {"content": content}
    joined = "\n".join(text for text in texts if text is not None)
    # One part of text is a text in other words; of several, the boundaries are kept.
    return joined, ({"content": content} if len(content) > 1 else {})


def _part(part: Any) -> str | None:
    """The text of a part that holds a text and nothing else."""
    if not isinstance(part, dict) or part.get("type") != "text" or len(part) != 2:
        return None
    text = part.get("text", part.get("value"))
    return text if isinstance(text, str) else None


def conversation(turns: Iterable[Any], *, rest: Mapping[str, Any], system: Any = None, tools: Any = None) -> Instruction | Rejection:
    """Read a whole conversation: a leading system message moves to ``system`` when nothing is lost by it."""
    messages: list[Message] = []
    for turn in turns:
        read = message(turn)
        if isinstance(read, Rejection):
            return read
        messages.append(read)
    prompt = system_text(system)
    if isinstance(prompt, Rejection):
        return prompt
    n_moved = 0
    while prompt is None and n_moved < len(messages) and messages[n_moved][0] == "system" and messages[n_moved][2] is None:
        prompt = system_text(messages[n_moved][1])
        n_moved += 1
    return Instruction(messages[n_moved:], prompt, tools_text(tools), rest)  # type: ignore[arg-type]


def system_text(value: Any) -> str | Rejection | None:
    """A system prompt; an empty one is none."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return value if isinstance(value, str) else Rejection("wrong_type", f"the system prompt is {_kind(value)}")


def tools_text(value: Any) -> str | None:
    """Tools as JSON text: a text stays as it is, anything else is written; nothing and an empty list are none.

    >>> tools_text([{"name": "f"}]), tools_text('[ ]'), tools_text([])
    ('[{"name": "f"}]', None, None)
    """
    if isinstance(value, str):
        return None if value.strip() in ("", "null") or "".join(value.split()) in ("[]", "{}") else value
    return json_text(value) if value else None


def answered(read: Instruction, *, prompts_only: bool) -> Instruction | Rejection:
    """The instruction, when it has a prompt and an answer (or a prompt alone, with ``prompts_only``).

    The answer is the last assistant message. What follows it (a user's last word, a tool's) stays where it is.
    """
    messages = read.messages
    if _is_plain(messages):
        return read
    last = len(messages) - 1
    while last >= 0 and messages[last][0] != "assistant":
        last -= 1
    answer = messages[last] if last >= 0 else None
    is_empty = answer is not None and not answer[1].strip() and not _calls(answer[2])
    if prompts_only and is_empty:
        messages = messages[:last] + messages[last + 1 :]
        read, answer, is_empty = read._replace(messages=messages), None, False
    prompts = [content for role, content, _ in (messages[:last] if answer else messages) if role == "user"]
    if not prompts:
        return Rejection("no_prompt", "no user message" + (" before the answer" if answer else ""))
    if not any(prompt and not prompt.isspace() for prompt in prompts):
        return Rejection("empty_prompt", "the prompt holds only white space")
    if answer is None and not prompts_only:
        return Rejection("no_response", "the record has no answer")
    if is_empty:
        return Rejection("empty_response", "the answer holds only white space")
    return read


def _is_plain(messages: list[Message]) -> bool:
    """Whether there is one prompt and one answer, neither blank: nearly every record of most files, so it is asked first."""
    if len(messages) != 2:
        return False
    (asker, prompt, _), (speaker, answer, _) = messages
    return asker == "user" and speaker == "assistant" and bool(prompt.strip()) and bool(answer.strip())


def _calls(extra: str | None) -> bool:
    """Whether an answer without text calls a tool."""
    return extra is not None and any(key in json.loads(extra) for key in ("tool_calls", "function_call", "audio", "refusal"))


_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number", type(None): "null"}


def _kind(value: Any) -> str:
    """What a value is, in JSON's words."""
    return _KINDS.get(type(value), type(value).__name__)
