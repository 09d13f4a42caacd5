"""Selections that share no run of words with a test set."""

from __future__ import annotations

from typing import Any

from catalog.query.executor import Limits
from catalog.selection.selector import Selector, packaged_selection
from catalog.store.references import resolve
from catalog.store.store import Store
from catalog.subsets.narrow import joined
from catalog.subsets.overlap.evaluation import NGRAM
from catalog.subsets.select import Selected, select


def select_clean(
    store: Store,
    source: str,
    *,
    test: str,
    ngram: int = NGRAM,
    limits: Limits | None = None,
) -> Selected:
    """Keep the members that share no run of words with a test item, as a subset.

    The subset is named after both, such as ``alpaca-clean-of-humaneval``. Its definition pins the
    version of the test set. The same definition gives the version that is there.

    Args:
        store: the catalog's files and database.
        source: the pool or subset; several with commas become one subset first.
        test: the pool or subset that holds the test items.
        ngram: words of a run.
        limits: memory, time, and whether results of slow kernels are cached.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        OptionError: ``ngram`` is out of its range, or the subset's name is too long.
        SelectionError: every member shares a run with a test item.
    """
    limits = limits or Limits()
    selector, settings = clean_selection(test, ngram=ngram)
    source = joined(store, selector, source, limits=limits)
    with store.reading() as connection:
        names = [resolve(connection, text).name for text in (source, test)]
    return select(
        store,
        selector,
        source,
        name=clean_name(*names, ngram=ngram),
        budget="all",
        settings=settings,
        is_checked=False,
        limits=limits,
    )


def clean_name(source: str, test: str, *, ngram: int = NGRAM) -> str:
    """Return the name of a subset that shares no run of words with a test set.

    >>> clean_name("alpaca", "humaneval"), clean_name("alpaca", "humaneval", ngram=8)
    ('alpaca-clean-of-humaneval', 'alpaca-clean-of-humaneval-8gram')
    """
    name = f"{source}-clean-of-{test}"
    if ngram != NGRAM:
        name += f"-{ngram}gram"
    return name


def clean_selection(test: str, *, ngram: int = NGRAM) -> tuple[Selector, dict[str, Any]]:
    """Return the selector that leaves out what overlaps with a test set, and its settings."""
    return packaged_selection("clean_of"), {"test": test, "ngram": ngram}
