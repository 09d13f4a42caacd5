"""overlap: shared runs of words, against every run compared by hand."""

from __future__ import annotations

import re
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels import overlap as module
from catalog.kernels._common.word_runs import words_of
from catalog.kernels.overlap import overlap
from tests.quick import examples

TEXTS = st.text(alphabet="aB c.,'\t\u2003É漢$-", max_size=40) | st.lists(
    st.sampled_from(["a", "b", "c", "it's", "-"]), max_size=14
).map(" ".join)
Pair = tuple[int, int]


def relation(texts: list[str | None]) -> pa.Table:
    fingerprints = [f"{i:04}" for i in range(len(texts))]
    return pa.table({"fingerprint": fingerprints, "text": pa.array(texts, pa.string())})


def words(text: str | None) -> list[str]:
    kept = (c for c in (text or "").lower() if unicodedata.category(c)[0] not in "PS")
    return "".join(kept).split()


def by_hand(
    train: list[str | None], test: list[str | None], *, n: int, shortest: int
) -> dict[Pair, tuple[int, float, str]]:
    """Return hits, share and span of each pair, every run compared with every other."""
    answer = {}
    for i, text in enumerate(train):
        row = words(text)
        for j, other in enumerate(test):
            item = words(other)
            size = min(n, len(item))
            if not item or len(item) < shortest:
                continue
            runs = {tuple(row[k : k + size]) for k in range(len(row) - size + 1)}
            hits = [k for k in range(len(item) - size + 1) if tuple(item[k : k + size]) in runs]
            if hits:
                inside = {k + step for k in hits for step in range(size)}
                marks = "".join("x" if k in inside else " " for k in range(len(item)))
                longest = max(re.finditer("x+", marks), key=lambda m: m.end() - m.start())
                span = " ".join(item[longest.start() : longest.end()])
                answer[i, j] = (len(hits), len(inside) / len(item), span)
    return answer


def pairs(answer: pa.Table) -> dict[Pair, tuple[int, float, str]]:
    return {
        (int(row["fingerprint"]), int(row["test_fingerprint"])): (
            row["hits"],
            row["share"],
            row["span"],
        )
        for row in answer.to_pylist()
    }


@given(
    st.lists(TEXTS | st.none(), max_size=6),
    st.lists(TEXTS | st.none(), max_size=6),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from([1, 16, module.BLOCK]),
)
@settings(max_examples=examples(60))
def test_pairs_equal_every_run_compared(train, test, n, shortest, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        answer = overlap(relation(train), relation(test), n=n, shortest=shortest)
    assert pairs(answer) == by_hand(train, test, n=n, shortest=shortest)


@given(st.lists(TEXTS | st.none(), max_size=6))
@settings(max_examples=examples(40))
def test_words_are_lower_case_without_punctuation_between_white_space(texts):
    found = words_of(pa.array(texts, pa.string()))
    lists = [
        found.values[a:b].to_pylist()
        for a, b in zip(found.offsets[:-1], found.offsets[1:], strict=True)
    ]
    assert lists == [words(text) for text in texts]


def test_a_row_s_own_columns_and_the_item_s_stand_in_the_answer():
    train = relation(["one two three"]).append_column("instruction_id", pa.array([7]))
    test = relation(["two three four"]).append_column("pool", pa.array([3]))
    answer = overlap(train, test, n=2, shortest=1)
    assert answer.column_names == [
        *("test_fingerprint", "test_text", "test_pool"),
        *("fingerprint", "text", "instruction_id", "hits", "share", "span"),
    ]
    assert (answer["instruction_id"][0].as_py(), answer["test_pool"][0].as_py()) == (7, 3)


def test_a_test_item_of_fewer_words_than_a_run_is_compared_whole():
    train = relation(["please sort a list of numbers now", "sort a list"])
    answer = overlap(train, relation(["Sort a list of numbers!", "now"]))
    assert pairs(answer) == {(0, 0): (1, 1.0, "sort a list of numbers")}


def test_neither_row_order_nor_threads_change_the_answer(monkeypatch):
    texts = [" ".join(f"w{(i * k) % 7}" for k in range(20)) for i in range(200)]
    monkeypatch.setattr(module, "BLOCK", 1_000)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    expected = overlap(relation(texts), relation(texts[:20]), n=5)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    backwards = relation(texts).take(list(range(199, -1, -1)))
    assert overlap(backwards, relation(texts[:20]), n=5).equals(expected)
    assert expected.num_rows > 20


def test_matches_of_text_that_all_items_have_are_held_to_the_memory(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 10_000)
    same = relation(["the same long preamble of every item"] * 300)
    with pytest.raises(MemoryLimitError, match="matches"):
        overlap(same, same, n=5, memory=2**23)


@pytest.mark.parametrize("options", [{"n": 0}, {"n": 65}, {"shortest": 0}])
def test_an_option_out_of_its_range_is_refused(options):
    with pytest.raises(OptionError):
        overlap(relation(["a"]), relation(["a"]), **options)


def test_a_relation_without_one_text_column_is_refused():
    with pytest.raises(QueryError):
        overlap(relation(["a"]).drop_columns(["text"]), relation(["a"]))
