"""What a row left out by ``log_det`` would add to the information of those taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.relation import matrix
from catalog.kernels._common.token_states import is_states, states
from catalog.kernels.explain import Rows, Standing, column_of_vectors

Matrix = np.ndarray[Any, np.dtype[np.float64]]

REFACTOR = (
    256  # picks after which the inverse is computed anew, so that rounding errors do not add up
)


def standing(
    rows: pa.Table,
    *,
    chosen: Rows,
    at: int,
    regularization: float = 1.0,
    normalize: str = "none",
    **_others: Any,
) -> Standing:
    """The row's gain alone, at the last pick and after it, and whose pick took most of it away.

    Every pick is looked at: O(budget d^2) for one vector a row, O(budget d^3) for token states.

    Args:
        rows: what the kernel chose from.
        chosen: positions of the rows taken, in order. Shape (budget,).
        at: the position of a row that was not.
        regularization: lambda.
        normalize: ``length`` divides a text's information by its tokens.
    """
    texts = _texts(rows.take(pa.array([*chosen.tolist(), at])), by_length=normalize == "length")
    own, d = texts[-1], texts[-1].shape[1]
    v: Matrix = np.eye(d) * regularization
    s: Matrix = np.eye(d) / regularization  # V^-1
    gains, last_gain = [_gain(s, own)], 0.0
    for turn, text in enumerate(texts[:-1], start=1):
        last_gain = _gain(s, text)
        v += text.T @ text
        s = (
            _smaller(s, text)
            if turn % REFACTOR and 4 * len(text) <= d
            else np.asarray(np.linalg.inv(v), dtype=np.float64)
        )
        gains.append(_gain(s, own))
    falls = -np.diff(gains)  # (budget,)
    most = int(falls.argmax())
    numbers = {
        "gain_alone": gains[0],
        "gain_at_last_pick": gains[-2],
        "gain_at_end": gains[-1],
        "last_gain": last_gain,
        "largest_fall": float(falls[most]),
    }
    said = (
        f"when the last was taken it would have brought {gains[-2]:.4g} nats; {{last}} brought {last_gain:.4g}",
        f"alone it would bring {gains[0]:.4g}; no member took away more of that than {{most}}: {falls[most]:.4g}",
    )
    return Standing(numbers, {"last": int(chosen[-1]), "most": int(chosen[most])}, said)


def _texts(rows: pa.Table, *, by_length: bool) -> list[Matrix]:
    """One matrix (M, d) a row."""
    column = column_of_vectors(rows)
    if not is_states(rows.schema.field(column).type):
        return list(matrix(rows, column, function="log_det").astype(np.float64)[:, None, :])
    views, d = states(rows[column], name=column, function="log_det")
    texts = [view.reshape(-1, d).astype(np.float64) for view in views]
    return [text / np.sqrt(max(len(text), 1)) for text in texts] if by_length else texts


def _gain(s: Matrix, x: Matrix) -> float:
    """log det(I + X S X'), by whichever of its two forms is smaller."""
    if len(x) <= x.shape[1]:
        return float(np.linalg.slogdet(np.eye(len(x)) + x @ s @ x.T)[1])
    return float(np.linalg.slogdet(np.eye(x.shape[1]) + s @ (x.T @ x))[1])


def _smaller(s: Matrix, x: Matrix) -> Matrix:
    """S when X is added to V (Woodbury)."""
    sx = s @ x.T  # (d, M)
    return np.asarray(s - sx @ np.linalg.solve(np.eye(len(x)) + x @ sx, sx.T))
