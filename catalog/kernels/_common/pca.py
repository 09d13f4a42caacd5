"""Principal components, the same on any number of threads."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from catalog.kernels._common.arrays import Array
from catalog.kernels._common.parallel import ForBlocks

BLOCK = 4_096


class Components(NamedTuple):
    """Directions of greatest variance, the widest first.

    Attributes:
        mean: of the rows, (d,) float64.
        directions: as columns, (d, dims) float64; in each the number that is greatest in size is
            positive, which fixes the sign.
        variances: along the directions, times the number of rows, (dims,) float64.
    """

    mean: Array
    directions: Array
    variances: Array

    def first(self, dims: int) -> Components:
        """Return the widest of the directions."""
        return Components(self.mean, self.directions[:, :dims], self.variances[:dims])


def principal_components(x: Array, dims: int, for_blocks: ForBlocks[Any]) -> Components:
    """Return the directions of greatest variance.

    Args:
        x: (n, d) float32, n >= 1.
        dims: how many, at most d.
        for_blocks: see ``row_blocks``.
    """
    n = len(x)
    mean = (
        np.sum(for_blocks(lambda a, b: x[a:b].sum(axis=0, dtype=np.float64), n, BLOCK), axis=0) / n
    )

    def moments(base: int, a: int, b: int) -> Array:
        about = x[base + a : base + b] - mean  # (BLOCK, d) float64
        return np.asarray(about.T @ about)

    covariance = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, n, 16 * BLOCK):  # so that few d x d sums wait
        for moment in for_blocks(partial(moments, start), min(16 * BLOCK, n - start), BLOCK):
            covariance += moment
    variances, vectors = np.linalg.eigh(covariance)
    directions = vectors[:, ::-1][:, :dims]
    largest = directions[np.abs(directions).argmax(axis=0), np.arange(dims)]
    return Components(mean, directions * np.where(largest < 0, -1.0, 1.0), variances[::-1][:dims])


def onto(x: Array, components: Components, for_blocks: ForBlocks[Any]) -> Array:
    """Return the rows of ``x`` along the components: (n, dims) float32."""
    answer = np.empty((len(x), components.directions.shape[1]), dtype=np.float32)

    def block(a: int, b: int) -> None:
        answer[a:b] = (x[a:b] - components.mean) @ components.directions

    for_blocks(block, len(x), BLOCK)
    return answer
