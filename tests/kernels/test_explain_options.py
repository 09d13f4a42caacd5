"""Explanations of picks that a score, given rows or targets decide."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from catalog.kernels.facility_location import facility_location
from catalog.kernels.k_center import k_center
from catalog.kernels.round_robin import round_robin
from tests.kernels.test_explain import N, all_left_out, matrix, selected_of, vectors


@pytest.mark.parametrize("seed", range(3))
def test_a_gain_of_facility_location_has_the_part_of_the_quality(seed: int) -> None:
    rows = vectors(seed)
    options = {"budget": 6, "score": "score", "alpha": 0.4}
    answer = facility_location(rows, **options)  # type: ignore[arg-type]
    selected, x = selected_of(rows, answer).tolist(), matrix(rows)
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    near = np.maximum(units @ units.T, 0)
    quality = rows["score"].to_numpy()
    quality = (quality - quality.min()) / np.ptp(quality)

    def value(taken: list[int]) -> float:
        return float(near[:, taken].max(axis=1).sum() + N * 0.4 / 0.6 * quality[taken].sum())

    for position, found in all_left_out("facility_location", rows, answer, **options):
        before = value(selected[:-1])
        gain = found.numbers["gain_at_last_pick"]
        assert gain == pytest.approx(value([*selected[:-1], position]) - before, abs=1e-5)
        assert found.numbers["last_gain"] == pytest.approx(value(selected) - before, abs=1e-5)
        assert gain <= found.numbers["last_gain"] + 1e-5


@pytest.mark.parametrize("seed", range(3))
def test_a_row_that_is_given_can_be_the_nearest_of_k_center(seed: int) -> None:
    is_given = np.arange(N) % 8 == 0
    rows = vectors(seed).append_column("is_given", pa.array(is_given))
    answer = k_center(rows, budget=4, given="is_given")
    selected, x = selected_of(rows, answer), matrix(rows)
    taken = np.concatenate([np.flatnonzero(is_given), selected])
    nearest = set()
    for position, found in all_left_out("k_center", rows, answer, budget=4, given="is_given"):
        distances = np.linalg.norm(x[taken] - x[position], axis=1)
        assert found.numbers["distance"] == pytest.approx(distances.min(), abs=1e-6)
        assert found.others == {"nearest": taken[distances.argmin()], "last": selected[-1]}
        last_distance = found.numbers["last_distance"]
        assert last_distance == pytest.approx(answer["distance"][-1].as_py(), abs=1e-6)
        nearest.add(found.others["nearest"])
    assert nearest & set(np.flatnonzero(is_given))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("budget", [2, 11])
def test_round_robin_names_the_last_row_of_the_most_similar_target(seed: int, budget: int) -> None:
    rows, targets = vectors(seed), vectors(100 + seed, n=4)
    answer = round_robin(rows, targets, budget=budget)
    takers = answer["target"].to_pylist()
    x, y = (side / np.linalg.norm(side, axis=1)[:, None] for side in map(matrix, (rows, targets)))
    selected, names = selected_of(rows, answer), targets["fingerprint"].to_pylist()
    for position, found in all_left_out("round_robin", rows, answer, targets, budget=budget):
        target = int((y @ x[position]).argmax())
        turns = [place for place, name in enumerate(takers) if name == names[target]]
        assert found.numbers["similarity"] == pytest.approx(y[target] @ x[position], abs=1e-9)
        assert found.numbers["n_taken"] == len(turns)
        assert found.others == ({"last": selected[turns[-1]]} if turns else {})
        if turns:
            last_similarity = answer["similarity"][turns[-1]].as_py()
            assert found.numbers["last_similarity"] == pytest.approx(last_similarity, abs=1e-9)
            assert found.numbers["similarity"] <= last_similarity + 1e-9
