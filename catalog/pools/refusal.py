"""Messages for loads that cannot be read: what was found, and what helps."""

from __future__ import annotations

from typing import Any

from catalog.errors import listed
from catalog.pools.entries import described
from catalog.pools.options import ReadOptions


def unknown_shape(value: Any, options: ReadOptions) -> str:
    """Return why records have no shape, shown by the first of them, and what to do.

    >>> unknown_shape({"a": 1}, ReadOptions())[:51]
    'its records have no known shape; their keys are a: '
    """
    about = described(value)
    if about is not None:
        return about
    if not isinstance(value, dict):
        return "its records are neither objects nor lists of turns"
    keys = listed(value)
    if options.map or options.format != "auto":
        return f"its records do not have what {'--map' if options.map else '--format'} asks for; their keys are {keys}"
    return f"its records have no known shape; their keys are {keys}: name them with --map prompt=KEY --map response=KEY"
