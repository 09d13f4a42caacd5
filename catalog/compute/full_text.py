"""Full-text index: the words of every prompt and response, in a table that LanceDB searches.

The table (instruction_id, shard, prompt, response) is a signal like any other: new members are
added, and a job that is killed is resumed. Its texts are words with spaces between, as the macro
`tokens_of` finds them, so that a search and `matches(...)` in SQL find the same members.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.compute.index import is_stale
from catalog.compute.shard_runner import ComputeReport, Progress, compute, exclusively, missing
from catalog.compute.shard_writer import Values
from catalog.compute.similarity import Ids, committed_shards, largest
from catalog.errors import SignalError
from catalog.query.provenance import macro_sha256
from catalog.signals.kinds.full_text import WORDS
from catalog.signals.registry import Signal, ensure_signal, list_named
from catalog.signals.resolve import command_for
from catalog.store import vectors
from catalog.store.connection import Connection
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store
from catalog.store.vector_search import create_text_index, matching_rows, n_unindexed_rows

_lock = threading.Lock()

COLUMNS = ("prompt", "response")
DIGITS = 5  # of a score that is ranked by: LanceDB adds in float32
LEAST_HITS = 100  # that are asked for at once
SHARD_ROWS = 65_536  # some seconds of words


@dataclass(frozen=True)
class FullText:
    """Full-text signal and its committed shards."""

    signal: Signal
    shards: Ids


@dataclass(frozen=True)
class Hits:
    """Members that hold a word of a text: ids (n,) and scores (n,), the highest first."""

    ids: Ids
    scores: np.ndarray[Any, np.dtype[np.float64]]


def index_text(
    store: Store, reference: Reference, *, progress: Progress | None = None
) -> ComputeReport:
    """Index the words of a pool's members; those that are indexed already stay.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        progress: called after each shard.

    Raises:
        LockedError: another process indexes.
    """
    with store.writing() as connection:
        signal = ensure_signal(
            connection, kind="full_text", name=WORDS, identity=identity(), has_vectors=True
        )

    def shard_values(texts: pa.Table) -> Values:
        return Values(_tokenized(store, texts))

    report = compute(
        store, reference, signal, shard_values, shard_rows=SHARD_ROWS, progress=progress
    )
    _ensure_index(store, signal)
    return report


def identity() -> dict[str, str]:
    """Return what decides the words of a text."""
    hashes = sorted(macro_sha256("SELECT tokens_of(text)").items())
    return {"words": hashlib.sha256(repr(hashes).encode()).hexdigest()}


def complete_full_text(store: Store, reference: Reference) -> FullText:
    """Return the full-text index that covers all members.

    Raises:
        SignalError: none covers them; the error has the command that indexes them.
    """
    command = command_for("full_text", reference, WORDS)
    with store.reading() as connection:
        known = list_named(connection, kind="full_text", name=WORDS)
        known = [signal for signal in known if signal.identity == identity()]
        n_missing = missing(connection, reference, known[0]).num_rows if known else 0
    if not known:
        problem = f"{reference} has no full-text index"
        raise SignalError(f"{problem}: `{command}` makes it", command=command)
    if n_missing:
        problem = f"{n_missing:,} members of {reference} are not in the full-text index"
        raise SignalError(f"{problem}: `{command}` adds them", command=command)
    return FullText(known[0], committed_shards(store, known[0]))


def matching_members(store: Store, index: FullText, words: str, members: Ids, *, k: int) -> Hits:
    """Return the k members with the highest scores, and those that tie with the last of them.

    A score is BM25 of the prompt and of the response, added; the corpus is all that is indexed. The
    index is asked for more until enough of its rows are wanted members.

    Args:
        store: the catalog's files and database.
        index: the full-text index.
        words: with spaces between; see `words_of`.
        members: sorted ids.
        k: the number of members.
    """
    table = index.signal.lance_table
    assert table is not None
    if not words or not len(members) or not vectors.exists(store, table):
        return Hits(np.zeros(0, dtype=np.int64), np.zeros(0))
    n_asked = max(LEAST_HITS, 2 * k)
    while True:
        rows = matching_rows(store, table, words, columns=COLUMNS, k=n_asked)
        ids = rows["instruction_id"].to_numpy()
        scores = np.round(rows["_score"].to_numpy().astype(np.float64), DIGITS)
        kept = np.isin(ids, members) & np.isin(rows["shard"].to_numpy(), index.shards)
        is_all = len(ids) < n_asked
        is_enough = kept.sum() >= k and np.sort(scores[kept])[-k] > scores.min()
        if is_all or is_enough:
            return Hits(*largest(ids[kept], scores[kept], k=k))
        n_asked *= 8


def words_of(text: str) -> str:
    """Return the distinct words of a text with spaces between them.

    >>> words_of("Boil an egg, boil 天気!")
    'boil an egg 天 気'
    """
    with _lock:
        ((words,),) = _in_memory().sql(query("search/words"), params={"text": text}).fetchall()
    return " ".join(dict.fromkeys(words))


@cache
def _in_memory() -> Connection:
    """Return a database of its own, since opening the catalog's takes longer than a search."""
    import duckdb

    return Connection(duckdb.connect(":memory:", config={"threads": 1}))


def _tokenized(store: Store, texts: pa.Table) -> pa.Table:
    with store.reading() as connection:
        connection.register("texts", texts.select(["instruction_id", *COLUMNS]))
        return connection.sql(query("search/tokens")).to_arrow_table()


def _ensure_index(store: Store, signal: Signal) -> None:
    """Build the index if there is none, or if many rows came after it.

    Raises:
        LockedError: another process indexes.
    """
    assert signal.lance_table is not None
    if not vectors.exists(store, signal.lance_table):
        return
    with exclusively(store, signal):
        n_rows = int(vectors.dataset(store, signal.lance_table).count_rows())
        n_behind = n_unindexed_rows(store, signal.lance_table)
        if n_behind is None or is_stale(n_rows - n_behind, n_rows):
            create_text_index(store, signal.lance_table, COLUMNS)
