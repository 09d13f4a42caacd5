"""Words that tell a cluster of texts from the others: class-based tf-idf.

Grootendorst, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure" (arXiv
2203.05794), equation 2, with two changes: a text counts once for a word, and a word must be in a
larger share of its cluster than of the other texts, by a factor of 4 at least.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import pyarrow as pa

from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.relation import canonical, with_columns

WORD = re.compile(r"[^\W\d_]{3,30}")
PLAIN = re.compile(r"[\0-\u02ff\u2000-\u206f\U00010000-\U0010ffff]*")
"""Texts of Latin letters, punctuation and emoji, whose words `WORD` finds."""

UNSPACED = "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Kana and Chinese characters, which are written without spaces between words."""

LIFT = 4.0  # share of a cluster's texts with a word, over the share of the other texts
LEAST_TEXTS = 2  # of a cluster that hold a word; one text alone names no cluster
BYTES_PER_CHARACTER = 4


@kernel(version=2, adds={"words": "VARCHAR[]"}, drops="text", cached=True)
def cluster_words(
    rows: pa.Table, *, by: str = "cluster", n: int = 3, memory: int | None = None
) -> pa.Table:
    """Name every cluster by the words that tell its texts from the others.

    The weight of a word in a cluster is the share of the cluster's texts that hold it, times
    ``ln(1 + a / f)``: ``a`` is the mean number of words of a cluster, ``f`` how many texts hold the
    word. Words are runs of 3 to 30 letters with their accents and vowel signs, in lower case, and
    pairs of neighbouring kana or Chinese characters. A word of a cluster is in two or more of its
    texts, and in a share of them that is at least 4 times that of all other texts.

    Args:
        rows: rows with a column ``text`` and the column of the clusters.
        by: that column; rows without a cluster get no words.
        n: words of a cluster at most, 1 to 100.
        memory: bytes that it may hold: 4 a character.

    Returns:
        The input without its texts, ordered by fingerprint, and ``words`` (list of strings, the
        heaviest first, ties in alphabetical order), the same in every row of a cluster.

    Raises:
        OptionError: ``n`` is out of its range.
        QueryError: there is no column ``text``, or none of the clusters.
        MemoryLimitError: it would not fit ``memory``.

    >>> texts = ["boil an egg", "fry an egg", "sum two numbers", "sort the numbers"]
    >>> rows = pa.table({"fingerprint": list("abcd"), "cluster": [0, 0, 1, 1], "text": texts})
    >>> cluster_words(rows, n=1)["words"].to_pylist()
    [['egg'], ['egg'], ['numbers'], ['numbers']]
    """
    if not 1 <= n <= 100:
        raise OptionError(f"cluster_words: n => {n} must be 1 to 100")
    missing = [name for name in ("text", by) if name not in rows.column_names]
    if missing:
        there = ", ".join(rows.column_names)
        raise QueryError(f"cluster_words: expected a column {missing[0]}, got {there}")
    require_memory(
        BYTES_PER_CHARACTER * rows["text"].nbytes,
        memory,
        purpose=f"cluster_words of {rows.num_rows:,} texts of {rows['text'].nbytes:,} bytes",
        instead="raise the limit, or take a part of the texts",
    )
    rows = canonical(rows)
    clusters = rows[by].to_pylist()
    named = _words(clusters, (text.as_py() for text in rows["text"]), n)
    words = [named.get(cluster) for cluster in clusters]
    return with_columns(rows, without="text", words=pa.array(words, pa.list_(pa.string())))


def _words(
    clusters: Sequence[object], texts: Iterable[str | None], n: int
) -> dict[object, list[str]]:
    """Return the words of each cluster."""
    sizes: Counter[object] = Counter()
    counts: dict[object, Counter[str]] = {}
    for cluster, text in zip(clusters, texts, strict=True):
        if cluster is not None:
            sizes[cluster] += 1
            found = set(_words_of((text or "").lower()))
            counts.setdefault(cluster, Counter()).update(found)
    everywhere: Counter[str] = Counter()
    for of_cluster in counts.values():
        everywhere.update(of_cluster)
    mean = everywhere.total() / max(len(counts), 1)
    n_texts = sizes.total()
    return {
        cluster: _heaviest(of_cluster, sizes[cluster], everywhere, n_texts, mean)[:n]
        for cluster, of_cluster in counts.items()
    }


def _words_of(text: str) -> Iterator[str]:
    """Yield the words of one text in lower case.

    >>> list(_words_of("2 eggs: हिन्दी, gpt模型")), list(_words_of("質問です"))
    (['eggs', 'हिन्दी', 'gpt', '模型'], ['質問', '問で', 'です'])
    """
    if PLAIN.fullmatch(text):
        yield from WORD.findall(text)
        return
    for found in _any_word().finditer(text):
        run = found[0]
        if found["unspaced"]:
            yield from (run[place : place + 2] for place in range(len(run) - 1))
        else:
            yield run


@cache
def _any_word() -> re.Pattern[str]:
    """Return the pattern of a run of characters without spaces, or of a word."""
    # Classes of characters below 0x10000 are looked up in a table, larger ones one by one.
    basic = map(chr, range(0x300, 0x10000))
    marks = "".join(char for char in basic if unicodedata.category(char)[0] == "M")
    letter = rf"(?![{UNSPACED}])[^\W\d_][{marks}]*"
    return re.compile(rf"(?P<unspaced>[{UNSPACED}]{{2,}})|(?:{letter}){{3,30}}")


def _heaviest(
    counts: Counter[str], size: int, everywhere: Counter[str], n_texts: int, mean: float
) -> list[str]:
    """Return the words of a cluster, the heaviest first."""
    n_others = n_texts - size
    weights = {
        word: count / size * math.log(1 + mean / everywhere[word])
        for word, count in counts.items()
        if count >= LEAST_TEXTS and count * n_others >= LIFT * size * (everywhere[word] - count)
    }
    return sorted(weights, key=lambda word: (-weights[word], word))
