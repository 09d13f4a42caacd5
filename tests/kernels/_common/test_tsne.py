"""t-SNE: forces against all pairs, the error beside openTSNE's, the same bytes on any threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catalog.kernels._common import tsne as module
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.particle_mesh import ParticleMesh, all_pairs
from catalog.kernels._common.tsne import Attraction, affinities, gaussian_weights, tsne

Array = np.ndarray[Any, Any]


def blobs(n: int, d: int = 20) -> Array:
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(n // 40, d))
    x = centres[generator.integers(0, len(centres), n)] + generator.normal(size=(n, d))
    x -= x.mean(axis=0)
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    return u * s


def first_places(x: Array) -> Array:
    return x[:, :2] * (1e-4 / x[:, 0].std())


def divergence(near: Any, places: Array) -> float:
    """The Kullback-Leibler divergence that t-SNE lowers, from all pairs."""
    _, total = all_pairs(places)
    row = np.repeat(np.arange(len(places)), np.diff(near.indptr))
    apart = ((places[row] - places[near.indices]) ** 2).sum(axis=1)
    logs = np.log(near.data) + np.log1p(apart) + np.log(total)
    return float((near.data * logs).sum())


@pytest.mark.parametrize("scale", [1e-4, 0.1, 3.0, 30.0])
def test_repulsion_is_that_of_all_pairs(scale: float) -> None:
    places = np.random.default_rng(0).normal(size=(700, 2)) * scale
    with row_blocks() as for_blocks:
        forces, total = ParticleMesh(for_blocks).repulsion(places)
    expected, expected_total = all_pairs(places)
    np.testing.assert_allclose(forces, expected, atol=0.03 * np.abs(expected).max())
    assert total == pytest.approx(expected_total, rel=0.005)


def test_attraction_is_that_of_its_definition() -> None:
    x = blobs(200)
    places = np.random.default_rng(1).normal(size=(200, 2))
    with row_blocks() as for_blocks:
        near = affinities(x, 15.0, for_blocks)
        answer = Attraction(near, for_blocks)(places)
    apart = places[:, None] - places[None]
    strength = near.toarray() / (1 + (apart**2).sum(axis=2))
    np.testing.assert_allclose(answer, (strength[..., None] * apart).sum(axis=1), atol=1e-7)
    assert near.sum() == pytest.approx(1)
    assert abs(near - near.T).max() == 0


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_weights_have_the_perplexity(scale: float) -> None:
    distances = np.sort(np.random.default_rng(0).random((50, 90)), axis=1) * scale
    weights = gaussian_weights(distances, 30.0)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(-(weights * np.log(weights)).sum(axis=1)), 30, rtol=1e-4)
    np.testing.assert_allclose(gaussian_weights(np.zeros((2, 90)), 30.0), 1 / 90)


def test_the_map_is_the_same_with_1_2_and_4_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PHASES", ((12.0, 9), (1.0, 9)))
    monkeypatch.setattr(module, "_N_EDGES", 500)
    monkeypatch.setattr("catalog.kernels._common.particle_mesh._N_BLOCK", 50)
    x = blobs(300)
    maps = []
    for n_threads in ("1", "2", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        with row_blocks() as for_blocks:
            maps.append(tsne(x, first_places(x), perplexity=30.0, for_blocks=for_blocks))
    np.testing.assert_array_equal(maps[0], maps[1])
    np.testing.assert_array_equal(maps[0], maps[2])


@pytest.mark.slow
def test_the_divergence_is_at_most_a_hundredth_above_opentsne_s() -> None:
    from openTSNE import TSNE

    x = blobs(1500)
    with row_blocks() as for_blocks:
        near = affinities(x, 30.0, for_blocks)
        ours = tsne(x, first_places(x), perplexity=30.0, for_blocks=for_blocks)
    peer = TSNE(n_jobs=1, random_state=0, perplexity=30, neighbors="exact")
    theirs = np.asarray(peer.fit(x, initialization=first_places(x)))
    assert divergence(near, ours) <= divergence(near, theirs) + 0.01
