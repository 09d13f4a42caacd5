"""Expressions that a user gives by themselves, put into a text in brackets."""

from __future__ import annotations

from catalog.errors import QueryError
from catalog.query.tokens import Tokens


def bracketed(text: str, *, option: str) -> str:
    """Return an expression in brackets, whatever it ends with.

    Args:
        text: the expression.
        option: where the user gave it, for the message.

    Raises:
        QueryError: it ends the brackets around it, such as ``true) UNION (SELECT 1``, or is empty.
    """
    found = f"(\n{text}\n)"  # the expression ends with a line, and so does a comment in it
    layout = Tokens(found)
    if layout.partner.get(0) != len(layout) - 1 or len(layout) < 3:
        raise QueryError(f"{option}: expected one expression with matching brackets, got {text!r}")
    return found
