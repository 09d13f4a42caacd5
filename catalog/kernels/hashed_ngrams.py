"""Log ratio of likelihoods of texts under a target's and a pool's bags of hashed n-grams.

The importance weights of DSIR: Xie et al., NeurIPS 2023, "Data Selection for Language Models via
Importance Resampling", arXiv 2302.03169.
"""

from __future__ import annotations

import hashlib
import math
import re
from array import array
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Numbers, Rows
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.relation import canonical, with_columns

WORD = re.compile(r"\w+|[^\w\s]+")
SMOOTHING = 1e-8  # added to every probability, as in the authors' code
BYTES_PER_CHARACTER = 16  # of the buckets of a text's n-grams, and of the cache of its words


@kernel(version=1, adds={"log_ratio": "DOUBLE", "n_ngrams": "BIGINT"}, drops="text")
def hashed_ngrams(
    rows: pa.Table,
    targets: pa.Table,
    *,
    n: int = 2,
    buckets: int = 10_000,
    memory: int | None = None,
) -> pa.Table:
    """Weigh every text by how much likelier it is under the target than under the pool.

    Both are bags of n-grams of one to ``n`` words, hashed into buckets by SHA-256. Words are runs
    of letters and digits or of other signs, in lower case. A text's ``log_ratio`` is the sum over
    its n-grams of ``ln(p_target + 1e-8) - ln(p_pool + 1e-8)``, added exactly; a longer text has a
    larger one, either way.

    Args:
        rows: the pool: rows with a column ``text``.
        targets: rows with a column ``text``.
        n: words of the longest n-gram, 1 to 5.
        buckets: buckets of the hash, 1 to 2,147,483,647.
        memory: bytes that it may hold: 16 a character of both, and ``32 buckets``.

    Returns:
        The pool's rows by fingerprint, without their text, with ``log_ratio`` (float64; 0 for a
        text without words) and ``n_ngrams`` (int64).

    Raises:
        OptionError: an argument is out of its range.
        QueryError: there is no column ``text``, or the target has no words.
        MemoryLimitError: it would not fit ``memory``.

    >>> pool = pa.table({"fingerprint": ["a", "b"], "text": ["two plus two", "a red rose"]})
    >>> target = pa.table({"text": ["two plus three"]})
    >>> hashed_ngrams(pool, target)["log_ratio"].to_numpy().round(1).tolist()
    [-14.7, -80.6]
    """
    _require_arguments(n=n, buckets=buckets)
    rows = canonical(rows)
    pool, target = (_texts(side) for side in (rows, targets))
    require_memory(
        BYTES_PER_CHARACTER * (pool.nbytes + target.nbytes) + 32 * buckets,
        memory,
        purpose=f"hashed_ngrams of {len(pool):,} texts of {pool.nbytes:,} bytes",
        instead="raise the limit, or weigh a part of the pool",
    )
    hashing = _Buckets(buckets)
    places, lengths = _bags(pool, hashing, n)
    wanted, _ = _bags(target, hashing, n)
    if not len(wanted):
        raise QueryError("hashed_ngrams: the target has no words; select rows with text")
    gains = _log_probabilities(wanted, buckets) - _log_probabilities(places, buckets)
    ends = np.cumsum(lengths)
    sums = [
        math.fsum(gains[places[end - length : end]].tolist())
        for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]
    return with_columns(
        rows, without="text", log_ratio=np.array(sums, dtype=np.float64), n_ngrams=lengths
    )


def _require_arguments(*, n: int, buckets: int) -> None:
    if not 1 <= n <= 5:
        raise OptionError(f"hashed_ngrams: n => {n} must be 1 to 5")
    if not 1 <= buckets < 2**31:
        raise OptionError(f"hashed_ngrams: buckets => {buckets} must be 1 to 2,147,483,647")


def _texts(rows: pa.Table) -> pa.ChunkedArray:
    if "text" not in rows.column_names:
        there = ", ".join(rows.column_names)
        raise QueryError(f"hashed_ngrams: expected a column text, got {there}: name it AS text")
    return rows["text"].cast(pa.large_string())


class _Buckets(dict[str, int]):
    """The bucket of every word so far; n-grams of several words are hashed each time."""

    def __init__(self, n_buckets: int) -> None:
        super().__init__()
        self._n_buckets = n_buckets

    def __missing__(self, word: str) -> int:
        self[word] = bucket = self.of(word)
        return bucket

    def of(self, ngram: str) -> int:
        """Return the bucket of an n-gram: its SHA-256 as a number, modulo the buckets."""
        digest = hashlib.sha256(ngram.encode(errors="surrogatepass")).digest()
        return int.from_bytes(digest, "big") % self._n_buckets


def _bags(texts: Iterable[pa.Scalar], hashing: _Buckets, n: int) -> tuple[Rows, Rows]:
    """Return the buckets of all texts' n-grams, text by text, and how many each text has."""
    found, lengths = array("i"), array("q")
    for text in texts:
        before = len(found)
        found.extend(_ngrams(WORD.findall((text.as_py() or "").lower()), hashing, n))
        lengths.append(len(found) - before)
    return np.array(found, dtype=np.int64), np.array(lengths, dtype=np.int64)


def _ngrams(words: list[str], hashing: _Buckets, n: int) -> Iterator[int]:
    yield from (hashing[word] for word in words)
    for size in range(2, n + 1):
        runs = zip(*(words[start:] for start in range(size)), strict=False)
        yield from (hashing.of(" ".join(run)) for run in runs)


def _log_probabilities(places: Rows, buckets: int) -> Numbers:
    """Return the smoothed log share of each bucket: (buckets,) float64."""
    counts = np.bincount(places, minlength=buckets)
    shares: Numbers = np.log(counts / max(len(places), 1) + SMOOTHING)
    return shares
