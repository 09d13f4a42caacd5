"""Gains of texts and their gradients, against the definition and finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catalog.kernels._common.log_det_information import InformationOfTexts
from catalog.kernels._common.log_det_tangents import Tangents
from catalog.kernels._common.parallel import row_blocks

Array = np.ndarray[Any, Any]

D = 5


def texts_of(seed: int, *, n: int, longest: int) -> list[Array]:
    generator = np.random.default_rng(seed)
    return [
        generator.normal(size=(generator.integers(1, longest + 1), D)).astype(np.float32)
        for _ in range(n)
    ]


def unpack(packed: Array) -> Array:
    full = np.zeros((D, D))
    full[np.triu_indices(D)] = packed
    return full + full.T - np.diag(np.diag(full))


@pytest.mark.parametrize("longest", [3, 20])  # shorter and longer than the states are wide
def test_gains_and_gradients_are_those_of_the_definition(longest: int) -> None:
    texts = texts_of(0, n=8, longest=longest)
    with row_blocks() as for_blocks:
        information = InformationOfTexts(
            texts, d=D, regularization=0.5, by_length=False, for_blocks=for_blocks
        )
        information.choose(7)
        gains, tangents = information.gains_and_tangents(np.arange(7))
    v = 0.5 * np.eye(D) + texts[7].astype(np.float64).T @ texts[7]
    s = np.linalg.inv(v)
    for row in range(7):
        x = texts[row].astype(np.float64)
        inner = np.eye(len(x)) + x @ s @ x.T
        assert gains[row] == pytest.approx(np.linalg.slogdet(inner)[1])
        gradient = unpack(tangents[row])
        np.testing.assert_allclose(gradient, x.T @ np.linalg.inv(inner) @ x, rtol=1e-5, atol=1e-5)
        nudged = np.eye(len(x)) + x @ (s + 1e-6 * s) @ x.T
        assert np.linalg.slogdet(nudged)[1] - gains[row] == pytest.approx(
            1e-6 * (gradient * s).sum(), rel=1e-3
        )


@pytest.mark.parametrize("longest", [3, 20])
def test_tangents_bound_later_gains_from_above_and_closely(longest: int) -> None:
    texts = texts_of(1, n=60, longest=longest)
    rows = np.arange(30)
    with row_blocks() as for_blocks:
        information = InformationOfTexts(
            texts, d=D, regularization=1.0, by_length=False, for_blocks=for_blocks
        )
        for row in range(30, 40):
            information.choose(row)
        tangents = Tangents(60, capacity=60, d=D)
        before, packed = information.gains_and_tangents(rows)
        tangents.put(rows, before, packed, information, np.arange(60))
        np.testing.assert_allclose(tangents.bounds(rows, information), before, atol=1e-4)
        for row in range(40, 60):
            information.choose(row)
            bounds, gains = tangents.bounds(rows, information), information.refresh(rows)
            assert (bounds >= gains).all()
        assert ((bounds - gains) < 0.5 * (before - gains)).mean() > 0.9  # most of the fall is known


@pytest.mark.parametrize("longest", [3, 20])
def test_a_text_without_tokens_changes_no_bit_of_a_gain(longest: int) -> None:
    texts = [*texts_of(2, n=8, longest=longest), np.zeros((0, D), dtype=np.float16)]
    with row_blocks() as for_blocks:
        information = InformationOfTexts(
            texts, d=D, regularization=0.3, by_length=False, for_blocks=for_blocks
        )
        before = information.refresh(np.arange(8))
        information.choose(8)
        assert information.refresh(np.arange(8)).tolist() == before.tolist()
