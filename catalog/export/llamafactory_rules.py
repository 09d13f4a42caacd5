"""Rules of LLaMA-Factory's readers.

Roles alternate, every medium has a mark, and the openai reader changes some system prompts. The
rules are those of LLaMA-Factory's src/llamafactory/data/converter.py and mm_plugin.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from catalog.export.media import KINDS, n_marks, n_media
from catalog.export.record import Record, is_tool_list

ORDER = "turns that do not alternate, which LLaMA-Factory skips"
THINKING = "a system prompt to which LLaMA-Factory's openai reader adds 'detailed thinking off'"
MARKS = "media without a mark such as <image> each, on which LLaMA-Factory stops"

ANSWERS = {"assistant", "function_call"}

Turn = dict[str, str]


def alternates(turns: Sequence[Turn], *, is_openai: bool) -> bool:
    """Return whether turns of user or tool alternate with turns of assistant or call, in pairs.

    >>> def roles(*names: str) -> list[Turn]:
    ...     return [{"role": name} for name in names]
    >>> alternates(roles("user", "function_call", "tool", "assistant"), is_openai=False)
    True
    >>> alternates(roles("user"), is_openai=False)
    False
    >>> parallel = roles("user", "function_call", "tool", "tool", "assistant")
    >>> alternates(parallel, is_openai=False), alternates(parallel, is_openai=True)
    (False, True)
    """
    roles: list[str] = []
    for turn in turns:
        is_joined = is_openai and turn["role"] == "tool" and roles[-1:] == ["tool"]
        if not is_joined:
            roles.append(turn["role"])
    if not roles or len(roles) % 2:
        return False
    return set(roles[::2]) <= {"user", "tool"} and set(roles[1::2]) <= ANSWERS


def changes_system(record: Record) -> bool:
    """Return whether the openai reader changes the system prompt, as it does without tools."""
    return not is_tool_list(record.tools) and "detailed thinking o" not in (record.system or "")


def misses_marks(record: Record) -> bool:
    """Return whether the texts of a record have another number of marks than it has media."""
    return bool(record.media) and any(
        n_marks(record, kind) != n_media(record, kind) for kind in KINDS
    )


def with_marks(record: Record, turns: list[Turn]) -> list[Turn]:
    """Return the turns with the missing marks at the start of the first user turn.

    >>> media = [{"kind": "image", "path": "a.png"}]
    >>> record = Record("f", [], None, None, None, media, "s", None, None)
    >>> with_marks(record, [{"role": "user", "content": "What?"}])
    [{'role': 'user', 'content': '<image>What?'}]
    """
    missing = "".join(
        f"<{kind}>" * (n_media(record, kind) - n_marks(record, kind)) for kind in KINDS
    )
    first = next((n for n, turn in enumerate(turns) if turn["role"] == "user"), None)
    return [
        {**turn, "content": missing + turn["content"]} if n == first else turn
        for n, turn in enumerate(turns)
    ]
