"""Search: members by meaning, by words, by both, or like another member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from catalog.compute.condition import satisfying_members
from catalog.compute.few_vectors import vector_matrix
from catalog.compute.full_text import matching_members, words_of
from catalog.compute.index import Index
from catalog.compute.searched_pool import SearchedEmbedding, SearchedPool, searched_pool
from catalog.compute.similarity import Ids, Vectors, exact_nearest, largest, unit
from catalog.errors import OptionError
from catalog.frames import to_polars
from catalog.query.checked_vectors import naming_damage
from catalog.signals.kind_options import ENCODER
from catalog.store.members import find_member
from catalog.store.store import Store
from catalog.store.vector_search import fused

if TYPE_CHECKING:
    import polars as pl

    from catalog.query.executor import Limits

Mode = Literal["meaning", "text", "hybrid"]

LEAST_FUSED = 100  # members of each ranking that a hybrid search fuses


@dataclass(frozen=True)
class SearchResult:
    """Result of a search.

    Attributes:
        rows: rank (from 1), then similarity (cosine), score (BM25) or relevance (of both),
            fingerprint, source, prompt, response.
        n_searched: members that satisfy the condition.
        index: the vector index that was used; None if every vector was compared.
    """

    rows: pl.DataFrame
    n_searched: int
    index: Index | None = None

    def _repr_html_(self) -> str:
        return self.rows._repr_html_()


@dataclass(frozen=True)
class Ranking:
    """Members (n,) and their numbers (n,), the highest first; perhaps more than were asked for."""

    name: str
    ids: Ids
    values: np.ndarray[Any, np.dtype[Any]]
    index: Index | None = None


def search(
    store: Store,
    ref: str,
    text: str | None = None,
    *,
    mode: Mode = "meaning",
    like: str | None = None,
    k: int = 10,
    where: str | None = None,
    encoder: str = ENCODER,
    limits: Limits | None = None,
    is_isolated: bool = False,
) -> SearchResult:
    """Find the k members that a text, or another member, is closest to.

    By meaning the cosine of embeddings ranks, exactly unless `index_embedding` has built an index
    whose recall is at least 0.95; an exact result comes with a condition too. By text BM25 ranks
    those that hold a word of the text. A hybrid search fuses both by reciprocal ranks. Ties are
    broken by fingerprint.

    Args:
        store: the catalog's files and database.
        ref: whose members.
        text: the text to search for.
        mode: what to rank by.
        like: the fingerprint, or its first 8 or more digits, of a member to search by instead of a
            text; the member itself is left out.
        k: the number of results.
        where: a SQL condition over the columns of ``pool(...)``, such as
            ``"source = 'wiki' AND length(response) > 100"``.
        encoder: the encoder that embedded the members.
        limits: those of the condition.
        is_isolated: whether the condition runs in a child process.

    Raises:
        SignalError: some members have no embedding, or are not in the full-text index.
        QueryError: the condition is wrong.
        OptionError: k is below 1, the text is empty, or both or neither of ``text`` and ``like``
            are given.
        NotFoundError: no member has the fingerprint.
    """
    _check(text, mode=mode, like=like, k=k)
    pool = searched_pool(store, ref)
    if mode != "text":
        pool.embedding(encoder)
    if mode != "meaning":
        _ = pool.full_text  # what is missing is an error before anything is computed
    members = pool.ids
    if where is not None:
        members = satisfying_members(
            store, str(pool.reference), where, limits=limits, is_isolated=is_isolated
        )
    asked = _Asked(pool, members, encoder, has_condition=where is not None)
    ranking = _ranking(asked, text, mode=mode, like=like, k=k)
    return SearchResult(_frame(pool, ranking, k=k), len(members), ranking.index)


def _ranking(asked: _Asked, text: str | None, *, mode: Mode, like: str | None, k: int) -> Ranking:
    if like is not None:
        return asked.like(like, k=k)
    assert text is not None
    by = {"meaning": asked.by_meaning, "text": asked.by_text, "hybrid": asked.by_hybrid}
    return by[mode](text, k=k)


def _check(text: str | None, *, mode: str, like: str | None, k: int) -> None:
    if k < 1 or (text is not None and not text.strip()):
        raise OptionError(f"expected a text and k of at least 1, got {text!r} and {k}")
    if (text is None) == (like is None):
        raise OptionError("expected either a text or the fingerprint of a member to search by")
    if mode not in ("meaning", "text", "hybrid"):
        raise OptionError(f"mode: expected meaning, text or hybrid, got {mode!r}")
    if like is not None and mode != "meaning":
        raise OptionError(f"a member is compared by meaning, not by {mode}")


@dataclass(frozen=True)
class _Asked:
    """Pool of one search, and the members that satisfy its condition."""

    pool: SearchedPool
    members: Ids
    encoder: str
    has_condition: bool

    def by_meaning(self, text: str, *, k: int) -> Ranking:
        """Rank by the cosine to a text."""
        from catalog.models.query_encoder import encode_texts

        signal = self.pool.embedding(self.encoder).signal
        dtype = signal.identity.get("dtype", "float32")
        return self._nearest(unit(encode_texts(self.encoder, [text], dtype=dtype))[0], k=k)

    def by_text(self, text: str, *, k: int) -> Ranking:
        """Rank by BM25 of a text's words."""
        store = self.pool.store
        words = words_of(text)
        hits = matching_members(store, self.pool.full_text, words, self.members, k=k)
        return Ranking("score", hits.ids, hits.scores)

    def by_hybrid(self, text: str, *, k: int) -> Ranking:
        """Fuse both rankings by reciprocal ranks."""
        n = max(k, LEAST_FUSED)
        rankings = self.by_meaning(text, k=n), self.by_text(text, k=n)
        ordered = [_ordered(self.pool, ranking)[:n].tolist() for ranking in rankings]
        scores = fused(*ordered)
        ids = np.array(sorted(scores), dtype=np.int64)
        values = np.round([scores[each] for each in ids.tolist()], 6)
        return Ranking("relevance", ids, values, rankings[0].index)

    def like(self, fingerprint: str, *, k: int) -> Ranking:
        """Rank by the cosine to a member, which is left out."""
        found = _find(self.pool, fingerprint)
        embedding = self.pool.embedding(self.encoder)
        with naming_damage("embedding", self.pool.reference, self.encoder):
            wanted = self.pool.vector(embedding, found)
        ranking = self._nearest(wanted, k=k + 1)
        kept = ranking.ids != found
        return Ranking(ranking.name, ranking.ids[kept], ranking.values[kept], ranking.index)

    def _nearest(self, wanted: Vectors, *, k: int) -> Ranking:
        """Rank by the cosine to a unit vector (d,)."""
        pool = self.pool
        embedding = pool.embedding(self.encoder)
        with naming_damage("embedding", pool.reference, self.encoder):
            if embedding.index and not self.has_condition:
                ranking = _indexed(pool, embedding, wanted, k=k)
                if ranking is not None:
                    return ranking
            matrix = embedding.matrix if self.has_condition else pool.matrix(embedding)
            if matrix is not None:
                rows = matrix
                if self.has_condition:
                    rows = matrix[np.searchsorted(pool.ids, self.members)]  # (m, d)
                return Ranking("similarity", *largest(self.members, rows @ wanted, k=k))
            found = exact_nearest(
                pool.store,
                embedding.signal,
                wanted[None],
                self.members,
                k=k,
                shards=embedding.shards,
            )
        return Ranking("similarity", found[0][0], found[1][0])


