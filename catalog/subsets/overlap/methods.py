"""Methods that tell whether a member overlaps with a test item: shared words, or close vectors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from catalog.arrow import to_numpy
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.store import Store
from catalog.subsets.overlap.evaluation import NGRAM

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.rows import Ids
    from catalog.signals.coverage import Coverage

PAIR = ("instruction_id", "test_instruction_id", "hits", "share", "span")


class Method(Protocol):
    """Comparison of members with test items.

    Attributes:
        name: what identifies it in a catalog.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    def pairs(self, store: Store, members: Ids, items: Ids) -> pa.Table:
        """Return the pairs that overlap: the columns of `PAIR`."""

    def n_words(self, store: Store, items: Ids) -> list[int] | list[None]:
        """Return the number of words of each item, if they are compared."""


@dataclass(frozen=True)
class SharedWords:
    """Shared runs of words; see `catalog.kernels.overlap.overlap`.

    Attributes:
        ngram: words of a run.
        memory: bytes that the comparison may hold.
    """

    ngram: int = NGRAM
    memory: int | None = None

    @property
    def name(self) -> str:
        """Return what identifies the method."""
        return f"{self.ngram} words"

    def pairs(self, store: Store, members: Ids, items: Ids) -> pa.Table:
        """Return the pairs that share a run of words."""
        from catalog.kernels.overlap import overlap

        rows, tests = _texts(store, members), _texts(store, items)
        return overlap(rows, tests, n=self.ngram, memory=self.memory).select(PAIR)

    def n_words(self, store: Store, items: Ids) -> list[int]:
        """Return the number of words of each item."""
        from catalog.kernels._common.word_runs import words_of

        texts = _texts(store, items).sort_by("instruction_id")["text"].combine_chunks()
        counts: list[int] = np.diff(words_of(texts).offsets).tolist()
        return counts


@dataclass(frozen=True)
class CloseVectors:
    """Embeddings with a cosine of at least a threshold; see `catalog.kernels.similar.similar`.

    Attributes:
        signal: the embeddings of both sides.
        threshold: least cosine.
        memory: bytes that the comparison may hold.
    """

    signal: Coverage
    threshold: float
    memory: int | None = None

    @property
    def name(self) -> str:
        """Return what identifies the method."""
        return f"embedding {self.signal.identity_sha256} {self.threshold:g}"

    def pairs(self, store: Store, members: Ids, items: Ids) -> pa.Table:
        """Return the pairs whose embeddings are close."""
        import pyarrow as pa

        from catalog.kernels.similar import similar

        rows, tests = (_vectors(store, self.signal, ids) for ids in (members, items))
        found = similar(rows, tests, threshold=self.threshold, memory=self.memory)
        nothing = pa.nulls(found.num_rows)
        columns = {name: found[name] for name in PAIR[:2]}
        columns |= {"hits": nothing, "share": found["similarity"], "span": nothing}
        return pa.table(columns)

    def n_words(self, store: Store, items: Ids) -> list[None]:
        """Return nothing for each item, since words are not compared."""
        return [None] * len(items)


@contextmanager
def wanted(connection: Connection, ids: Ids) -> Iterator[None]:
    """Let SQL read some instructions' ids as the table ``wanted_ids``."""
    import pyarrow as pa

    connection.register("wanted_ids", pa.table({"instruction_id": pa.array(ids, pa.int64())}))
    try:
        yield
    finally:
        connection.unregister("wanted_ids")


def _texts(store: Store, ids: Ids) -> pa.Table:
    with store.reading() as connection, wanted(connection, ids):
        return connection.sql(query("overlap/texts")).to_arrow_table()


def _vectors(store: Store, signal: Coverage, ids: Ids) -> pa.Table:
    """Return ``instruction_id``, ``fingerprint`` and ``vector`` of those that have a vector."""
    import pyarrow as pa

    from catalog.query.checked_vectors import checked_batches, recorded_shards
    from catalog.query.rows import Positions

    with store.reading() as connection, wanted(connection, ids):
        rows = connection.sql(query("overlap/fingerprints")).to_arrow_table()
        shards = recorded_shards(connection, signal_id=signal.signal_id)
    positions = Positions(to_numpy(rows["instruction_id"]))
    vectors = np.zeros((rows.num_rows, signal.dimension or 0), dtype=np.float32)  # (n, d)
    is_there = np.zeros(rows.num_rows, dtype=bool)
    for batch in checked_batches(store, signal.lance_table or "", shards, column="vector"):
        place = positions.of(to_numpy(batch["instruction_id"]))
        known = place >= 0
        values = to_numpy(batch["vector"].flatten())
        vectors[place[known]] = values.reshape(len(batch), -1)[known]
        is_there[place[known]] = True
    flat = pa.array(vectors[is_there].reshape(-1))
    column = pa.FixedSizeListArray.from_arrays(flat, signal.dimension or 0)
    return rows.filter(pa.array(is_there)).append_column("vector", column)
