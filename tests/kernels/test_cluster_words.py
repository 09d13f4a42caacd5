"""Words of clusters, against a count of every word in every text."""

import math
import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels.cluster_words import cluster_words
from tests.quick import examples

WORDS = ["egg", "pan", "boil", "sum", "sort", "list", "the", "and"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
ROWS = st.lists(st.tuples(st.sampled_from([0, 1, 2, None]), TEXTS), min_size=1, max_size=25)


def table(rows: list[tuple[int | None, str | None]]) -> pa.Table:
    clusters, texts = zip(*rows, strict=True)
    names = [f"{place:03}" for place in range(len(rows))]
    types = {"cluster": pa.array(clusters, pa.int32()), "text": pa.array(texts, pa.string())}
    return pa.table({"fingerprint": names} | types)


def expected(rows: list[tuple[int | None, str]], n: int) -> dict[int, list[str]]:
    """The definition, word by word."""
    kept = [(cluster, set(re.findall("[a-z]{3,}", text))) for cluster, text in rows]
    kept = [(cluster, words) for cluster, words in kept if cluster is not None]
    clusters = {cluster for cluster, _ in kept}
    mean = sum(len(words) for _, words in kept) / max(1, len(clusters))
    answer = {}
    for cluster in clusters:
        inside = [words for each, words in kept if each == cluster]
        weights = {}
        for word in {word for words in inside for word in words}:
            here = sum(word in words for words in inside)
            everywhere = sum(word in words for _, words in kept)
            others = len(kept) - len(inside)
            rest = (everywhere - here) / others if others else 0
            if here >= 2 and here / len(inside) >= 4 * rest - 1e-12:
                weights[word] = here / len(inside) * math.log(1 + mean / everywhere)
        answer[cluster] = sorted(weights, key=lambda word: (-weights[word], word))[:n]
    return answer


@settings(max_examples=examples(60))
@given(ROWS, st.integers(1, 3), st.randoms())
def test_words_are_those_of_the_definition_in_any_order(rows, n, random) -> None:  # type: ignore[no-untyped-def]
    given_rows = table(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    answer = cluster_words(given_rows.take(order), n=n)
    assert answer.equals(cluster_words(given_rows, n=n))
    words = expected(rows, n)
    for cluster, found in zip(answer["cluster"].to_pylist(), answer["words"], strict=True):
        assert found.as_py() == (None if cluster is None else words[cluster])


def test_words_of_every_script_name_a_cluster() -> None:
    texts = [
        "यह हिन्दी है",
        "हिन्दी प्रश्न",
        "如何学习数学？",
        "数学问题GPT",
        "質問です",
        "質問",
        "שָׁלוֹם לך",
        "שָׁלוֹם",
    ]
    rows = table([(place // 2, text) for place, text in enumerate(texts)])
    answer = cluster_words(rows, n=1)
    names = ["हिन्दी", "数学", "質問", "שָׁלוֹם"]
    assert answer["words"].to_pylist() == [[name] for name in names for _ in range(2)]


def test_another_column_names_the_clusters_and_texts_may_be_missing() -> None:
    rows = table([(0, "an egg"), (0, "Eggs: EGG"), (1, None), (1, "sort")])
    answer = cluster_words(rows.rename_columns(["fingerprint", "source", "text"]), by="source")
    assert answer["words"].to_pylist() == [["egg"], ["egg"], [], []]
    assert answer.column_names == ["fingerprint", "source", "words"]


def test_what_is_missing_or_too_large_is_refused() -> None:
    rows = table([(0, "an egg")])
    with pytest.raises(OptionError):
        cluster_words(rows, n=0)
    for name in ("text", "cluster"):
        with pytest.raises(QueryError, match=name):
            cluster_words(rows.drop_columns([name]))
    with pytest.raises(MemoryLimitError):
        cluster_words(rows, memory=1)
