"""Fewer dimensions for token states, and what that costs.

FisherSFT's gain is a function of inner products, so both maps keep inner products and neither moves
the origin: a Gaussian Johnson-Lindenstrauss matrix (Johnson & Lindenstrauss 1984; Dasgupta & Gupta
2003), or the leading directions of the second moment (principal components without centring).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.errors import OptionError

Matrix = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Projection:
    """Linear map from d to k dimensions.

    Attributes:
        kind: ``"jl"`` or ``"pca"``.
        matrix: float32 (d, k).
        seed: what it, and the pairs that it was measured on, were drawn with.
        distortion: measured on a sample, see :func:`distortion`; empty when nothing was measured.
    """

    kind: str
    matrix: Matrix
    seed: int
    distortion: dict[str, float]

    def identity(self) -> dict[str, Any]:
        """Return what decides the projection's values."""
        digest = hashlib.sha256(np.ascontiguousarray(self.matrix).tobytes()).hexdigest()
        return {
            "kind": self.kind,
            "dim": int(self.matrix.shape[1]),
            "seed": self.seed,
            "matrix": digest,
        }


def johnson_lindenstrauss(
    dimension: int, *, dim: int, seed: int = 0, sample: Matrix | None = None
) -> Projection:
    """Return a seeded Gaussian matrix with variance 1/k: squared lengths are kept on average.

    Args:
        dimension: d.
        dim: k, below d.
        seed: of the matrix and of the measured pairs.
        sample: float32 (n, d) to measure the distortion on, if any.

    Raises:
        OptionError: k is not between 1 and d.
    """
    _check(dimension, dim)
    matrix = (np.random.default_rng(seed).standard_normal((dimension, dim)) / np.sqrt(dim)).astype(
        np.float32
    )
    measured = {}
    if sample is not None:
        measured = distortion(matrix, sample, seed=seed)
    return Projection("jl", matrix, seed, measured)


def principal_components(sample: Matrix, *, dim: int, seed: int = 0) -> Projection:
    """Return the k directions with most of a sample's squared length, largest first.

    Each has its largest entry positive.

    Args:
        sample: float32 (n, d); n at least k.
        dim: k, below d.
        seed: of the measured pairs.

    Raises:
        OptionError: k is not between 1 and d, or the sample is smaller than k.
    """
    _check(sample.shape[1], dim)
    if len(sample) < dim:
        raise OptionError(
            f"a sample of {len(sample):,} states cannot give {dim} components; use a larger sample "
            "or the jl projection"
        )
    wide = sample.astype(np.float64)
    _, directions = np.linalg.eigh(wide.T @ wide)  # (d, d), ascending
    top = directions[:, ::-1][:, :dim]
    signs = np.sign(top[np.abs(top).argmax(axis=0), np.arange(dim)])
    matrix = np.ascontiguousarray(top * signs, dtype=np.float32)
    return Projection("pca", matrix, seed, distortion(matrix, sample, seed=seed))


def distortion(
    matrix: Matrix, sample: Matrix, *, seed: int = 0, n_pairs: int = 2000
) -> dict[str, float]:
    """Measure how far a map changes squared distances between random pairs of a sample.

    Returns:
        ``mean`` and ``p99`` of ``|distance_after**2 / distance_before**2 - 1|``, and ``energy``:
        the share of the sample's summed squared length that is left. All NaN for fewer than two
        different vectors.
    """
    wide = sample.astype(np.float64)
    rng = np.random.default_rng([seed, 1])
    n = len(wide)
    if n < 2:
        return {"mean": float("nan"), "p99": float("nan"), "energy": float("nan")}
    left = rng.integers(0, n, n_pairs)
    right = (left + rng.integers(1, n, n_pairs)) % n  # never itself
    gaps = wide[left] - wide[right]  # (n_pairs, d)
    before = (gaps**2).sum(axis=1)
    after = ((gaps @ matrix) ** 2).sum(axis=1)
    errors = np.abs(after[before > 0] / before[before > 0] - 1)
    if not len(errors):
        return {"mean": float("nan"), "p99": float("nan"), "energy": float("nan")}
    energy = float(((wide @ matrix) ** 2).sum() / (wide**2).sum())
    return {"mean": float(errors.mean()), "p99": float(np.quantile(errors, 0.99)), "energy": energy}


def _check(dimension: int, dim: int) -> None:
    if not 1 <= dim < dimension:
        raise OptionError(
            f"projection to {dim}: the states have {dimension} dimensions; give a number from 1 to "
            f"{dimension - 1}"
        )
