"""Greedy in two rounds, against the definition by exact greedy alone."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import QueryError
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


def test_two_rounds_in_one_part_are_the_exact_greedy() -> None:
    rows = relation(np.random.default_rng(9).normal(size=(80, 6)))
    exact = log_det(rows, budget=9)
    assert log_det(rows, budget=9, optimizer="two_round", parts=1).equals(exact)


def test_two_rounds_need_fingerprints_and_answer_no_rows() -> None:
    rows = relation(np.eye(3))
    assert log_det(rows.slice(0, 0), budget=2, optimizer="two_round").num_rows == 0
    with pytest.raises(QueryError, match="fingerprint"):
        log_det(rows.drop_columns(["fingerprint"]), budget=2, optimizer="two_round")
