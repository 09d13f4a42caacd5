"""Spellings of roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

STORED = ("system", "user", "assistant", "tool")
"""The roles of stored messages."""

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
    "chatbot": "assistant",
    "model": "assistant",
    "system": "system",
    "tool": "tool",
    "observation": "tool",
    "tool_response": "tool",
    "environment": "tool",
    "ipython": "tool",
}
"""Spellings that mean exactly one stored role."""

SPECIAL_ROLES: dict[str, tuple[str, dict[str, str]]] = {
    "function_call": ("assistant", {"from": "function_call"}),
    "tool_call": ("assistant", {"from": "function_call"}),
    "function": ("tool", {"role": "function"}),
    "developer": ("system", {"role": "developer"}),
}
"""Spellings that mean more than a stored role. The message's extra keeps the additional keys."""

_GIVEN: ContextVar[Mapping[str, str]] = ContextVar("_GIVEN", default={})  # noqa: B039 - never written to


@contextmanager
def given_roles(roles: Mapping[str, str]) -> Iterator[None]:
    """Read further spellings, in lower case, as stored roles inside this block."""
    token = _GIVEN.set(roles)
    try:
        yield
    finally:
        _GIVEN.reset(token)


def role_of(spelling: str) -> tuple[str, dict[str, str]]:
    """Return the stored role of a spelling and its keys for extra; ("", {}) for an unknown one.

    >>> role_of("Chatbot"), role_of("developer"), role_of("alien")
    (('assistant', {}), ('system', {'role': 'developer'}), ('', {}))
    """
    lowered = spelling.strip().lower()
    special = SPECIAL_ROLES.get(lowered)
    return special or (ROLES.get(lowered) or _GIVEN.get().get(lowered, ""), {})
