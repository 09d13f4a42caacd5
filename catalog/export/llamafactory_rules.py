"""What LLaMA-Factory's readers ask of a record: roles that alternate, a mark for each medium, a system prompt that they leave alone.

The rules are those of src/llamafactory/data/converter.py and mm_plugin.py there.
"""

from __future__ import annotations

from collections.abc import Sequence

from catalog.export.media import KINDS, n_marks, n_media
from catalog.export.record import Record, is_tool_list

ORDER = "turns that do not alternate, which LLaMA-Factory skips"
THINKING = "a system prompt to which LLaMA-Factory's openai reader adds 'detailed thinking off'"
MARKS = "media without a mark such as <image> each, on which LLaMA-Factory stops"

Turn = dict[str, str]


def alternates(turns: Sequence[Turn], *, is_openai: bool) -> bool:
    """Whether user or tool, then assistant or call, and so on to an even number.

    >>> def roles(*names: str) -> list[Turn]:
    ...     return [{"role": name} for name in names]
    >>> alternates(roles("user", "function_call", "tool", "assistant"), is_openai=False), alternates(roles("user"), is_openai=False)
    (True, False)
    >>> parallel = roles("user", "function_call", "tool", "tool", "assistant")
    >>> alternates(parallel, is_openai=False), alternates(parallel, is_openai=True)
    (False, True)
    """
    roles = [turn["role"] for turn in turns]
    if is_openai:
        roles = [
            role
            for n, role in enumerate(roles)
            if not (role == "tool" and n and roles[n - 1] == "tool")
        ]
    asks, answers = set(roles[::2]), set(roles[1::2])
    return (
        bool(roles)
        and len(roles) % 2 == 0
        and asks <= {"user", "tool"}
        and answers <= {"assistant", "function_call"}
    )


def changes_system(record: Record) -> bool:
    """Whether the openai reader changes what the system prompt says: it does where there are no tools."""
    return not is_tool_list(record.tools) and "detailed thinking o" not in (record.system or "")


def misses_marks(record: Record) -> bool:
    """Whether a record with media has not as many marks in its texts."""
    return bool(record.media) and any(
        n_marks(record, kind) != n_media(record, kind) for kind in KINDS
    )


def with_marks(record: Record, turns: list[Turn]) -> list[Turn]:
    """The turns with the marks that are missing at the start of the first user turn.

    >>> record = Record("f", [], None, None, None, [{"kind": "image", "path": "a.png"}], "s", None, None)
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
