"""The selector ``ds2`` against the selection of its authors' code, rewritten."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.quick import few_of

TEXT = (Path(__file__).resolve().parent.parent / "selectors" / "ds2.sql").read_text()
N_CLASSES = 6


def published(ratings: np.ndarray, rarity: np.ndarray, budget: int) -> set[int]:
    """Return whole classes from the top down, and the rarest of the last one."""
    taken: list[int] = []
    for rating in range(N_CLASSES - 1, -1, -1):
        members = np.flatnonzero(ratings == rating)
        left = budget - len(taken)
        if left > len(members):
            taken += members.tolist()
        else:
            rarest_first = members[np.argsort(-rarity[members], kind="stable")]
            return {*taken, *rarest_first[:left].tolist()}
    return {*taken}


def selected(
    ratings: np.ndarray,
    suggested: np.ndarray,
    confidence: np.ndarray,
    rarity: np.ndarray,
    budget: int,
) -> list[tuple[int, float]]:
    """Run the selector's query over what the kernel returned."""
    rows = ", ".join(
        f"({i}, '{i:04}', {ratings[i]}, {suggested[i]}, {confidence[i]}, {rarity[i]})"
        for i in range(len(ratings))
    )
    names = "instruction_id, fingerprint, rating, suggested, confidence, rarity"
    query = "WITH " + TEXT[re.search(r"^curated AS", TEXT, re.MULTILINE).start() :]
    query = re.sub(
        r"FROM curate_scores\(.*\n", f"FROM (VALUES {rows}) AS curate_scores({names})\n", query
    )
    values = {"confidence": 0.5, "budget": budget}
    return [(row[0], row[1]) for row in duckdb.connect().sql(query, params=values).fetchall()]


@pytest.mark.parametrize("n_pools", few_of([10, 100], 10))
def test_classes_are_taken_from_the_top_down_and_the_last_one_by_rarity(n_pools: int) -> None:
    draw = np.random.default_rng(0)
    for _ in range(n_pools):
        n = int(draw.integers(1, 60))
        ratings, suggested = draw.integers(0, N_CLASSES, (2, n))
        confidence, rarity = draw.random((2, n))
        curated = np.where(confidence >= 0.5, suggested, ratings)
        budget = int(draw.integers(1, n + 1))
        answer = selected(ratings, suggested, confidence, rarity, budget)
        assert {member for member, _ in answer} == published(curated, rarity, budget)
        assert all(curated[member] == rating for member, rating in answer)
