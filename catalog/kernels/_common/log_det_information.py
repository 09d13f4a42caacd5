"""Information in a set of texts, log det(lambda I + sum of X' X), and what a text adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from catalog.kernels._common.arrays import Array, Numbers, Rows, Vectors
from catalog.kernels._common.parallel import ForBlocks

_N_TOKENS = 2048  # of one padded block of texts


class InformationOfTexts:
    """log det(lambda I + sum of X' X) over the chosen texts.

    Every product here is small, so each runs on one thread and blocks run side by side: faster, and
    no sum depends on how many threads there are.

    Args:
        texts: the states of every text, each of shape (M_i, d), float16 or float32; converted block
            by block.
        regularization: lambda.
        by_length: divide X' X by M_i.
        for_blocks: see ``row_blocks``.
    """

    def __init__(
        self,
        texts: Sequence[Array],
        *,
        d: int,
        regularization: float,
        by_length: bool,
        for_blocks: ForBlocks[None],
    ) -> None:
        self.texts = texts
        self._for_blocks = for_blocks
        self.d = d
        self.lengths = np.array([len(text) for text in texts], dtype=np.int64)
        self._scales = 1.0 / np.sqrt(np.maximum(self.lengths, 1)) if by_length else None
        self._v: Numbers = np.eye(d) * regularization
        first, second = np.triu_indices(d)
        self._packed = first * d + second  # the upper triangle's places in a flat (d * d,)
        self._weights = np.where(first == second, 1.0, 2.0)
        self._factorise()

    def _factorise(self) -> None:
        self._root: Numbers = np.asarray(
            np.linalg.cholesky(self._v), dtype=np.float64
        )  # L, V = L L'
        self._w: Numbers = np.asarray(np.linalg.inv(self._root), dtype=np.float64)  # L^-1
        self.s: Numbers = self._w.T @ self._w  # V^-1
        self.s_packed = (self.s.ravel()[self._packed] * self._weights).astype(np.float32)
        self.s_norm = float(np.linalg.norm(self.s))

    def run(self, function: Callable[[int, int], None], n: int, size: int) -> None:
        """Run a function over blocks of n things.

        Few blocks run here: handing work to threads costs more than a small block.
        """
        if n <= 3 * size:
            for start in range(0, n, size):
                function(start, min(start + size, n))
        else:
            self._for_blocks(function, n, size)

    def choose(self, row: int) -> None:
        """Add one text."""
        x = self._block(np.array([row]))[0]
        self._v += x.T @ x
        self._factorise()

    def _block(self, rows: Rows) -> Numbers:
        """Texts padded with zeros, which add nothing, shape (n_rows, longest, d)."""
        lengths = self.lengths[rows]
        flat = np.concatenate([self.texts[row] for row in rows])
        longest = max(int(lengths.max()), 1)
        if len(flat) == len(rows) * longest:
            block = flat.reshape(len(rows), longest, self.d).astype(np.float64)
        else:
            block = np.zeros((len(rows), longest, self.d))
            block[np.arange(longest) < lengths[:, None]] = flat
        if self._scales is not None:
            block *= self._scales[rows][:, None, None]
        return block

    def _blocks(self, rows: Rows) -> list[Rows]:
        """Return positions in ``rows``, grouped by length.

        So padding is small, and a group has about _N_TOKENS states.
        """
        if len(rows) * int(self.lengths[rows].max()) <= _N_TOKENS:
            return [np.arange(len(rows), dtype=np.int64)]
        by_length = np.argsort(self.lengths[rows], kind="stable")
        lengths = self.lengths[rows[by_length]].tolist()
        groups, start = [], 0
        for stop in range(1, len(rows) + 1):
            if stop == len(rows) or (stop + 1 - start) * lengths[stop] > _N_TOKENS:
                groups.append(by_length[start:stop])
                start = stop
        return groups

    def refresh(self, rows: Rows) -> Numbers:
        """Return true gains, shape (n_rows,)."""
        answer = np.empty(len(rows))

        groups = self._blocks(rows)

        def evaluate(start: int, _stop: int) -> None:
            answer[groups[start]] = self._inner(self._block(rows[groups[start]]))[0]

        self.run(evaluate, len(groups), 1)
        return answer

    def gains_and_tangents(self, rows: Rows) -> tuple[Numbers, Vectors]:
        """Return true gains, (n_rows,), and packed gradients by S, (n_rows, d (d + 1) / 2)."""
        gains = np.empty(len(rows))
        tangents = np.empty((len(rows), len(self._packed)), dtype=np.float32)
        groups = self._blocks(rows)

        def evaluate(start: int, _stop: int) -> None:
            group = groups[start]
            x = self._block(rows[group])
            gains[group], inner = self._inner(x)
            tangents[group] = np.take(
                self._gradient(x, inner).reshape(len(group), -1), self._packed, axis=1
            )

        self.run(evaluate, len(groups), 1)
        return gains, tangents

    def _inner(self, x: Numbers) -> tuple[Numbers, Numbers]:
        """Gains, shape (b,), and the matrices whose log determinants they are.

        With Y = X W', that is I + Y Y', shape (b, M, M), or I + Y' Y, shape (b, d, d), whichever is
        smaller.
        """
        b, m, d = x.shape
        y = (x.reshape(-1, d) @ self._w.T).reshape(b, m, d)
        inner = y @ y.transpose(0, 2, 1) if m <= d else y.transpose(0, 2, 1) @ y
        diagonal = np.arange(inner.shape[1])
        inner[:, diagonal, diagonal] += 1.0
        gains: Numbers = 2.0 * np.log(np.linalg.cholesky(inner)[:, diagonal, diagonal]).sum(axis=1)
        return gains, inner

    def _gradient(self, x: Numbers, inner: Numbers) -> Numbers:
        """Return H = X' (I + X S X')^-1 X, shape (b, d, d).

        From the d x d form it is L (I - (I + Y' Y)^-1) L'.
        """
        inverse = np.linalg.inv(inner)
        if x.shape[1] <= self.d:
            return x.transpose(0, 2, 1) @ (inverse @ x)
        return self._root @ (np.eye(self.d) - inverse) @ self._root.T
