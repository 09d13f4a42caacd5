"""Greedy in two rounds, against the definition by exact greedy alone."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import QueryError
from catalog.kernels.facility_location import facility_location
from catalog.kernels.log_det import log_det


def relation(x: np.ndarray) -> pa.Table:
    names = [hashlib.sha256(bytes([row % 256, row // 256])).hexdigest() for row in range(len(x))]
    return pa.table({"fingerprint": names, "row": range(len(x)), "v": list(x)})


def value(x: np.ndarray) -> float:
    return float(np.linalg.slogdet(np.eye(x.shape[1]) + x.T @ x)[1])


def plain(x: np.ndarray, names: list[str], budget: int) -> list[int]:
    """Choose rows by evaluating each at every pick; the lowest fingerprint wins ties."""
    order = sorted(range(len(x)), key=names.__getitem__)
    chosen: list[int] = []
    for _ in range(min(budget, len(x))):
        left = [row for row in order if row not in chosen]
        chosen.append(max(left, key=lambda row: round(value(x[[*chosen, row]]), 9)))
    return chosen


@pytest.mark.parametrize(("parts", "budget"), [(1, 5), (3, 6), (7, 4), (50, 2)])
def test_two_rounds_are_greedy_in_each_part_and_then_among_what_these_chose(
    parts: int, budget: int
) -> None:
    x = np.random.default_rng(parts).normal(size=(60, 4)).astype(np.float32).astype(np.float64)
    rows = relation(x)
    names = rows["fingerprint"].to_pylist()
    digests = [hashlib.blake2b(f"part:{each}".encode(), digest_size=8).digest() for each in names]
    of = [int.from_bytes(each, "little") % parts for each in digests]
    first = []
    for part in sorted({*of}):
        members = [row for row in range(60) if of[row] == part]
        few = plain(x[members], [names[row] for row in members], budget)
        first.append([members[place] for place in few])
    union = sorted({row for few in first for row in few})
    second = plain(x[union], [names[row] for row in union], budget)
    answers = [[union[place] for place in second], *first]
    expected = max(answers, key=lambda few: value(x[few]))
    answer = log_det(rows, budget=budget, optimizer="two_round", parts=parts)
    assert answer["row"].to_pylist() == expected
    assert answer["information"].to_pylist()[-1] == pytest.approx(value(x[expected]), abs=1e-6)
    shuffled = rows.take(pa.array(np.random.default_rng(0).permutation(60)))
    assert log_det(shuffled, budget=budget, optimizer="two_round", parts=parts).equals(answer)


def represented(near: np.ndarray, quality: np.ndarray, chosen: list[int]) -> float:
    best = near[:, chosen].max(axis=1, initial=0.0).sum()
    return float(best + len(near) * quality[chosen].sum())


def plain_location(
    near: np.ndarray, quality: np.ndarray, candidates: list[int], budget: int
) -> list[int]:
    """Choose candidates for the rows of a matrix, each evaluated at every pick; ties to the first.

    Args:
        near: similarities of the represented rows to all rows.
        quality: what a row adds for each represented row.
        candidates: places of rows, by fingerprint.
        budget: how many to choose.
    """
    chosen: list[int] = []
    for _ in range(min(budget, len(candidates))):
        left = [row for row in candidates if row not in chosen]
        values = {row: represented(near, quality, [*chosen, row]) for row in left}
        chosen.append(max(left, key=lambda row: round(values[row], 9)))
    return chosen


@pytest.mark.parametrize("held_bytes", [2**28, 0])
@pytest.mark.parametrize(("parts", "budget", "alpha"), [(1, 5, 0.0), (3, 6, 0.3), (40, 2, 0.0)])
def test_facility_location_represents_a_part_and_then_all_rows(
    parts: int, budget: int, alpha: float, held_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.kernels.facility_location._HELD_BYTES", held_bytes)
    generator = np.random.default_rng(parts)
    x = np.rint(2 * generator.normal(size=(60, 3))).astype(np.float32).astype(np.float64)
    rows = relation(x).append_column("score", pa.array(generator.integers(0, 9, 60)))
    rows = rows.sort_by("fingerprint")
    x = np.array(rows["v"].to_pylist())
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    x = x / np.where(lengths > 0, lengths, 1)
    near = np.maximum(x @ x.T, 0)
    scores = rows["score"].to_numpy().astype(float)
    quality = alpha / (1 - alpha) * (scores - scores.min()) / np.ptp(scores)
    names = rows["fingerprint"].to_pylist()
    digests = [hashlib.blake2b(f"part:{each}".encode(), digest_size=8).digest() for each in names]
    of = np.array([int.from_bytes(each, "little") % parts for each in digests])
    first = [
        plain_location(near[of == part], quality, np.flatnonzero(of == part).tolist(), budget)
        for part in np.unique(of)
    ]
    union = sorted(row for few in first for row in few)
    answers = [plain_location(near, quality, union, budget), *first]
    expected = max(answers, key=lambda few: round(represented(near, quality, few), 9))
    options = {"optimizer": "two_round", "parts": parts, "score": "score", "alpha": alpha}
    answer = facility_location(rows, budget=budget, **options)  # type: ignore[arg-type]
    assert answer["fingerprint"].to_pylist() == [names[row] for row in expected]
    mean = represented(near, np.zeros(60), expected) / 60
    assert answer["mean_similarity"].to_pylist()[-1] == pytest.approx(mean, abs=1e-9)
    shuffled = rows.take(pa.array(generator.permutation(60)))
    again = facility_location(shuffled, budget=budget, **options)  # type: ignore[arg-type]
    assert again.equals(answer)


def test_two_rounds_in_one_part_are_the_exact_greedy() -> None:
    rows = relation(np.random.default_rng(9).normal(size=(80, 6)))
    exact = log_det(rows, budget=9)
    assert log_det(rows, budget=9, optimizer="two_round", parts=1).equals(exact)
    exact = facility_location(rows, budget=9)
    answer = facility_location(rows, budget=9, optimizer="two_round", parts=1)
    assert answer["fingerprint"].equals(exact["fingerprint"])


def test_two_rounds_need_fingerprints_and_answer_no_rows() -> None:
    rows = relation(np.eye(3))
    for kernel in (log_det, facility_location):
        assert kernel(rows.slice(0, 0), budget=2, optimizer="two_round").num_rows == 0
    with pytest.raises(QueryError, match="fingerprint"):
        log_det(rows.drop_columns(["fingerprint"]), budget=2, optimizer="two_round")


@pytest.mark.slow
def test_the_noted_ratios_are_those_of_the_benchmark() -> None:
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, str(root / "benchmarks" / "two_round.py"), "--pairs", "1"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    assert subprocess.run(command, env=environment, check=False).returncode == 0
