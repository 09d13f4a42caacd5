"""Measure the information that a row which ``log_det`` did not select would add."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.arrays import Numbers, Rows
from catalog.kernels._common.relation import matrix
from catalog.kernels._common.token_states import is_states, states
from catalog.kernels.explain import Counterfactual, column_of_vectors

REFACTOR = 256  # picks after which the inverse is computed anew, so that rounding does not add up


def counterfactual(
    rows: pa.Table,
    *,
    selected: Rows,
    position: int,
    regularization: float = 1.0,
    normalize: str = "none",
    **_others: Any,
) -> Counterfactual:
    """Return the row's gain alone, at the last pick and after it, and what reduced it most.

    It repeats every pick: O(budget d^2) for one vector a row, O(budget d^3) for token states.

    Args:
        rows: what the kernel selected from.
        selected: positions of the selected rows, in order. Shape (budget,).
        position: the position of a row that was not selected.
        regularization: lambda.
        normalize: ``length`` divides a text's information by its tokens.
    """
    texts = _texts(
        rows.take(pa.array([*selected.tolist(), position])), by_length=normalize == "length"
    )
    row, d = texts[-1], texts[-1].shape[1]
    v: Numbers = np.eye(d) * regularization
    s: Numbers = np.eye(d) / regularization  # V^-1
    gains, last_gain = [_gain(s, row)], 0.0
    for turn, text in enumerate(texts[:-1], start=1):
        last_gain = _gain(s, text)
        v += text.T @ text
        if turn % REFACTOR and 4 * len(text) <= d:
            s = _updated_inverse(s, text)
        else:
            s = np.asarray(np.linalg.inv(v), dtype=np.float64)
        gains.append(_gain(s, row))
    falls = -np.diff(gains)  # (budget,)
    most = int(falls.argmax())
    numbers = {
        "gain_alone": gains[0],
        "gain_at_last_pick": gains[-2],
        "gain_at_end": gains[-1],
        "last_gain": last_gain,
        "largest_fall": float(falls[most]),
    }
    others = {"last": int(selected[-1]), "most": int(selected[most])}
    sentences = (
        f"at the last pick it would have added {gains[-2]:.4g} nats; "
        f"{{last}} added {last_gain:.4g}",
        f"alone it would add {gains[0]:.4g}; {{most}} reduced that most, by {falls[most]:.4g}",
    )
    return Counterfactual(numbers, others, sentences)


def _texts(rows: pa.Table, *, by_length: bool) -> list[Numbers]:
    """Return one matrix (M, d) for each row."""
    column = column_of_vectors(rows)
    if not is_states(rows.schema.field(column).type):
        return list(matrix(rows, column, function="log_det").astype(np.float64)[:, None, :])
    views, d = states(rows[column], name=column, function="log_det")
    texts = [view.reshape(-1, d).astype(np.float64) for view in views]
    if by_length:
        return [text / np.sqrt(max(len(text), 1)) for text in texts]
    return texts


def _gain(s: Numbers, x: Numbers) -> float:
    """Return log det(I + X S X'), by the smaller of its two forms."""
    if len(x) <= x.shape[1]:
        return float(np.linalg.slogdet(np.eye(len(x)) + x @ s @ x.T)[1])
    return float(np.linalg.slogdet(np.eye(x.shape[1]) + s @ (x.T @ x))[1])


def _updated_inverse(s: Numbers, x: Numbers) -> Numbers:
    """Return S after X is added to V (Woodbury)."""
    sx = s @ x.T  # (d, M)
    return np.asarray(s - sx @ np.linalg.solve(np.eye(len(x)) + x @ sx, sx.T))
