"""Sentences in the width of a terminal."""

from __future__ import annotations

import re

HANG = 2
"""Characters by which the second line of a sentence is indented."""

_UNBROKEN = re.compile(r"(?:`[^`]*`|\S)+")
_CARET = re.compile(r"(?m)^[ ~]*\^")


def wrapped(text: str, width: int) -> str:
    """Return a text in lines of at most that width, broken between words.

    A command in backticks stays on one line, however long it is. A text with a caret under one of
    its lines stays as it is.

    >>> print(wrapped("  no score depth: `catalog score demo depth` computes it", 30))
      no score depth:
        `catalog score demo depth`
        computes it
    """
    if _CARET.search(text):
        return text
    return "\n".join(_line(line, width) for line in text.split("\n"))


def _line(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    indent = " " * (len(text) - len(text.lstrip()))
    lines = [indent]
    for match in _UNBROKEN.finditer(text):
        word = match[0]
        separator = " " if lines[-1].strip() else ""
        if separator and len(lines[-1]) + 1 + len(word) > width:
            lines.append(indent + " " * HANG)
            separator = ""
        lines[-1] += separator + word
    return "\n".join(lines)
