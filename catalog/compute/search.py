"""Search by meaning: the members whose embedding is nearest to a text's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from catalog.compute.imports.row_matching import member_ids
from catalog.compute.index import Index, current_index, ensure_index
from catalog.errors import CorruptError, OptionError, SignalError
from catalog.query.checked_vectors import checked_batches, naming_damage, recorded_shards
from catalog.signals.kinds import ENCODER
from catalog.signals.registry import Signal, list_named
from catalog.signals.resolve import command_for
from catalog.store import vectors
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.encoder import Encoder
    from catalog.query.executor import Limits

EXACT_MEMBERS = 100_000  # up to here every vector is looked at
BATCH_ROWS = 8192
Vectors = np.ndarray[Any, np.dtype[np.float32]]
Ids = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        rows: rank from 1, similarity (cosine), fingerprint, source, prompt, response; nearest first.
        n_searched: members that were compared, all that the condition lets through; estimated where an index served.
        index: the index that served; None for an exact answer.
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
    """The k members nearest to a text by the cosine of their embeddings; ties go to the lower fingerprint.

    Exact up to 100,000 members, and always with a condition; above that an IVF index is built when
    first needed, measured against exact answers on a sample, and used where its recall is 0.95 or
    more.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        text: what to look for.
        k: how many.
        where: a SQL condition over the columns of ``pool(...)``, such as ``"source = 'wiki' AND length(response) > 100"``.
        encoder: the encoder that embedded the members.
        exact_members: how many members are compared one by one, at most.
        limits: what the condition may take.
        is_isolated: whether the condition runs in a child process.

    Raises:
        SignalError: the members are not embedded, or not all of them.
        QueryError: the condition is wrong.
        OptionError: k is below 1, or the text empty.
    """
    if k < 1 or not text.strip():
        raise OptionError(f"search wants a text and k of at least 1, not {text!r} and {k}")
    signal = embedded_with(store, reference, encoder)
    members = matching(store, reference, where, limits=limits, is_isolated=is_isolated)
    wanted = query_vectors(encoder, signal, [text])[0]  # (d,)
    with naming_damage("embedding", reference, encoder):
        if where is None and len(members) > exact_members:
            index = ensure_index(store, signal)
            found = _indexed(store, signal, index, wanted, members, k=k) if index else None
            if found is not None:
                return SearchResult(_described(store, reference, *found, k=k), len(members), index)
        ids, similarities = exact(store, signal, wanted[None], members, k=k)
    return SearchResult(_described(store, reference, ids[0], similarities[0], k=k), len(members))


def embedded_with(
    store: Store,
    reference: Reference,
    encoder: str,
) -> Signal:
    """The embedding of an encoder, of all members.

    Raises:
        SignalError: there is none, or it does not cover them; the message has the command that makes it.
    """
    from catalog.compute.shard_runner import missing
    from catalog.models.encoder import encoder_identity

    wanted = encoder_identity(encoder)
    with store.reading() as connection:
        known = [
            signal
            for signal in list_named(connection, kind="embedding")
            if all(signal.identity.get(key) == value for key, value in wanted.items())
        ]
        n_missing = [missing(connection, reference, signal).num_rows for signal in known]
    command = command_for("embedding", reference, encoder)
    if not known:
        problem = f"{reference} has no embeddings of {encoder}"
        raise SignalError(f"{problem}: `{command}` computes them", command=command)
    best = min(
        range(len(known)), key=lambda i: (n_missing[i], known[i].identity.get("field") != "prompt")
    )
    if n_missing[best]:
        problem = f"{n_missing[best]:,} members of {reference} have no embedding of {encoder}"
        raise SignalError(f"{problem}: `{command}` computes them", command=command)
    return known[best]


def matching(
    store: Store,
    reference: Reference,
    where: str | None,
    *,
    limits: Limits | None = None,
    is_isolated: bool = False,
) -> Ids:
    """The members that a condition lets through, all without one: sorted ids.

    Raises:
        QueryError: the condition is wrong, or asks for more than reading.
    """
    if where is None:
        with store.reading() as connection:
            return np.sort(member_ids(connection, reference))
    from catalog.query import worker
    from catalog.query.executor import Limits
    from catalog.query.stream import run

    sql = f"SELECT instruction_id FROM pool('{reference}') WHERE (\n{where}\n)"  # a comment in the condition ends with its line
    limits = limits or Limits()
    if is_isolated:
        store = Store(store.path.absolute())
        rows = worker.call(run, store, sql, name="--where", limits=limits)
    else:
        rows = run(store, sql, name="--where", limits=limits)
    return np.sort(rows["instruction_id"].to_numpy())


def query_vectors(encoder: str, signal: Signal, texts: list[str]) -> Vectors:
    """Texts as unit vectors, float32 (n, d), in the precision in which the members were embedded."""
    from catalog.models.encoder import load_encoder

    loaded: Encoder = load_encoder(encoder, dtype=signal.identity.get("dtype", "float32"))
    return unit(loaded.encode(texts).vectors)


def unit(rows: Vectors) -> Vectors:
    """Rows of length 1; a zero row stays zero.

    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def each_batch(
    store: Store,
    signal: Signal,
    members: Ids,
    tell: Callable[[Ids, Vectors], None],
) -> None:
    """Stream the unit vectors of members (sorted ids) past a function, told ids (n,) and vectors (n, d) of a batch at a time.

    Raises:
        CorruptError: a vector is gone, or a shard does not hold what was written.
    """
    with store.reading() as connection:
        shards = recorded_shards(connection, signal_id=signal.signal_id)
    assert signal.lance_table is not None  # an embedding's
    n_found = 0
    for batch in (
        checked_batches(store, signal.lance_table, shards, column="vector", batch_rows=BATCH_ROWS)
        if shards
        else ()
    ):
        ids = batch["instruction_id"].to_numpy()
        at = np.searchsorted(members, ids)
        kept = (
            (at < len(members)) & (members[np.minimum(at, len(members) - 1)] == ids)
            if len(members)
            else np.zeros(len(ids), dtype=bool)
        )
        n_found += int(kept.sum())
        if kept.any():
            rows = (
                batch["vector"].flatten().to_numpy(zero_copy_only=False).reshape(len(ids), -1)[kept]
            )
            tell(ids[kept], unit(rows.astype(np.float32, copy=False)))
    if n_found < len(members):
        raise CorruptError(
            f"{signal.lance_table} lacks {len(members) - n_found:,} vectors that the database records"
        )


