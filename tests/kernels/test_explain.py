"""Explanations of rows that were not selected, against the kernels' definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from catalog.kernels.diverse import diverse
from catalog.kernels.explain import (
    Counterfactual,
    counterfactual,
    fingerprint_order,
    has_counterfactual,
)
from catalog.kernels.facility_location import facility_location
from catalog.kernels.instag import instag
from catalog.kernels.k_center import k_center
from catalog.kernels.log_det import log_det
from catalog.kernels.mig import mig
from catalog.query.arguments import parameters_of
from catalog.query.kernels import kernel, kernel_names
from tests.quick import few_of

Array = np.ndarray[Any, Any]
N = 40
SEEDS = few_of(range(8), 0)


def vectors(seed: int, *, n: int = N, d: int = 4) -> pa.Table:
    """Rows in no order of their fingerprints."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, d)).astype(np.float32)
    names = [f"{place:04}" for place in draw.permutation(n)]
    return pa.table(
        {
            "fingerprint": names,
            "score": draw.integers(0, 9, n).astype(float),
            "vector": pa.array(list(x)),
        }
    )


def matrix(rows: pa.Table) -> Array:
    return np.array(rows["vector"].to_pylist(), dtype=np.float64)


def selected_of(rows: pa.Table, answer: pa.Table) -> Array:
    places = {name: place for place, name in enumerate(rows["fingerprint"].to_pylist())}
    return np.array([places[name] for name in answer["fingerprint"].to_pylist()], dtype=np.int64)


def all_left_out(
    name: str, rows: pa.Table, answer: pa.Table, *others: pa.Table, **options: Any
) -> list[tuple[int, Counterfactual]]:
    selected = selected_of(rows, answer)
    relations = dict(enumerate((rows, *others)))
    left = sorted(set(range(rows.num_rows)) - set(selected.tolist()))
    return [
        (
            position,
            counterfactual(
                kernel(name),
                relations,  # type: ignore[arg-type]
                selected=selected,
                position=position,
                options=options,
            ),
        )
        for position in left
    ]


def information(texts: list[Array], regularization: float) -> float:
    d = texts[0].shape[1] if texts else 1
    v = regularization * np.eye(d) + sum((text.T @ text for text in texts), np.zeros((d, d)))
    return float(np.linalg.slogdet(v)[1])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["vectors", "states", "states by length"])
def test_log_det_adds_what_the_information_grows_by(seed: int, kind: str) -> None:
    rows, by_length = vectors(seed), kind == "states by length"
    if kind == "vectors":
        texts = list(matrix(rows)[:, None, :])
    else:
        draw = np.random.default_rng(seed)
        texts = [
            draw.normal(size=(draw.integers(1, 9), 4)).astype(np.float16).astype(np.float64)
            for _ in range(N)
        ]
        states = pa.array([text.tolist() for text in texts], pa.list_(pa.list_(pa.float32(), 4)))
        rows = rows.drop_columns(["vector"]).append_column("states", states)
    options = {"budget": 9, "regularization": 0.5, "normalize": "length" if by_length else "none"}
    answer = log_det(rows, **options)  # type: ignore[arg-type]
    selected = selected_of(rows, answer).tolist()
    if by_length:
        texts = [text / np.sqrt(len(text)) for text in texts]
    for position, found in all_left_out("log_det", rows, answer, **options):
        gains = [
            information([*(texts[i] for i in selected[:k]), texts[position]], 0.5)
            - (information([texts[i] for i in selected[:k]], 0.5) if k else 4 * np.log(0.5))
            for k in range(10)
        ]
        numbers = found.numbers
        assert [
            numbers["gain_alone"],
            numbers["gain_at_last_pick"],
            numbers["gain_at_end"],
        ] == pytest.approx([gains[0], gains[8], gains[9]], abs=1e-9)
        assert numbers["last_gain"] == pytest.approx(answer["gain"][-1].as_py(), abs=1e-9)
        assert numbers["gain_at_last_pick"] <= numbers["last_gain"] + 1e-9
        falls = -np.diff(gains)
        assert numbers["largest_fall"] == pytest.approx(falls.max(), abs=1e-9)
        assert falls[selected.index(found.others["most"])] == pytest.approx(falls.max(), abs=1e-9)


