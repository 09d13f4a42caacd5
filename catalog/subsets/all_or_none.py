"""Verbs that write several subsets: one that fails leaves none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from catalog.errors import CatalogError
from catalog.store.drop_subset import drop_subset
from catalog.store.references import Reference
from catalog.store.store import Store

_written: ContextVar[list[Reference] | None] = ContextVar("_written", default=None)


@contextmanager
def all_or_none(store: Store) -> Iterator[Callable[[], None]]:
    """Drop the subsets that the block writes if it fails or is stopped.

    Yields a function that keeps what was written until then. A version that another subset was
    made from stays. A process that is killed drops nothing; the same call finds what it wrote.
    """
    outer = _written.get()
    written: list[Reference] = []
    token = _written.set(written)
    try:
        yield written.clear
    except BaseException:
        _drop(store, written)
        raise
    finally:
        _written.reset(token)
    if outer is not None:
        outer.extend(written)


def note_written(reference: Reference) -> None:
    """Note a new version, for the block that it is written in."""
    written = _written.get()
    if written is not None:
        written.append(reference)


def _drop(store: Store, written: Sequence[Reference]) -> None:
    """Drop versions, the newest first, as far as the catalog lets it."""
    for reference in reversed(written):
        with suppress(CatalogError), store.writing() as connection:
            drop_subset(connection, reference.name, reference.version)
