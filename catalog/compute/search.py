"""Search by meaning: the members whose embeddings are nearest to a text's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from catalog.compute.imports.row_matching import member_ids
from catalog.compute.index import Index, current_index, ensure_index
from catalog.compute.similarity import (
    Ids,
    Vectors,
    complete_embedding,
    exact_nearest,
    largest,
    text_vectors,
    unit,
)
from catalog.errors import OptionError
from catalog.query.checked_vectors import naming_damage
from catalog.signals.kinds import ENCODER
from catalog.signals.registry import Signal
from catalog.store import vectors
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.query.executor import Limits

EXACT_MEMBERS = 100_000  # up to here every vector is compared


@dataclass(frozen=True)
class SearchResult:
    """Result of a search.

    Attributes:
        rows: rank (from 1), similarity (cosine), fingerprint, source, prompt, response.
        n_searched: members that satisfy the condition.
        index: the index that was used; None for an exact result.
    """

    rows: pa.Table
    n_searched: int
    index: Index | None = None


def search(
    store: Store,
    reference: Reference,
    text: str,
    *,
    k: int = 10,
    where: str | None = None,
    encoder: str = ENCODER,
    exact_members: int = EXACT_MEMBERS,
    limits: Limits | None = None,
    is_isolated: bool = False,
) -> SearchResult:
    """Find the k members nearest to a text by the cosine of their embeddings.

    Ties are broken by fingerprint. The result is exact up to 100,000 members, and always with a
    condition; above that an IVF index is built when first needed, measured against exact results on
    a sample, and used if its recall is at least 0.95.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        text: the text to search for.
        k: the number of results.
        where: a SQL condition over the columns of ``pool(...)``, such as
            ``"source = 'wiki' AND length(response) > 100"``.
        encoder: the encoder that embedded the members.
        exact_members: the largest number of members that are compared one by one.
        limits: those of the condition.
        is_isolated: whether the condition runs in a child process.

    Raises:
        SignalError: some members have no embedding.
        QueryError: the condition is wrong.
        OptionError: k is below 1, or the text empty.
    """
    if k < 1 or not text.strip():
        raise OptionError(f"expected a text and k of at least 1, got {text!r} and {k}")
    signal = complete_embedding(store, reference, encoder)
    members = matching_members(store, reference, where, limits=limits, is_isolated=is_isolated)
    wanted = text_vectors(encoder, signal, [text])[0]  # (d,)
    with naming_damage("embedding", reference, encoder):
        if where is None and len(members) > exact_members:
            index = ensure_index(store, signal)
            hits = _indexed(store, signal, index, wanted, members, k=k) if index else None
            if hits is not None:
                return SearchResult(_described(store, reference, *hits, k=k), len(members), index)
        ids, similarities = exact_nearest(store, signal, wanted[None], members, k=k)
    return SearchResult(_described(store, reference, ids[0], similarities[0], k=k), len(members))


def matching_members(
    store: Store,
    reference: Reference,
    where: str | None,
    *,
    limits: Limits | None = None,
    is_isolated: bool = False,
) -> Ids:
    """Return the sorted ids of the members that satisfy a condition, of all without one.

    Raises:
        QueryError: the condition is wrong, or does more than read.
    """
    if where is None:
        with store.reading() as connection:
            return np.sort(member_ids(connection, reference))
    from catalog.query import worker
    from catalog.query.executor import Limits
    from catalog.query.stream import run

    # The condition ends with a line, and so does a comment in it.
    sql = f"SELECT instruction_id FROM pool('{reference}') WHERE (\n{where}\n)"
    limits = limits or Limits()
    if is_isolated:
        absolute = Store(store.path.absolute())
        rows = worker.call(run, absolute, sql, name="--where", limits=limits)
    else:
        rows = run(store, sql, name="--where", limits=limits)
    return np.sort(rows["instruction_id"].to_numpy())


def _indexed(
    store: Store, signal: Signal, index: Index, wanted: Vectors, members: Ids, *, k: int
) -> tuple[Ids, Vectors] | None:
    """Return the hits of an index; None if too few of its hits are members."""
    assert signal.lance_table is not None  # it has an index
    n_rows = max(1, current_index(store, signal)[1])
    n_per_member = max(1, round(n_rows / len(members)))  # the table may hold other pools' members
    hits = index.nearest(store, signal, wanted, k=min(n_rows, 2 * k * n_per_member))
    ids = hits["instruction_id"].to_numpy()
    is_committed = np.isin(hits["shard"].to_numpy(), _committed_shards(store, signal))
    ids = ids[np.isin(ids, members) & is_committed]
    if len(ids) < min(k, len(members)):
        return None
    columns = ["instruction_id", "vector"]
    kept = vectors.take(store, signal.lance_table, ids.tolist(), columns=columns)
    flat = kept["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    rows = unit(flat.reshape(kept.num_rows, -1).astype(np.float32))
    return largest(kept["instruction_id"].to_numpy(), rows @ wanted, k=k)


def _committed_shards(store: Store, signal: Signal) -> list[int]:
    parameters = {"signal_id": signal.signal_id}
    with store.reading() as connection:
        rows = connection.sql(query("signals/shards"), params=parameters).fetchall()
    return [shard for (shard,) in rows]


def _described(
    store: Store, reference: Reference, ids: Ids, similarities: Vectors, *, k: int
) -> pa.Table:
    """Return hits with their texts, ranked."""
    hits = pa.table(
        {
            "instruction_id": pa.array(ids, pa.int64()),
            "similarity": pa.array(similarities, pa.float32()),
        }
    )
    parameters = reference.parameters | {"k": k}
    with store.reading() as connection:
        connection.register("hits", hits)
        return connection.sql(query("search/members"), params=parameters).to_arrow_table()
