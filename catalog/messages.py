"""Parts of messages: names in a list, errors of libraries, arguments as a user writes them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

MOST_LISTED = 10
"""Names of one kind that a message lists before it counts the rest."""

_LONGEST_NAME = 60
_LONGEST_ERROR = 300
_MOST_DIGITS, _MOST_ZEROS = 15, 9  # of a number that is written without an exponent


SPEAKS_FLAGS = "CATALOG_SPEAKS_FLAGS"
"""Variable by which a process that serves the command line learns that it does."""

_speaks_flags = SPEAKS_FLAGS in os.environ


@contextmanager
def speaking_flags() -> Iterator[None]:
    """Let messages of this process name options of the command line, not arguments of Python."""
    global _speaks_flags
    before, _speaks_flags = _speaks_flags, True
    try:
        yield
    finally:
        _speaks_flags = before


def flags_variable() -> dict[str, str]:
    """Return the environment of a process that is to name options as this one does."""
    return {SPEAKS_FLAGS: "1"} if _speaks_flags else {}


def argument(name: str, value: object = None, *, flag: str | None = None) -> str:
    """Return an argument for a message: as Python writes it, or as the command line does.

    Args:
        name: the argument's name in Python.
        value: the value to give it, if there is one.
        flag: the option, by default ``--name``; one with a space has its value already.

    >>> argument("overwrite", True), argument("budget")
    ('overwrite=True', 'budget')
    >>> with speaking_flags():
    ...     argument("overwrite", True), argument("max_length", 512), argument("name", flag="--as")
    ...     argument("settings", {"k": 5}, flag="--set k=5")
    ('--overwrite', '--max-length 512', '--as')
    '--set k=5'
    """
    if not _speaks_flags:
        if value is None:
            return name
        return f"{name}={value!r}"
    flag = flag or f"--{name.replace('_', '-')}"
    if value is None or value is True or " " in flag:
        return flag
    return f"{flag} {value}"


def quantity(n: int, singular: str, plural: str = "") -> str:
    """Return a number and its noun: the singular for one, else the plural, by default with an s.

    >>> quantity(1, "file"), quantity(1234, "file"), quantity(2, "entry", "entries")
    ('1 file', '1,234 files', '2 entries')
    """
    noun = singular if n == 1 else plural or f"{singular}s"
    return f"{n:,} {noun}"


def rows_and_members(n_rows: int, n_members: int) -> str:
    """Return how many members a subset has, and its rows where a member stands several times.

    >>> rows_and_members(1, 1), rows_and_members(16946, 10473)
    ('1 member', '16,946 rows of 10,473 members')
    """
    members = quantity(n_members, "member")
    return members if n_rows == n_members else f"{quantity(n_rows, 'row')} of {members}"


def listed(names: Iterable[object], *, most: int = MOST_LISTED) -> str:
    """Return names for a message: ten at most, long ones cut, and how many more there are.

    >>> listed(["a", "b"]), listed(range(100), most=2)
    ('a, b', '0, 1 and 98 more')
    """
    texts = [str(name) for name in names]
    shown = ", ".join(shortened(text, _LONGEST_NAME) for text in texts[:most])
    return shown + and_more(len(texts) - most)


def and_more(n: int) -> str:
    """Return the end of a list of which n more are left out; nothing if none is.

    >>> and_more(1234), and_more(0)
    (' and 1,234 more', '')
    """
    if n > 0:
        return f" and {n:,} more"
    return ""


def shortened(text: str, most: int) -> str:
    """Return a text of at most that many characters, with an ellipsis where it is cut.

    >>> shortened("instruction", 6), shortened("short", 6)
    ('instr…', 'short')
    """
    if len(text) <= most:
        return text
    return f"{text[: most - 1]}…"


def one_line(error: BaseException) -> str:
    """Return the message of a library's error in one line, cut where it is long; else its type.

    >>> one_line(ValueError("bad\\n  page")), one_line(EOFError())
    ('bad page', 'EOFError')
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return shortened(text, _LONGEST_ERROR)


def significant(value: float, digits: int = 4) -> str:
    """Return a number with so many significant digits, thousands apart.

    The digits before the point stay whole. Only very large and very small numbers have an exponent.

    >>> [significant(value, 2) for value in (2981.4, 131.0, 0.0123, 1.0, -0.5, 3.17e-16, 1e300)]
    ['2,981', '131', '0.012', '1', '-0.5', '3.2e-16', '1e+300']
    """
    if not math.isfinite(value):
        return str(value)
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    if not -_MOST_ZEROS <= magnitude < _MOST_DIGITS:
        return f"{value:.{digits}g}"
    text = f"{value:,.{max(0, digits - 1 - magnitude)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
