"""near_duplicates: MinHash and cosine groups, against all pairs compared by hand."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels._common import text_pairs
from catalog.kernels._common.shingles import shingle_sets
from catalog.kernels.near_duplicates import near_duplicates
from tests.quick import examples, few_of


def relation(**columns: object) -> pa.Table:
    n = len(next(iter(columns.values())))
    fingerprints = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(n)]
    return pa.table({"instruction_id": np.arange(n), "fingerprint": fingerprints, **columns})


def shingles(text: str | None, size: int, unit: str) -> set[object]:
    plain = " ".join((text or "").lower().split())
    tokens = list(plain) if unit == "characters" else plain.split()
    if len(tokens) < size:
        return {tuple(tokens)} if tokens else set()
    return {tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)}


def jaccard(one: set[object], other: set[object]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def by_hand(
    similarity: np.ndarray, fingerprints: list[str], threshold: float
) -> tuple[list[str], list[int], list[float | None]]:
    """Return chains of pairs at or above the threshold, joined one by one, by fingerprint."""
    n = len(fingerprints)
    group = list(range(n))
    for i in range(n):
        for j in range(i):
            if similarity[i, j] >= threshold:
                old, new = max(group[i], group[j]), min(group[i], group[j])
                group = [new if g == old else g for g in group]
    close = np.where((similarity >= threshold) & ~np.eye(n, dtype=bool), similarity, -1).max(axis=1)
    return (
        [fingerprints[g] for g in group],
        [group.count(g) for g in group],
        [float(c) if c >= 0 else None for c in close],
    )


def check(answer: pa.Table, similarity: np.ndarray, threshold: float) -> None:
    groups, sizes, nearest = by_hand(similarity, answer["fingerprint"].to_pylist(), threshold)
    assert answer["duplicate_group"].to_pylist() == groups
    assert answer["group_size"].to_pylist() == sizes
    assert [n if n is None else pytest.approx(n, abs=1e-9) for n in nearest] == answer[
        "nearest_similarity"
    ].to_pylist()


def mutated(rng: np.random.Generator, n: int) -> list[str | None]:
    words = [f"w{i}" for i in range(200)]
    texts: list[str | None] = [None, "", "  ", "a", "A", "ab c"]
    for _ in range(n):
        if len(texts) > 10 and rng.random() < 0.6:
            base = (texts[rng.integers(6, len(texts))] or "").split()
            for _ in range(rng.integers(0, 4)):
                base[rng.integers(len(base))] = words[rng.integers(200)]
            texts.append("  ".join(base).upper() if rng.random() < 0.2 else " ".join(base))
        else:
            texts.append(" ".join(rng.choice(words, rng.integers(1, 40))))
    return texts


@pytest.mark.parametrize(
    ("unit", "size", "threshold"),
    few_of(
        [("characters", 5, 0.8), ("characters", 3, 0.6), ("words", 3, 0.5), ("words", 1, 1.0)],
        ("characters", 5, 0.8),
        ("words", 3, 0.5),
    ),
)
@pytest.mark.parametrize("seed", few_of(range(3), 0))
def test_groups_of_text_equal_all_pairs_compared(unit, size, threshold, seed):
    n = 250 if seed else 150
    texts = mutated(np.random.default_rng(seed), n)
    answer = near_duplicates(
        relation(text=texts),
        threshold=threshold,
        unit=unit,
        shingle=size,
        recall=0.9999999,
        n_hashes=512,
    )
    sets = [shingles(texts[i], size, unit) for i in answer["instruction_id"].to_pylist()]
    check(answer, np.array([[jaccard(a, b) for a in sets] for b in sets]), threshold)


@given(
    st.lists(st.text(alphabet="ab \t\n\u2003É漢😀", max_size=12), min_size=1, max_size=12),
    st.sampled_from(["characters", "words"]),
    st.integers(1, 4),
)
@settings(max_examples=examples(150))
def test_sets_hold_exactly_the_shingles(texts, unit, size):
    offsets, hashes = shingle_sets(pa.array(texts), size=size, unit=unit)
    expected = [shingles(text, size, unit) for text in texts]
    assert np.diff(offsets).tolist() == [len(e) for e in expected]
    found = [set(hashes[a:b].tolist()) for a, b in pairwise(offsets.tolist())]
    for i in range(len(texts)):
        for j in range(i):
            assert len(found[i] & found[j]) == len(expected[i] & expected[j])


@pytest.mark.parametrize("unit", ["characters", "words"])
def test_the_sets_of_many_texts_are_those_of_each_alone(unit):
    kinds = ["", "a", "one two three four five", "many words " * 9_000, "\n two  one\t"]
    which = np.random.default_rng(0).choice(5, size=150_000, p=[0.6, 0.2, 0.1, 0.0001, 0.0999])
    offsets, hashes = shingle_sets(pa.array(kinds).take(pa.array(which)), size=3, unit=unit)
    alone = [shingle_sets(pa.array([kind]), size=3, unit=unit)[1] for kind in kinds]
    expected = [alone[kind] for kind in which]
    assert np.diff(offsets).tolist() == [len(each) for each in expected]
    np.testing.assert_array_equal(hashes, np.concatenate(expected))


def test_pairs_at_the_threshold_are_seen_as_often_as_recall_says():
    rng = np.random.default_rng(0)
    texts = []
    for pair in range(400):  # 9 words in common of 12: 0.75
        words = [f"p{pair}w{i}" for i in range(12)]
        texts += [" ".join(words[:9] + words[9:10]), " ".join(words[:9] + words[10:12])]
    answer = near_duplicates(
        relation(text=texts),
        threshold=0.75,
        unit="words",
        shingle=1,
        recall=0.9,
        seed=int(rng.integers(100)),
    )
    assert 0.9 - 0.06 <= (answer["group_size"].to_numpy() == 2).mean() <= 1


@pytest.mark.parametrize("seed", few_of(range(4), 0))
def test_groups_of_vectors_equal_all_pairs_compared(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 5))[rng.integers(60, size=200)] + rng.normal(
        size=(200, 5)
    ) * rng.choice([0, 0.2, 0.5], size=(200, 1))
    x[7] = 0
    answer = near_duplicates(relation(v=x.astype(np.float32).tolist()), threshold=0.97)
    y = x.astype(np.float32).astype(np.float64)[answer["instruction_id"].to_numpy()]
    lengths = np.linalg.norm(y, axis=1)
    check(
        answer,
        np.where(
            np.outer(lengths, lengths) > 0,
            y @ y.T / np.maximum(np.outer(lengths, lengths), 1e-30),
            0,
        ),
        0.97,
    )


def test_vectors_of_one_direction_are_duplicates_at_one_and_zeros_are_not():
    x = [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.1, 0.2, 0.3], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    answer = near_duplicates(relation(v=x), threshold=0.9999999)
    sizes = dict(
        zip(answer["instruction_id"].to_pylist(), answer["group_size"].to_pylist(), strict=True)
    )
    assert sizes == {0: 3, 1: 3, 2: 3, 3: 1, 4: 1}


def test_a_pair_exactly_at_the_threshold_is_joined_and_one_just_below_is_not():
    words = [f"w{i}" for i in range(10)]
    for size, total in ((4, 5), (7, 10), (3, 10), (9, 10)):
        rows = relation(text=[" ".join(words[:size]), " ".join(words[:total])])
        answer = near_duplicates(
            rows, threshold=size / total, unit="words", shingle=1, recall=0.9999999, n_hashes=512
        )
        assert answer["group_size"].to_pylist() == [2, 2]
    for cosine, together in ((0.97 + 3e-6, 2), (0.97 - 3e-6, 1)):
        v = [[1.0, 0.0], [cosine, np.sqrt(1 - cosine**2)]]
        assert (
            near_duplicates(relation(v=v), threshold=0.97)["group_size"].to_pylist()
            == [together] * 2
        )


def test_pairs_across_blocks_of_vectors_are_found():
    half = np.random.default_rng(5).normal(size=(1_300, 16)).astype(np.float32)
    answer = near_duplicates(relation(v=np.concatenate([half, half]).tolist()), threshold=0.9999)
    assert set(answer["group_size"].to_pylist()) == {2}


@pytest.mark.parametrize("kind", ["text", "vector"])
def test_neither_row_order_nor_threads_change_the_answer(monkeypatch, kind):
    rng = np.random.default_rng(3)
    column = (
        mutated(rng, 1_500)
        if kind == "text"
        else rng.normal(size=(1_506, 3)).astype(np.float32).tolist()
    )
    rows = relation(column=column)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    expected = near_duplicates(rows, threshold=0.9, by="column")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert near_duplicates(
        rows.take(rng.permutation(rows.num_rows)), threshold=0.9, by="column"
    ).equals(expected)


def test_many_copies_of_one_text_cost_no_pairs():
    answer = near_duplicates(relation(text=["the same words again and again"] * 50_000))
    assert set(answer["group_size"].to_pylist()) == {50_000}
    assert set(answer["nearest_similarity"].to_pylist()) == {1.0}


def test_the_column_is_found_by_its_type_or_named():
    rows = relation(
        text=["a b c d e f", "a b c d e f", "x"],
        source=["s", "t", "t"],
        v=[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]],
    )
    by_vector, by_text = near_duplicates(rows), near_duplicates(rows, by="text")
    assert by_vector.column_names == [
        "instruction_id",
        "fingerprint",
        "text",
        "source",
        "duplicate_group",
        "group_size",
        "nearest_similarity",
    ]
    together = {
        g: by_text.filter(pa.compute.equal(by_text["duplicate_group"], g))[
            "instruction_id"
        ].to_pylist()
        for g in by_text["duplicate_group"].to_pylist()
    }
    assert sorted(map(sorted, together.values())) == [[0, 1], [2]]
    with pytest.raises(
        QueryError, match=r"say the column to compare with by => '\.\.\.'; there are text, source"
    ):
        near_duplicates(rows.drop_columns(["v"]))
    with pytest.raises(QueryError, match="by => 'instruction_id' is not a text or vector column"):
        near_duplicates(rows, by="instruction_id")


def test_no_rows_have_no_groups():
    rows = pa.table({"fingerprint": pa.array([], pa.string()), "text": pa.array([], pa.string())})
    assert near_duplicates(rows).num_rows == 0
    assert near_duplicates(pa.table({"fingerprint": ["a"], "text": pa.array([None], pa.string())}))[
        "group_size"
    ].to_pylist() == [1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": 0.0}, "threshold => 0.0 must be above 0"),
        ({"threshold": 1.1}, "threshold => 1.1"),
        ({"unit": "lines"}, "unit => 'lines' must be characters or words"),
        ({"shingle": 0}, "shingle => 0 must be 1 to 64"),
        ({"n_hashes": 0}, "n_hashes => 0"),
        ({"recall": 1.0}, "recall => 1.0 must be above 0 and below 1"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(OptionError, match=message):
        near_duplicates(relation(text=["a"]), **arguments)


def test_what_cannot_be_grouped_is_refused():
    with pytest.raises(QueryError, match="no fingerprint column"):
        near_duplicates(pa.table({"text": ["a"]}))
    with pytest.raises(QueryError, match="1 of 2 vectors in v hold NaN"):
        near_duplicates(relation(v=[[1.0, 2.0], [float("nan"), 1.0]]))
    with pytest.raises(MemoryLimitError, match=r"near_duplicates of 1 texts .* may use 1 MiB"):
        near_duplicates(relation(text=["a"]), memory=2**20)
    with pytest.raises(MemoryLimitError, match=r"near_duplicates of 1 x 1 .* may use 1 MiB"):
        near_duplicates(relation(v=[[1.0]]), memory=2**20)


@pytest.mark.parametrize("n", few_of([120, 400], 120))
def test_sets_that_are_made_again_give_the_answer_of_sets_that_stay(monkeypatch, n):
    rows = relation(text=mutated(np.random.default_rng(4), n))
    expected = near_duplicates(rows, threshold=0.6)
    monkeypatch.setattr(text_pairs, "KEPT", 0)
    monkeypatch.setattr(text_pairs, "BLOCK", 2_000)
    monkeypatch.setattr(text_pairs, "WORK", 200)
    monkeypatch.setattr(text_pairs, "PORTION", 100)
    chunks = pa.concat_tables([rows.slice(start, 90) for start in range(0, rows.num_rows, 90)])
    assert near_duplicates(chunks, threshold=0.6).equals(expected)
