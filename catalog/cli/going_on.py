"""Errors of a command that makes several subsets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from catalog.errors import CatalogError


@contextmanager
def going_on(name: str, *, n_done: int, n: int) -> Iterator[None]:
    """Let an error name the subset of several that failed, and how many are made.

    Args:
        name: of the subset that the block makes.
        n_done: subsets made before it.
        n: subsets in all.

    >>> with going_on("b", n_done=1, n=3):
    ...     raise CatalogError("no pool")
    Traceback (most recent call last):
    catalog.errors.CatalogError: b: no pool (1 of 3 subsets made; the next run makes the others)
    """
    try:
        yield
    except CatalogError as error:
        if n == 1:
            raise
        end = f"{n_done:,} of {n:,} subsets made; the next run makes the others"
        raise error.saying(f"{name}: {error} ({end})") from None
