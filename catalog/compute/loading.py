"""Seconds that models took to load, which say nothing about the time of more instructions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_SECONDS: ContextVar[list[float] | None] = ContextVar("seconds of loading", default=None)


@contextmanager
def loading() -> Iterator[None]:
    """Count the time of this block, which loads a model, for the `counting_loads` around it."""
    started = time.monotonic()
    try:
        yield
    finally:
        seconds = _SECONDS.get()
        if seconds is not None:
            seconds.append(time.monotonic() - started)


@contextmanager
def counting_loads() -> Iterator[list[float]]:
    """Yield a list that receives the seconds of each `loading` in this block.

    >>> with counting_loads() as seconds:
    ...     with loading():
    ...         pass
    >>> len(seconds)
    1
    """
    seconds: list[float] = []
    token = _SECONDS.set(seconds)
    try:
        yield seconds
    finally:
        _SECONDS.reset(token)
