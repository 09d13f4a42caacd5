"""Detect the format of a record, and read a record by a format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import wraps
from typing import Any

from catalog.json_text import NotFiniteError
from catalog.pools.conversation import Instruction
from catalog.pools.formats.registry import Format, formats
from catalog.pools.reasons import Rejection
from catalog.pools.roles import given_roles


def detect(records: Sequence[Any], candidates: Sequence[Format] | None = None) -> Format | None:
    """Return the format that fits most of the records, or None when none fits any.

    The format that is tried earlier wins a tie.

    >>> detect([{"question": "?", "answer": "!"}]).__name__
    'alpaca'
    """
    candidates = formats() if candidates is None else candidates
    counts: Counter[Format] = Counter()
    for record in records:
        format_ = next((candidate for candidate in candidates if fits(candidate, record)), None)
        if format_ is not None:
            counts[format_] += 1
    if not counts:
        return None
    return max(counts, key=lambda format_: (counts[format_], -candidates.index(format_)))


def fits(format_: Format, record: Any) -> bool:
    """Return whether a record has a format's shape, whether or not it can be read.

    >>> from catalog.pools.formats.alpaca import alpaca
    >>> fits(alpaca, {"question": 1}), fits(alpaca, {"text": "?"})
    (True, False)
    """
    try:
        return format_(record) is not None
    except Exception:
        # The format recognises the shape; reading the record itself raises the same error again.
        return True


def exact(format_: Format, record: Any) -> Instruction | Rejection | None:
    """Read a record by a format, and reject one whose content holds NaN or an infinity.

    >>> from catalog.pools.formats.messages import messages
    >>> turn = {"role": "user", "content": "q", "weight": float("nan")}
    >>> exact(messages, {"messages": [turn]}).reason
    'not_json'
    """
    try:
        return format_(record)
    except NotFiniteError as error:
        return Rejection("not_json", str(error))


def with_roles(format_: Format, roles: Mapping[str, str]) -> Format:
    """Return a format that reads further spellings of roles, such as ``{"narrator": "assistant"}``.

    >>> from catalog.pools.formats.turns import turns
    >>> read = with_roles(turns, {"narrator": "assistant"})
    >>> read([{"role": "Narrator", "content": "hi"}]).messages
    [('assistant', 'hi', None)]
    """
    lowered = {name.strip().lower(): role for name, role in roles.items()}

    @wraps(format_)
    def read(record: Any) -> Instruction | Rejection | None:
        with given_roles(lowered):
            return format_(record)

    return read
