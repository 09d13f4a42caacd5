"""Messages for loads that cannot be read: the cause, its place, and advice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from catalog.messages import argument, listed
from catalog.pools.entries import described
from catalog.pools.options import ReadOptions
from catalog.pools.reasons import ADVICE, Rejection, fields_option, kind_of

_TABLE_OF_MESSAGES = {"message_id", "parent_id", "text", "role"}


def first_rejection(why: Rejection, *, position: str) -> dict[str, str | None]:
    """Return a rejection as a report keeps it."""
    return {
        "position": position,
        "reason": why.reason,
        "detail": why.detail[:1000],
        "advice": why.advice,
    }


def unknown_shape(value: Any, options: ReadOptions, *, position: str) -> str:
    """Return the message for records without a known format, with the first of them as example.

    >>> unknown_shape({"a": 1}, ReadOptions(), position="line 1")[:60]
    'its records have no known format; line 1 has the keys a: nam'
    """
    about = described(value)
    if about is not None:
        return about
    if not isinstance(value, dict):
        return f"its records are neither objects nor lists of turns; {position} is {_shown(value)}"
    example = f"{position} has the keys {listed(value)}"
    if options.fields or options.format != "auto":
        wanted = "the named fields" if options.fields else f"the format {options.format}"
        return f"its records do not have {wanted}; {example}"
    if value.keys() >= _TABLE_OF_MESSAGES:
        return (
            f"its records are single messages of trees; {example}: register the file of whole "
            f"trees with {argument('tree', 'paths')}"
        )
    return (
        f"its records have no known format; {example}: name the fields "
        f"({fields_option(prompt='KEY', response='KEY')})"
    )


def mostly_unreadable(
    files: Sequence[tuple[str, Mapping[str, int], Mapping[str, str | None] | None]],
) -> tuple[str, str, str]:
    """Return the commonest reason, its first record, and the advice for it.

    Args:
        files: for each file its name, its failed records by reason, and the first of them.

    >>> first = {"position": "line 1", "reason": "no_response", "detail": "d", "advice": None}
    >>> mostly_unreadable([("a", {"no_response": 2}, first)])[1]
    'the first: a, line 1: no_response, d'
    """
    reasons = sum((Counter(counts) for _, counts, _ in files), Counter[str]())
    commonest = reasons.most_common(1)[0][0]
    shown = [(name, first) for name, _, first in files if first is not None]
    if not shown:
        return commonest, "", ADVICE[commonest]()
    name, first = shown[0]
    example = f"the first: {name}, {first['position']}: {first['reason']}, {first['detail']}"
    advice = first["advice"] if first["reason"] == commonest else None
    return commonest, example, advice or ADVICE[commonest]()


def _shown(value: Any) -> str:
    """Return a value as a message describes it."""
    if isinstance(value, list) and value:
        return f"a list that begins with {kind_of(value[0])}"
    text = f" ({value[:80]!r})" if isinstance(value, str) else ""
    return f"{kind_of(value)}{text}"