def exact(
    store: Store,
    signal: Signal,
    wanted: Vectors,
    members: Ids,
    *,
    k: int,
) -> tuple[list[Ids], list[Vectors]]:
    """The nearest of each of q unit vectors among the members, by looking at all of them.

    Args:
        store: the catalog's files and database.
        signal: the embedding.
        wanted: unit vectors, float32 (q, d).
        members: sorted ids.
        k: how many of each, and those that tie with the last of them.

    Returns:
        Ids and cosines for each query, nearest first; memory is O(q (k + a batch)).
    """
    best = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)) for _ in wanted]

    def tell(ids: Ids, rows: Vectors) -> None:
        products = wanted @ rows.T  # (q, n)
        for i, row in enumerate(products):
            best[i] = _top(
                np.concatenate([best[i][0], ids]), np.concatenate([best[i][1], row]), k=k
            )

    each_batch(store, signal, members, tell)
    return [ids for ids, _ in best], [similarities for _, similarities in best]


def _top(ids: Ids, similarities: Vectors, *, k: int) -> tuple[Ids, Vectors]:
    """The k largest, and what ties with the last of them, largest first."""
    if len(ids) > k:
        least = np.partition(similarities, len(ids) - k)[len(ids) - k]
        kept = similarities >= least
        ids, similarities = ids[kept], similarities[kept]
    order = np.lexsort((ids, -similarities))
    return ids[order], similarities[order]


def _indexed(
    store: Store,
    signal: Signal,
    index: Index,
    wanted: Vectors,
    members: Ids,
    *,
    k: int,
) -> tuple[Ids, Vectors] | None:
    """The answer of an index; None when too few of what it finds are members, so that all have to be looked at."""
    with store.reading() as connection:
        rows = connection.sql(
            query("signals/shards"), params={"signal_id": signal.signal_id}
        ).fetchall()
    committed = {row[0] for row in rows}
    n_rows = max(1, current_index(store, signal)[1])
    reach = min(
        n_rows, 2 * k * max(1, round(n_rows / len(members)))
    )  # the table may hold other pools' members too
    found = index.nearest(store, signal, wanted, k=reach)
    is_member = np.isin(found["instruction_id"].to_numpy(), members) & np.isin(
        found["shard"].to_numpy(), list(committed)
    )
    if is_member.sum() < min(k, len(members)):
        return None
    ids = found["instruction_id"].to_numpy()[is_member]
    assert signal.lance_table is not None  # it was just searched
    kept = vectors.take(
        store, signal.lance_table, ids.tolist(), columns=["instruction_id", "vector"]
    )
    exactly = unit(
        kept["vector"]
        .combine_chunks()
        .flatten()
        .to_numpy(zero_copy_only=False)
        .reshape(kept.num_rows, -1)
        .astype(np.float32)
    )
    return _top(kept["instruction_id"].to_numpy(), exactly @ wanted, k=k)


def _described(
    store: Store,
    reference: Reference,
    ids: Ids,
    similarities: Vectors,
    *,
    k: int,
) -> pa.Table:
    hits = pa.table(
        {
            "instruction_id": pa.array(ids, pa.int64()),
            "similarity": pa.array(similarities, pa.float32()),
        }
    )
    with store.reading() as connection:
        connection.register("hits", hits)
        return connection.sql(
            query("search/members"), params=reference.parameters | {"k": k}
        ).to_arrow_table()
