"""Information in a set of texts, log det(lambda I + sum of X' X), and what a text adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from catalog.kernels._common import lapack
from catalog.kernels._common.arrays import Array, Numbers, Rows, Vectors
from catalog.kernels._common.parallel import ForBlocks
from catalog.threads import n_threads

_LARGE = 2**22  # products of a text; below it, threads wait longer for Python's lock than they gain
_WORK = 2**25  # products that one thread makes at a time


class InformationOfTexts:
    """log det(lambda I + sum of X' X) over the chosen texts.

    Each text is evaluated alone, by one symmetric product, one Cholesky factor and triangular
    solves on one thread: its gain depends neither on the texts beside it nor on the number of
    threads. Matrices are in LAPACK's order of memory, so that none is copied: X' is (d, M).

    Args:
        texts: the states of every text, each of shape (M_i, d), float16 or float32; converted text
            by text.
        regularization: lambda.
        by_length: divide X' X by M_i.
        for_blocks: see ``row_blocks``.

    Attributes:
        evaluated_at_once: texts whose gains are computed in the first round of a pick, twice as
            many with every round, and the most in one: the best may rise with each of them.
    """

    evaluated_at_once = (4, 32)

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
        self._v: Numbers = np.eye(d, order="F") * regularization  # the upper triangle of V
        first, second = np.triu_indices(d)
        # The lower triangle of a matrix in LAPACK's order is the upper triangle in NumPy's.
        self._packed = first * d + second
        self._weights = np.where(first == second, 1.0, 2.0)
        self._products = d * d * max(1.0, float(self.lengths.mean()))
        self._is_empty = True  # nothing is chosen
        self._factorise()

    def _factorise(self) -> None:
        root = self._v.copy(order="F")
        lapack.upper_root(root)
        w = np.eye(self.d, order="F")
        lapack.divide_by_upper(w, root)
        self._root, self._w = np.tril(root.T), np.asfortranarray(w.T)  # L, V = L L'; L^-1
        s = np.zeros((self.d, self.d), order="F")
        lapack.add_products(w, s, of_columns=False, triangle=b"L")  # V^-1
        packed = np.empty(len(self._packed))
        self._pack(s, packed)
        self.s_packed = (packed * self._weights).astype(np.float32)
        self.s_norm = float(np.sqrt(self._weights @ packed**2))

    def _pack(self, lower: Array, into: Array) -> None:
        """Write the d (d + 1) / 2 numbers of a lower triangle in LAPACK's order."""
        np.take(lower.ravel(order="K"), self._packed, out=into, mode="clip")  # "raise" would copy

    def run(self, function: Callable[[int, int], None], n: int, size: int) -> None:
        """Run a function over blocks of n things.

        One block, or all on one thread, runs here: handing work to a thread costs something.
        """
        if n <= size or n_threads() == 1:
            function(0, n)
        else:
            self._for_blocks(function, n, size)

    def _for_texts(self, evaluate: Callable[[int, int], None], n: int) -> None:
        if self._products < _LARGE:
            evaluate(0, n)
        else:
            self.run(evaluate, n, max(1, int(_WORK / self._products)))

    def choose(self, row: int) -> None:
        """Add one text."""
        self._is_empty = False
        lapack.add_products(self._states(row), self._v, of_columns=False, triangle=b"U")
        self._factorise()

    def _states(self, row: int) -> Numbers:
        """Return X' of a text, (d, M); a text without tokens is one of zeros, which adds nothing.

        It is in LAPACK's order, and new.
        """
        text = self.texts[row]
        if not len(text):
            return np.zeros((self.d, 1), order="F")
        states: Numbers = np.array(text.T, dtype=np.float64, order="F")
        if self._scales is not None:
            states *= self._scales[row]
        return states

    def refresh(self, rows: Rows) -> Numbers:
        """Return true gains, shape (n_rows,)."""
        answer = np.empty(len(rows))

        def evaluate(start: int, stop: int) -> None:
            for place in range(start, stop):
                answer[place] = self._gain(self._states(int(rows[place])))[0]

        self._for_texts(evaluate, len(rows))
        return answer

    def gains_and_tangents(self, rows: Rows) -> tuple[Numbers, Vectors]:
        """Return true gains, (n_rows,), and packed gradients by S, (n_rows, d (d + 1) / 2).

        A gradient H is summed in float32: each number is off by ``2.0**-24 * (M + 3)`` times
        the sum of what it adds up without signs, at most, and so H by that times its trace.
        """
        gains = np.empty(len(rows))
        tangents = np.empty((len(rows), len(self._packed)), dtype=np.float32)

        def evaluate(start: int, stop: int) -> None:
            for place in range(start, stop):
                states = self._states(int(rows[place]))
                gains[place], root = self._gain(states)
                self._pack(self._gradient(states, root), tangents[place])

        self._for_texts(evaluate, len(rows))
        return gains, tangents

    def _gain(self, states: Numbers) -> tuple[float, Numbers]:
        """Return a gain, and the upper Cholesky factor of the matrix whose log determinant it is.

        With Y' = W X', that matrix is I + Y Y', (M, M), or I + Y' Y, (d, d), whichever is smaller.
        """
        y = self._whitened(states)
        size = min(y.shape)
        inner = np.zeros((size, size), order="F")
        diagonal = inner.ravel(order="K")[:: size + 1]
        diagonal[:] = 1.0
        lapack.add_products(y, inner, of_columns=size == y.shape[1], triangle=b"U")
        lapack.upper_root(inner)
        return 2.0 * float(np.log(diagonal).sum()), inner

    def _whitened(self, states: Numbers) -> Numbers:
        """Return Y' = W X', (d, M), new and in LAPACK's order."""
        if self._is_empty:  # W is a multiple of I, and the product the same bits
            scaled: Numbers = states * self._w[0, 0]
            return scaled
        y = states.copy(order="F")
        lapack.multiply_lower(self._w, y)
        return y

    def _gradient(self, states: Numbers, root: Numbers) -> Vectors:
        """Return the lower triangle of H = X' (I + X S X')^-1 X; ``states`` is used up.

        From the d x d form it is L (I - (I + Y' Y)^-1) L'.
        """
        if len(root) == states.shape[1]:
            lapack.divide_by_upper(states, root)
            summed = np.zeros((self.d, self.d), dtype=np.float32, order="F")
            factor = states.astype(np.float32, order="F")
            lapack.add_products(factor, summed, of_columns=False, triangle=b"L")
            return summed
        half = np.eye(self.d, order="F")
        lapack.divide_by_upper(half, root)
        gradient = self._root @ (np.eye(self.d) - half @ half.T) @ self._root.T
        return gradient.T.astype(np.float32)
