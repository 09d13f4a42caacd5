"""From the turns of any chat format to stored messages, and the parts that an instruction needs.

`catalog.pools.formats` documents the mapping and its inverse.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from catalog.json_text import exact_json_text
from catalog.messages import listed
from catalog.pools.fingerprint import Message
from catalog.pools.message_content import block_text, read_content, typed_parts
from catalog.pools.reasons import Rejection, fields_option, kind_of
from catalog.pools.roles import ROLES, role_of

ROLE_KEYS = ("role", "from", "speaker", "author")
"""Keys of a turn's role. The first that is not null wins."""

CONTENT_KEYS = ("content", "value", "text", "message", "parts")
"""Keys of a turn's content. The first that is not null wins."""

SYSTEMS = ("system", "system_prompt", "systemInstruction", "system_instruction")
"""Keys of a record's system prompt. The first that is not null wins."""


class Instruction(NamedTuple):
    """Record in the form that is stored.

    Attributes:
        messages: (role, content, extra) in order.
        system: the system prompt, or None.
        tools: the tools as JSON text, unchanged if they are a text, or None.
        rest: the unread keys of the record.
        n_no_input: 1 if a placeholder was read as no input.
        rejected: JSON text of the rejected answers, a list of lists of messages (role, content and
            the keys of extra), or None.
        media: JSON text of the media references in the record's order, a list of objects with kind
            (image, video or audio) and path or sha256, or None.
        source: the source in a record of the catalog's own exports, else None.
        labels: the labels of such a record, or None.
        notes: notes for the report, which counts the records of each note.
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
    notes: tuple[str, ...] = ()


def first_key(record: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    """Return the first key that has a value other than null in a record.

    >>> first_key({"messages": None, "turns": []}, ("messages", "turns"))
    'turns'
    """
    return next((key for key in keys if record.get(key) is not None), None)


def first_value(record: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    """Return the value of the first key that has one other than null; None if none has.

    >>> first_value({"messages": None, "turns": []}, ("messages", "turns"))
    []
    """
    key = first_key(record, keys)
    if key is None:
        return None
    return record[key]


def is_turn(value: Any) -> bool:
    """Return whether a value has a role, like a turn.

    >>> is_turn({"speaker": "user", "text": "hi"}), is_turn({"text": "hi"}), is_turn("hi")
    (True, False, False)
    """
    return isinstance(value, dict) and any(key in value for key in ROLE_KEYS)


def message(turn: Any) -> Message | Rejection:
    """Read one turn: ``{"role", "content"}``, ``{"from", "value"}`` or another such pair.

    The pair is one of ROLE_KEYS and CONTENT_KEYS.

    Raises:
        NotFiniteError: NaN or an infinity in the turn.

    >>> message({"from": "human", "value": "hi"})
    ('user', 'hi', None)
    >>> message({"role": "tool", "content": "20 C", "tool_call_id": "c1", "name": None})
    ('tool', '20 C', '{"tool_call_id": "c1"}')
    """
    if not isinstance(turn, dict):
        return Rejection(
            "wrong_type", f"a turn is {kind_of(turn)}, not an object with a role and a content"
        )
    role_key = first_key(turn, ("role", *ROLE_KEYS)) or "role"
    content_key = first_key(turn, ("content", *CONTENT_KEYS)) or "content"
    spelling = _spelling(turn.get(role_key))
    if not isinstance(spelling, str):
        return Rejection(
            "unknown_role",
            f"a turn has no role; its keys are {listed(turn)}",
            f"Name the turns ({fields_option(messages='KEY')})",
        )
    content = turn.get(content_key)
    role = ROLES.get(spelling)
    if role is not None and isinstance(content, str) and len(turn) == 2:
        return role, content, None
    extra = {
        key: value
        for key, value in turn.items()
        if key not in (role_key, content_key) and value is not None
    }
    if role is None:
        role, mark = role_of(spelling)
        extra |= mark
        if not role:
            return Rejection("unknown_role", f"the role {spelling!r}")
    if not isinstance(content, str):
        read = read_content(typed_parts(content) if content_key == "parts" else content, role=role)
        if isinstance(read, Rejection):
            return read
        content, parts = read
        extra |= parts
    return role, content, exact_json_text(extra) if extra else None


def _spelling(value: Any) -> Any:
    """Return the value that names a role: ChatGPT has ``{"author": {"role": "user"}}``."""
    return value.get("role") if isinstance(value, dict) else value


def conversation(
    turns: Iterable[Any], *, rest: Mapping[str, Any], system: Any = None, tools: Any = None
) -> Instruction | Rejection:
    """Read a conversation. A leading system message without extra moves to ``system``."""
    messages: list[Message] = []
    for n, turn in enumerate(turns, start=1):
        read = message(turn)
        if isinstance(read, Rejection):
            return read._replace(detail=f"turn {n}: {read.detail}")
        messages.append(read)
    prompt, rest = system_text(system, rest)
    if isinstance(prompt, Rejection):
        return prompt
    n_moved = 0
    while (
        prompt is None
        and n_moved < len(messages)
        and messages[n_moved][0] == "system"
        and messages[n_moved][2] is None
    ):
        prompt = messages[n_moved][1] if messages[n_moved][1].strip() else None
        n_moved += 1
    return Instruction(messages[n_moved:], prompt, tools_text(tools), rest)


def system_text(
    value: Any, rest: Mapping[str, Any]
) -> tuple[str | Rejection | None, Mapping[str, Any]]:
    """Return a system prompt, and the rest of its record. An empty prompt becomes None.

    Anthropic's blocks of text are joined by newlines. Blocks that hold more than text stay in the
    rest.

    >>> system_text([{"type": "text", "text": "Be kind.", "cache_control": 1}], {})
    ('Be kind.', {'system': [{'type': 'text', 'text': 'Be kind.', 'cache_control': 1}]})
    """
    if isinstance(value, list):
        text = block_text(value)
        if text is None:
            return Rejection(
                "wrong_type", "the system prompt is a list with items that are not texts"
            ), rest
        is_whole = len(value) < 2 and all(
            isinstance(block, str) or len(block) == 2 for block in value
        )
        return text if text.strip() else None, rest if is_whole else {**rest, "system": value}
    if value is None or (isinstance(value, str) and not value.strip()):
        return None, rest
    if isinstance(value, str):
        return value, rest
    return Rejection("wrong_type", f"the system prompt is {kind_of(value)}"), rest


def tools_text(value: Any) -> str | None:
    """Return tools as JSON text; a text stays unchanged. An empty list becomes None.

    >>> tools_text([{"name": "f"}]), tools_text('[ ]'), tools_text([])
    ('[{"name": "f"}]', None, None)
    """
    if isinstance(value, str):
        compact = "".join(value.split())
        is_empty = value.strip() in ("", "null") or compact in ("[]", "{}")
        return None if is_empty else value
    if not value:
        return None
    return exact_json_text(value)


def answered(read: Instruction, *, prompts_only: bool) -> Instruction | Rejection:
    """Return an instruction with a prompt and an answer, else a rejection.

    With ``prompts_only`` the prompt is enough. The answer is the last assistant message. Later
    messages of a user or a tool stay.
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
    before = messages[:last] if answer else messages
    prompts = [content for role, content, _ in before if role == "user"]
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
    """Return whether there is one prompt and one answer, neither of them blank.

    Nearly every record of most files is so, which makes this a fast path.
    """
    if len(messages) != 2:
        return False
    (asker, prompt, _), (speaker, answer, _) = messages
    if asker != "user" or speaker != "assistant" or not prompt or not answer:
        return False
    return not (prompt.isspace() or answer.isspace())


def _calls(extra: str | None) -> bool:
    """Return whether an answer without text calls a tool."""
    return extra is not None and any(
        key in json.loads(extra) for key in ("tool_calls", "function_call", "audio", "refusal")
    )
