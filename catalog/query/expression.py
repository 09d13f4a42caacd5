"""Expressions that a user gives by themselves, put into a text in brackets."""

from __future__ import annotations

from catalog.errors import QueryError
from catalog.query.source_text import CLOSED, OPENED, Insert
from catalog.query.tokens import Tokens


def bracketed(text: str, *, option: str) -> str:
    """Return an expression in brackets, whatever it ends with.

    Args:
        text: the expression.
        option: where the user gave it, for the message.

    Raises:
        QueryError: it ends the brackets around it, such as ``true) UNION (SELECT 1``, or is empty.
    """
    found = f"{OPENED}{text}{CLOSED}"
    layout = Tokens(found)
    if layout.partner.get(0) != len(layout) - 1 or len(layout) < 3:
        raise QueryError(f"{option}: expected one expression with matching brackets, got {text!r}")
    return found


def inserts(text: str, *brackets: str, option: str) -> tuple[Insert, ...]:
    """Return where expressions in brackets stand in a text, one after the other.

    >>> inserts("WHERE (\\nn > 1\\n)", "(\\nn > 1\\n)", option="--where")
    (Insert(option='--where', start=8, end=13),)
    """
    places, end = [], 0
    for expression in brackets:
        start = text.index(expression, end)
        end = start + len(expression)
        places.append(Insert(option, start + len(OPENED), end - len(CLOSED)))
    return tuple(places)
