"""Overlap of a pool or subset with test sets, by shared words or by embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalog.errors import OptionError, SignalError
from catalog.kernels.overlap import SHORTEST
from catalog.messages import argument
from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.signals.coverage import Coverage, coverages, preferred
from catalog.signals.resolve import missing_error, resolve_signal
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, resolve
from catalog.store.store import Store
from catalog.subsets.overlap.compared import compare_all, member_ids
from catalog.subsets.overlap.evaluation import NGRAM
from catalog.subsets.overlap.methods import CloseVectors, Method, SharedWords, wanted

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.rows import Ids


@dataclass(frozen=True)
class TestOverlap:
    """Overlap with one test set.

    Attributes:
        test: the test set, ``name@version``.
        n_items: its test items.
        n_short: items of fewer words than a run, which are compared whole.
        n_skipped: items of fewer than five words, which are not compared.
        n_items_shared: items that overlap with a member.
        n_members: members that overlap with an item.
        pairs: ``fingerprint``, ``prompt``, ``test_fingerprint``, ``hits``, ``share`` and ``span``,
            by share; of embeddings ``share`` is the cosine, ``hits`` and ``span`` are NULL.
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
        embedding: least cosine of embeddings; None if words are compared.
        n_compared: members that were compared now; the others were before.
        tests: one entry for each test set.
    """

    reference: str
    ngram: int
    embedding: float | None
    n_compared: int
    tests: tuple[TestOverlap, ...]


def find_overlap(
    store: Store,
    reference: str,
    *,
    against: Sequence[str],
    ngram: int = NGRAM,
    embedding: float | None = None,
    encoder: str | None = None,
    limits: Limits | None = None,
) -> Overlap:
    """Find the members that overlap with a test item, and keep what was compared.

    The text of a member, and of a test item, is its prompt and its response. Only members and items
    that never met are compared; all that is compared is kept in the catalog.

    Args:
        store: the catalog's files and database.
        reference: the pool or subset.
        against: pools or subsets that hold test items.
        ngram: words of a run that both share.
        embedding: compare embeddings instead: the least cosine, above 0, up to 1.
        encoder: of the embeddings; required if there are several.
        limits: memory and time.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        OptionError: ``ngram`` or ``embedding`` is out of its range.
        SignalError: a side has no embeddings, or members without.
        MemoryLimitError: the comparison would not fit the memory limit.
    """
    memory = (limits or Limits()).n_bytes
    if not 1 <= ngram <= 64:
        raise OptionError(f"{argument('ngram', ngram)} must be 1 to 64")
    with store.reading() as connection:
        found = resolve(connection, reference)
        tests = [resolve(connection, test) for test in against]
        method: Method = SharedWords(ngram, memory)
        if embedding is not None:
            signal = common_embedding(connection, [found, *tests], encoder)
            method = CloseVectors(signal, embedding, memory)
        ids = member_ids(connection, [found])
    n_compared = compare_all(store, ids, tests, method)
    with store.reading() as connection:
        overlaps = tuple(overlap_with(connection, ids, test, method, ngram=ngram) for test in tests)
    return Overlap(str(found), ngram, embedding, n_compared, overlaps)


def overlap_with(
    connection: Connection, ids: Ids, test: Reference, method: Method, *, ngram: int = NGRAM
) -> TestOverlap:
    """Return the overlap of members with a test set, from what was compared."""
    asked = test.parameters | {"method": method.name}
    with wanted(connection, ids):
        pairs = connection.sql(query("overlap/pairs"), params=asked).to_arrow_table()
    asked |= {"ngram": ngram, "shortest": SHORTEST}
    found = connection.sql(query("overlap/n_items"), params=asked).fetchall()
    ((n_items, n_short, n_skipped),) = found
    return TestOverlap(
        str(test),
        n_items=n_items,
        n_short=n_short,
        n_skipped=n_skipped,
        n_items_shared=len(pairs["test_fingerprint"].unique()),
        n_members=len(pairs["fingerprint"].unique()),
        pairs=pairs,
    )


def common_embedding(
    connection: Connection, references: Iterable[Reference], encoder: str | None
) -> Coverage:
    """Return the embeddings that all of several pools and subsets have.

    Raises:
        SignalError: there are none, or members lack them.
        AmbiguousSignalError: there are several.
    """
    first, *others = references
    candidates = preferred(coverages(connection, first, kind="embedding"), {"field": "prompt"})
    by_other = {
        other: {
            each.identity_sha256: each for each in coverages(connection, other, kind="embedding")
        }
        for other in others
    }
    common = [
        each
        for each in candidates
        if all(found[each.identity_sha256].n_with_value for found in by_other.values())
    ]
    signal = resolve_signal(first, common or candidates, kind="embedding", name=encoder)
    if isinstance(signal, SignalError):
        raise signal
    for other, found in [(first, {signal.identity_sha256: signal}), *by_other.items()]:
        lacking = missing_error(other, found[signal.identity_sha256])
        if lacking:
            raise lacking
    return signal