@pytest.mark.slow
def test_log_det_keeps_its_accuracy_over_many_picks() -> None:
    rows = vectors(0, n=700, d=16)
    answer = log_det(rows, budget=600)
    selected = selected_of(rows, answer)
    texts = list(matrix(rows)[:, None, :])
    (position, found), *_ = all_left_out("log_det", rows, answer, budget=600)
    before = [texts[i] for i in selected]
    assert found.numbers["gain_at_end"] == pytest.approx(
        information([*before, texts[position]], 1.0) - information(before, 1.0), abs=1e-8
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_k_center_knows_the_nearest_member(seed: int, metric: str) -> None:
    rows = vectors(seed)
    answer = k_center(rows, budget=7, metric=metric)  # type: ignore[arg-type]
    selected, x = selected_of(rows, answer), matrix(rows)
    x = x / np.linalg.norm(x, axis=1, keepdims=True) if metric == "cosine" else x
    for position, found in all_left_out("k_center", rows, answer, budget=7, metric=metric):
        distances = np.linalg.norm(x[selected] - x[position], axis=1)
        assert found.numbers["distance"] == pytest.approx(distances.min(), abs=1e-6)
        assert found.others == {"nearest": selected[distances.argmin()], "last": selected[-1]}
        assert found.numbers["last_distance"] == pytest.approx(
            answer["distance"][-1].as_py(), abs=1e-6
        )
        assert found.numbers["distance"] <= found.numbers["last_distance"] + 1e-6


def test_k_center_of_one_has_no_distance_yet() -> None:
    rows = vectors(0)
    (_, found), *_ = all_left_out("k_center", rows, k_center(rows, budget=1), budget=1)
    assert found.numbers["last_distance"] is None


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("budget", [1, 6])
def test_facility_location_adds_what_the_similarities_grow_by(seed: int, budget: int) -> None:
    rows = vectors(seed)
    answer = facility_location(rows, budget=budget)
    selected, x = selected_of(rows, answer).tolist(), matrix(rows)
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    near = np.maximum(units @ units.T, 0)

    def value(taken: list[int]) -> float:
        return float(near[:, taken].max(axis=1).sum()) if taken else 0.0

    for position, found in all_left_out("facility_location", rows, answer, budget=budget):
        assert found.numbers["gain_at_end"] == pytest.approx(
            value([*selected, position]) - value(selected), abs=1e-5
        )
        assert found.numbers["gain_at_last_pick"] == pytest.approx(
            value([*selected[:-1], position]) - value(selected[:-1]), abs=1e-5
        )
        assert found.numbers["last_gain"] == pytest.approx(answer["gain"][-1].as_py(), abs=1e-5)
        assert (
            found.others["nearest"] == selected[int((units[selected] @ units[position]).argmax())]
        )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("budget", [4, N])
def test_diverse_names_the_row_that_rejects(seed: int, budget: int) -> None:
    rows = vectors(seed)
    options = {"budget": budget, "threshold": 0.4}
    scanned = diverse(rows, rejected=True, **options)  # type: ignore[arg-type]
    rejecting = {
        row["fingerprint"]: (row["nearest_fingerprint"], row["nearest_similarity"])
        for row in scanned.to_pylist()
        if row["rank"] is None
    }
    names = rows["fingerprint"].to_pylist()
    by_score = sorted(range(N), key=lambda i: (-rows["score"][i].as_py(), names[i]))
    found_rejected = 0
    answer = diverse(rows, **options)  # type: ignore[arg-type]
    for position, found in all_left_out("diverse", rows, answer, **options):
        assert found.numbers["place_by_score"] == by_score.index(position) + 1
        assert found.numbers["is_rejected"] == (names[position] in rejecting)
        if names[position] in rejecting:
            found_rejected += 1
            assert (names[found.others["nearest"]], found.numbers["similarity"]) == rejecting[
                names[position]
            ]
        else:
            assert found.others["last"] == names.index(scanned["fingerprint"][-1].as_py())
    assert found_rejected == len(rejecting)


def tagged(seed: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    labels = [
        draw.choice(list("abcdef"), draw.integers(0, 5), replace=False).tolist() for _ in range(N)
    ]
    return pa.table(
        {
            "fingerprint": [f"{place:04}" for place in draw.permutation(N)],
            "labels": pa.array(labels, pa.list_(pa.string())),
        }
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("budget", [2, 7, 25])
def test_instag_replays_its_passes(seed: int, budget: int) -> None:
    rows = tagged(seed)
    answer = instag(rows, budget=budget)
    names, tags = (
        rows["fingerprint"].to_pylist(),
        [set(labels) for labels in rows["labels"].to_pylist()],
    )
    selected = selected_of(rows, answer).tolist()
    passes: dict[int, list[int]] = {}
    for row, number in zip(selected, answer["pass_number"].to_pylist(), strict=True):
        passes.setdefault(number, []).append(row)
    for position, found in all_left_out("instag", rows, answer, budget=budget):
        assert found.numbers["n_tags"] == len(tags[position])
        if not tags[position]:
            continue
        n_failed = 0
        for members in passes.values():
            before = [
                i
                for i in members
                if (-len(tags[i]), names[i]) < (-len(tags[position]), names[position])
            ]
            is_last = members is passes[len(passes)]
            if not is_last or len(before) < len(members):
                n_failed += 1
                assert tags[position] <= set().union(*(tags[i] for i in before))
        assert (found.numbers["n_passes"], found.numbers["n_failed_passes"]) == (
            len(passes),
            n_failed,
        )
        assert set(found.numbers["new_tags"]) == tags[position] - set().union(
            *(tags[i] for i in passes[len(passes)])
        )
        assert ("last" in found.others) == (n_failed < len(passes))


@pytest.mark.parametrize("seed", SEEDS)
def test_mig_adds_what_the_paper_says(seed: int) -> None:
    draw, power = np.random.default_rng(seed), 0.8
    rows = tagged(seed).append_column("score", pa.array(draw.random(N)))
    x = draw.normal(size=(6, 2)).astype(np.float32)
    embeddings = pa.table({"label": list("abcdef"), "vector": pa.array(list(x))})
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines = np.where(np.eye(6, dtype=bool), 1.0, units @ units.T)
    near = np.where(cosines >= 0.7, cosines, 0.0)
    has = np.array(
        [[label in labels for label in "abcdef"] for labels in rows["labels"].to_pylist()]
    )
    spread = (has * rows["score"].to_numpy()[:, None]) @ (near / near.sum(axis=0))  # (N, 6)
    options = {"budget": 8, "threshold": 0.7, "power": power}
    answer = mig(rows, embeddings, **options)  # type: ignore[arg-type]
    selected = selected_of(rows, answer)

    def gain(position: int, taken: Array) -> float:
        return float(spread[position] @ (power * (spread[taken].sum(axis=0) + 1e-6) ** (power - 1)))

    for position, found in all_left_out("mig", rows, answer, embeddings, **options):
        assert found.numbers["gain_at_end"] == pytest.approx(gain(position, selected), rel=1e-5)
        assert found.numbers["gain_at_last_pick"] == pytest.approx(
            gain(position, selected[:-1]), rel=1e-5
        )
        assert found.numbers["last_gain"] == pytest.approx(answer["gain"][-1].as_py(), rel=1e-9)
        assert found.others == {"last": selected[-1]}


def test_every_kernel_with_a_budget_that_chooses_has_a_counterfactual() -> None:
    kernels = [kernel(name) for name in kernel_names()]
    with_budget = {each.name for each in kernels if "budget" in parameters_of(each.function)}
    explained = {each.name for each in kernels if has_counterfactual(each)}
    # That of grid only sets the size of its cells; a mixture's members belong to its parts.
    assert explained == with_budget - {"grid", "mixture"}


def test_ties_go_as_kernels_sort() -> None:
    assert fingerprint_order(pa.table({"fingerprint": ["c", "a", "b"]})).tolist() == [2, 0, 1]
    assert fingerprint_order(pa.table({"n": [3, 1]})).tolist() == [0, 1]
