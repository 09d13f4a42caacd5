"""Repulsion of t-SNE: sums over all pairs by a potential on a grid.

Hockney & Eastwood, "Computer Simulation Using Particles" (1988), and Essmann et al., "A smooth
particle mesh Ewald method" (J. Chem. Phys. 1995), for the kernel 1 / (1 + r^2) of t-SNE, which
Linderman et al. (Nature Methods 2019) interpolate by polynomials.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from catalog.kernels._common.arrays import Array, Numbers
from catalog.kernels._common.parallel import ForBlocks
from catalog.threads import n_threads

_SPACING = 0.3  # of the grid, in units of the map
_LEAST_CELLS = 50  # across a map
_MOST_CELLS = 2_048  # across a map; a wider map has wider cells
_N_PAIRED = 100  # points up to which all pairs are summed
_N_BLOCK = 8_192  # points at a time
_WIDTH = 4  # grid points that a cubic spline covers


def splines(u: Numbers) -> tuple[Array, Array]:
    """Return cubic B-spline weights, and their derivatives, at fractions of a cell.

    Args:
        u: fractions in [0, 1), (n,).

    Returns:
        Weights of the 4 grid points around, (4, n), which sum to 1, and their derivatives.

    >>> splines(np.array([0.0]))[0].ravel().round(3).tolist()
    [0.167, 0.667, 0.167, 0.0]
    """
    v = 1 - u
    weights = [
        v * v * v / 6,
        (4 - 6 * u * u + 3 * u * u * u) / 6,
        (4 - 6 * v * v + 3 * v * v * v) / 6,
        u * u * u / 6,
    ]
    slopes = [-v * v / 2, (9 * u * u - 12 * u) / 6, (12 * v - 9 * v * v) / 6, u * u / 2]
    return np.stack(weights), np.stack(slopes)


def all_pairs(places: Numbers) -> tuple[Numbers, float]:
    """Return what `ParticleMesh.repulsion` returns, without a grid.

    >>> forces, total = all_pairs(np.array([[0.0, 0.0], [1.0, 0.0]]))
    >>> forces.tolist(), total
    ([[-0.25, 0.0], [0.25, 0.0]], 1.0)
    """
    apart = places.T[:, :, None] - places.T[:, None, :]  # (2, n, n)
    near = 1 / (1 + (apart**2).sum(axis=0))
    forces: Numbers = (near**2 * apart).sum(axis=2).T
    return forces, float(near.sum() - len(places))


class ParticleMesh:
    """Grid that spreads points, convolves them with 1 / (1 + r^2), and reads the potential.

    Points are spread by row of the spline and transforms go line by line, so that no sum depends
    on the number of threads.
    """

    def __init__(self, for_blocks: ForBlocks[Any]) -> None:
        self._for_blocks = for_blocks
        self._spacing = _SPACING
        self._n_cells = 0  # across the points; the grid is twice as wide, as a convolution needs
        self._width = 0
        self._shift = 0.0  # what the kernel on the grid lacks
        self._kernel: Array = np.empty((0, 0))

    def repulsion(self, places: Numbers) -> tuple[Numbers, float]:
        """Return what pushes every point away, and the sum that normalises it.

        Args:
            places: points on the plane, (n, 2).

        Returns:
            The sums over j of k^2 (y_i - y_j), (n, 2), and the sum over all pairs of k, where k =
            1 / (1 + |y_i - y_j|^2).
        """
        n = len(places)
        if n <= _N_PAIRED:
            return all_pairs(places)
        corner = self._fit(places)
        base = np.empty(n, dtype=np.int64)
        weights, slopes = (np.empty((2, _WIDTH, n), dtype=np.float32) for _ in range(2))

        def weigh(start: int, stop: int) -> None:
            cells = (places[start:stop] - corner) / self._spacing
            whole = np.floor(cells).astype(np.int64)
            base[start:stop] = (whole[:, 0] - 1) * self._width + whole[:, 1] - 1
            for axis in (0, 1):
                fractions = cells[:, axis] - whole[:, axis]
                weights[axis, :, start:stop], slopes[axis, :, start:stop] = splines(fractions)

        self._for_blocks(weigh, n, _N_BLOCK)
        potential = self._potential(base, weights)
        sums, forces = np.empty(n), np.empty((n, 2))

        def read(start: int, stop: int) -> None:
            part = slice(start, stop)
            sums[part], forces[part] = self._read(
                potential, base[part], weights[:, :, part], slopes[:, :, part]
            )

        self._for_blocks(read, n, _N_BLOCK)
        total = float(sums.sum()) + n * (self._shift * n - 1.0)
        return forces * (-0.5 / self._spacing), total

    def _fit(self, places: Numbers) -> Numbers:
        """Let the grid hold the points, and return the corner that it starts from."""
        extent = float(max(np.ptp(places[:, 0]), np.ptp(places[:, 1])))
        spacing = _SPACING
        while extent < _LEAST_CELLS * spacing and spacing > 1e-30:
            spacing /= 2
        while extent > _MOST_CELLS * spacing:
            spacing *= 2
        needed = int(np.ceil(extent / spacing)) + 6
        is_fitting = 0.7 * self._n_cells <= needed <= self._n_cells
        if spacing != self._spacing or not is_fitting:
            self._spacing = spacing
            self._n_cells = int(needed * 1.06) + 2
            self._transform_kernel()
        corner: Numbers = places.min(axis=0) - 2 * spacing
        return corner

    def _transform_kernel(self) -> None:
        """Transform the kernel, divided by what spreading and reading by splines smooth.

        Where points are close, 1 / (1 + r^2) is near 1 everywhere, and its gradient would be lost
        to rounding: then the grid has -r^2 / (1 + r^2), which is less by 1.
        """
        from scipy import fft

        half = fft.next_fast_len(self._n_cells + _WIDTH, real=True)
        n = self._width = 2 * half
        steps = np.arange(n)
        apart = (np.minimum(steps, n - steps) * self._spacing) ** 2
        squares = apart[:, None] + apart[None, :]
        self._shift = float(self._spacing < _SPACING)
        numerators = -squares if self._shift else np.ones_like(squares)
        kernel = fft.rfft2(numerators / (1 + squares)).real
        smoothing = (4 + 2 * np.cos(2 * np.pi * steps / n)) / 6
        both = smoothing[:, None] * smoothing[None, : n // 2 + 1]
        self._kernel = (kernel / both**2).astype(np.float32)

    def _potential(self, base: Array, weights: Array) -> Array:
        """Return the potential at every grid point, flat."""
        from scipy import fft

        n_rows = self._n_cells + _WIDTH

        def spread(row: int, _stop: int) -> Numbers:
            places = np.concatenate([base + column for column in range(_WIDTH)])
            masses = np.concatenate([weights[0, row] * part for part in weights[1]])
            places += row * self._width
            spread_out = np.bincount(places, masses, minlength=n_rows * self._width)
            return np.asarray(spread_out, dtype=np.float64)

        grid = np.zeros((self._width, self._width), dtype=np.float32)
        grid[:n_rows] = sum(self._for_blocks(spread, _WIDTH, 1)).reshape(n_rows, self._width)
        n_workers = n_threads()
        transformed = fft.rfft2(grid, workers=n_workers)
        transformed *= self._kernel
        potential: Array = fft.irfft2(transformed, s=grid.shape, workers=n_workers)
        return potential.ravel()

    def _read(
        self, potential: Array, base: Array, weights: Array, slopes: Array
    ) -> tuple[Array, Array]:
        """Return the potential at some points, (n,), and its gradient in cells, (n, 2)."""
        sums, forces = np.zeros(len(base)), np.zeros((len(base), 2))
        for row in range(_WIDTH):
            values = np.stack(
                [potential[base + (row * self._width + column)] for column in range(_WIDTH)]
            )
            along = (values * weights[1]).sum(axis=0)
            sums += weights[0, row] * along
            forces[:, 0] += slopes[0, row] * along
            forces[:, 1] += weights[0, row] * (values * slopes[1]).sum(axis=0)
        return sums, forces
