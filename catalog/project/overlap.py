"""Overlap of a pool or subset with test sets, as runs of words, and selections clean of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.query.stream import run
from catalog.selection.selector import Selector, packaged_selection
from catalog.store.queries import query
from catalog.store.references import resolve
from catalog.store.store import Store
from catalog.subsets.select import Selected, select

if TYPE_CHECKING:
    import pyarrow as pa

NGRAM = 13
"""Words of a run, as in Brown et al. (arXiv 2005.14165)."""


@dataclass(frozen=True)
class TestOverlap:
    """Overlap with one test set.

    Attributes:
        test: the test set, ``name@version``.
        n_items: its test items.
        n_short: items of fewer words than a run, which are compared whole.
        n_skipped: items of fewer than five words, which are not compared.
        n_items_shared: items that share a run with a member.
        n_members: members that share a run with an item.
        pairs: ``fingerprint``, ``prompt``, ``test_fingerprint``, ``hits``, ``share`` and ``span``,
            by share.
    """

    test: str
    n_items: int
    n_short: int
    n_skipped: int
    n_items_shared: int
    n_members: int
    pairs: pa.Table = field(repr=False, compare=False)


@dataclass(frozen=True)
class Overlap(NotebookResult):
    """Overlap of a pool or subset with test sets.

    Attributes:
        reference: the pool or subset, ``name@version``.
        ngram: words of a run.
        tests: one entry for each test set.
    """

    reference: str
    ngram: int
    tests: tuple[TestOverlap, ...]


def find_overlap(
    store: Store,
    reference: str,
    *,
    against: Sequence[str],
    ngram: int = NGRAM,
    limits: Limits | None = None,
) -> Overlap:
    """Find the members that share a run of words with a test item.

    The text of a member, and of a test item, is its prompt and its response.

    Args:
        store: the catalog's files and database.
        reference: the pool or subset.
        against: pools or subsets that hold test items.
        ngram: words of a run.
        limits: memory and time.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        OptionError: ``ngram`` is out of its range.
    """
    with store.reading() as connection:
        found = str(resolve(connection, reference))
        tests = [str(resolve(connection, test)) for test in against]
    overlaps = (_overlap_with(store, found, test, ngram, limits or Limits()) for test in tests)
    return Overlap(found, ngram, tuple(overlaps))


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
        source: the pool or subset.
        test: the pool or subset that holds the test items.
        ngram: words of a run.
        limits: memory, time, and whether results of slow kernels are cached.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        OptionError: ``ngram`` is out of its range, or the subset's name is too long.
        SelectionError: every member shares a run with a test item.
    """
    with store.reading() as connection:
        names = [resolve(connection, text).name for text in (source, test)]
    name = clean_name(*names, ngram=ngram)
    selector, settings = clean_selection(test, ngram=ngram)
    return select(
        store, selector, source, name=name, budget="all", settings=settings, limits=limits
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


def _overlap_with(
    store: Store, reference: str, test: str, ngram: int, limits: Limits
) -> TestOverlap:
    from catalog.kernels._common.word_runs import words_of
    from catalog.kernels.overlap import SHORTEST

    parameters = {"reference": reference, "test": test, "ngram": ngram}
    pairs = run(store, query("overlap/pairs"), parameters=parameters, limits=limits)
    texts = run(store, query("overlap/texts"), parameters=parameters, limits=limits)["text"]
    n_words = np.diff(words_of(texts.combine_chunks()).offsets)
    return TestOverlap(
        test,
        n_items=len(n_words),
        n_short=int(((n_words >= SHORTEST) & (n_words < ngram)).sum()),
        n_skipped=int((n_words < SHORTEST).sum()),
        n_items_shared=len(pairs["test_fingerprint"].unique()),
        n_members=len(pairs["fingerprint"].unique()),
        pairs=pairs,
    )
