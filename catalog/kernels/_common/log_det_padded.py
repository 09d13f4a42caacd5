"""Evaluate texts in blocks padded to one length, by batched products and LU inverses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from catalog.kernels._common.arrays import Numbers, Rows, Vectors
from catalog.kernels._common.log_det_information import InformationOfTexts

SHORT = 1_024  # numbers of the longest text up to which padded blocks are faster
_N_TOKENS = 2048  # of one padded block of texts


class PaddedInformation(InformationOfTexts):
    """Information of short texts of narrow states, which are evaluated in padded blocks.

    There a call of LAPACK for each text costs more than padding and an LU inverse, and a block of
    few texts nearly as much as one of many.
    """

    evaluated_at_once = (12, 48)

    def refresh(self, rows: Rows) -> Numbers:
        answer = np.empty(len(rows))
        groups = self._groups(rows)

        def evaluate(start: int, _stop: int) -> None:
            answer[groups[start]] = self._inner(self._block(rows[groups[start]]))[0]

        self._run_groups(evaluate, len(groups))
        return answer

    def gains_and_tangents(self, rows: Rows) -> tuple[Numbers, Vectors]:
        gains = np.empty(len(rows))
        tangents = np.empty((len(rows), len(self._packed)), dtype=np.float32)
        groups = self._groups(rows)

        def evaluate(start: int, _stop: int) -> None:
            group = groups[start]
            x = self._block(rows[group])
            gains[group], inner = self._inner(x)
            h = self._gradients(x, inner).reshape(len(group), -1)
            tangents[group] = np.take(h, self._packed, axis=1)

        self._run_groups(evaluate, len(groups))
        return gains, tangents

    def _run_groups(self, evaluate: Callable[[int, int], None], n_groups: int) -> None:
        if n_groups <= 3:
            for start in range(n_groups):
                evaluate(start, start + 1)
        else:
            self._for_blocks(evaluate, n_groups, 1)

    def _block(self, rows: Rows) -> Numbers:
        """Texts padded with zeros, shape (n_rows, longest, d)."""
        lengths = self.lengths[rows]
        block = np.zeros((len(rows), max(int(lengths.max()), 1), self.d))
        flat = np.concatenate([self.texts[row] for row in rows])
        block[np.arange(block.shape[1]) < lengths[:, None]] = flat
        if self._scales is not None:
            block *= self._scales[rows][:, None, None]
        return block

    def _groups(self, rows: Rows) -> list[Rows]:
        """Positions in ``rows``, grouped by length, each about _N_TOKENS states."""
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

    def _inner(self, x: Numbers) -> tuple[Numbers, Numbers]:
        b, m, d = x.shape
        y = (x.reshape(-1, d) @ self._w.T).reshape(b, m, d)
        inner = y @ y.transpose(0, 2, 1) if m <= d else y.transpose(0, 2, 1) @ y
        diagonal = np.arange(inner.shape[1])
        inner[:, diagonal, diagonal] += 1.0
        gains: Numbers = 2.0 * np.log(np.linalg.cholesky(inner)[:, diagonal, diagonal]).sum(axis=1)
        return gains, inner

    def _gradients(self, x: Numbers, inner: Numbers) -> Numbers:
        inverse = np.linalg.inv(inner)
        if x.shape[1] <= self.d:
            return x.transpose(0, 2, 1) @ (inverse @ x)
        return self._root @ (np.eye(self.d) - inverse) @ self._root.T
