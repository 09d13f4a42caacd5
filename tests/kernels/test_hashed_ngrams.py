"""hashed_ngrams: against bags of words that are counted one by one."""

from __future__ import annotations

import hashlib
import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels.hashed_ngrams import hashed_ngrams

WORDS = [
    "Two",
    "plus",
    "2",
    "is",
    "four,",
    "isn't",
    "it?",
    "A",
    "ROSE",
    "is",
    "a",
    "rose;",
    "für",
    "Elise",
    "今日は",
]


def texts(draw: np.random.Generator, n: int) -> list[str | None]:
    made: list[str | None] = [" ".join(draw.choice(WORDS, draw.integers(0, 20))) for _ in range(n)]
    return [*made, None, "   "]


def bag(text: str | None, n: int, buckets: int) -> Counter[int]:
    words = re.findall(r"\w+|[^\w\s]+", (text or "").lower())
    ngrams = [
        " ".join(words[i : i + size])
        for size in range(1, n + 1)
        for i in range(len(words) - size + 1)
    ]
    digests = (hashlib.sha256(ngram.encode()).hexdigest() for ngram in ngrams)
    return Counter(int(digest, 16) % buckets for digest in digests)


@pytest.mark.parametrize(("n", "buckets"), [(2, 10_000), (1, 50), (3, 7)])
def test_log_ratios_equal_those_of_counted_bags(n: int, buckets: int) -> None:
    draw = np.random.default_rng(n)
    pool, target = texts(draw, 60), texts(draw, 9)
    names = [f"{i:03}" for i in draw.permutation(len(pool))]
    rows = pa.table({"fingerprint": names, "text": pool, "i": range(len(pool))})
    answer = hashed_ngrams(rows, pa.table({"text": target}), n=n, buckets=buckets)
    assert answer["fingerprint"].to_pylist() == sorted(names)
    of_pool, of_target = (
        sum((bag(text, n, buckets) for text in side), Counter[int]()) for side in (pool, target)
    )
    gains = {
        key: np.log(of_target[key] / of_target.total() + 1e-8)
        - np.log(of_pool[key] / of_pool.total() + 1e-8)
        for key in of_pool
    }
    for i, ratio, n_ngrams in zip(
        *(answer[c].to_pylist() for c in answer.column_names[1:]), strict=True
    ):
        counted = bag(pool[i], n, buckets)
        assert n_ngrams == counted.total()
        assert ratio == pytest.approx(sum(gains[key] * c for key, c in counted.items()), abs=1e-9)


def test_what_cannot_be_weighed_is_refused() -> None:
    rows = pa.table({"fingerprint": ["a"], "text": ["a word"]})
    with pytest.raises(QueryError, match="no words"):
        hashed_ngrams(rows, pa.table({"text": ["", None]}))
    with pytest.raises(QueryError, match="column text"):
        hashed_ngrams(rows, pa.table({"prompt": ["x"]}))
    for options in ({"n": 0}, {"n": 6}, {"buckets": 0}):
        with pytest.raises(OptionError):
            hashed_ngrams(rows, rows, **options)
    with pytest.raises(MemoryLimitError):
        hashed_ngrams(rows, rows, memory=100)