def _indexed(
    pool: SearchedPool, embedding: SearchedEmbedding, wanted: Vectors, *, k: int
) -> Ranking | None:
    """Rank an index's hits by their cosines; None if too few of them are members."""
    assert embedding.index is not None
    n_per_member = max(1, round(embedding.n_rows / max(1, len(pool.ids))))  # others' are there too
    n_asked = min(embedding.n_rows, 2 * k * n_per_member)
    hits = embedding.index.nearest(pool.store, embedding.signal, wanted, k=n_asked)
    ids = hits["instruction_id"].to_numpy()
    is_committed = np.isin(hits["shard"].to_numpy(), embedding.shards)
    kept = np.isin(ids, pool.ids) & is_committed
    if kept.sum() < min(k, len(pool.ids)):
        return None
    rows = unit(vector_matrix(hits["vector"])[kept])
    return Ranking("similarity", *largest(ids[kept], rows @ wanted, k=k), embedding.index)


def _find(pool: SearchedPool, fingerprint: str) -> int:
    with pool.store.reading() as connection:
        return find_member(connection, pool.reference, fingerprint)[0]


def _ordered(pool: SearchedPool, ranking: Ranking) -> Ids:
    """Return a ranking's ids, the highest first, ties by fingerprint."""
    frame = _frame(pool, ranking, k=len(ranking.ids), keep_ids=True)
    return frame["instruction_id"].to_numpy()


def _frame(pool: SearchedPool, ranking: Ranking, *, k: int, keep_ids: bool = False) -> pl.DataFrame:
    """Return the first k of a ranking with their texts."""
    import polars as pl

    order = np.argsort(ranking.ids, kind="stable")
    texts = to_polars(pool.texts(ranking.ids))
    values = pl.Series(ranking.name, ranking.values[order])
    ranked = texts.with_columns(values).sort(ranking.name, "fingerprint", descending=[True, False])
    ranked = ranked.head(k).with_row_index("rank", offset=1)
    columns = ["rank", ranking.name, "fingerprint", "source", "prompt", "response"]
    return ranked.select(columns + ["instruction_id"] * keep_ids)
