"""Principal components that keep a share of the variance, against numpy's SVD."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, OptionError
from catalog.kernels._common.pca import BLOCK
from catalog.kernels.pca import pca
from catalog.threads import n_threads


def relation(x: np.ndarray) -> pa.Table:
    return pa.table(
        {
            "fingerprint": [f"{row:06}" for row in range(len(x))],
            "vector": pa.array(list(x.astype(np.float32)), pa.list_(pa.float32())),
        }
    )


@pytest.mark.parametrize("variance", [0.5, 0.95, 1.0])
def test_as_many_components_as_keep_the_variance_are_returned(variance: float) -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 6)) * np.array([9, 5, 3, 1, 0.5, 0.1])
    answer = np.array(pca(relation(x), variance=variance)["components"].to_pylist())
    about = x - x.mean(axis=0)
    _, values, directions = np.linalg.svd(about, full_matrices=False)
    shares = np.cumsum(values**2) / (values**2).sum()
    n_kept = int((shares >= variance - 1e-9).argmax()) + 1
    expected = np.abs(about @ directions[:n_kept].T)
    np.testing.assert_allclose(np.abs(answer), expected, atol=1e-3)


def test_equal_rows_keep_one_component_of_zeros() -> None:
    assert pca(relation(np.ones((3, 2))))["components"].to_pylist() == [[0.0]] * 3


def test_an_empty_relation_gives_an_empty_answer() -> None:
    assert pca(relation(np.eye(2)).slice(0, 0)).num_rows == 0


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(OptionError, match=r"1\.5"):
        pca(relation(np.eye(2)), variance=1.5)
    with pytest.raises(MemoryLimitError, match="2 x 2"):
        pca(relation(np.eye(2)), memory=10)


def test_it_holds_no_more_than_its_memory() -> None:
    n, d = 20_000, 64
    rows = relation(np.random.default_rng(0).normal(size=(n, d)))
    allowed = 4 * n * d + 16 * d * d + n_threads() * 16 * BLOCK * d
    pca(rows.slice(0, 2))  # imports its libraries outside the measurement
    tracemalloc.start()
    pca(rows, memory=allowed)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.1 * allowed
