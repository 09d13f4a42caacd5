"""Fits of `ila_regression.py`: least squares of log dev loss on log depth and log coverage."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def least_squares(
    y: np.ndarray[Any, Any], predictors: dict[str, np.ndarray[Any, Any]]
) -> dict[str, Any]:
    """Fit by least squares with an intercept.

    Returns:
        Coefficients and t-values by name, R^2, and the R^2 of leaving one out.
    """
    x = np.column_stack([np.ones(len(y)), *predictors.values()])  # (n, p)
    inverse = np.linalg.pinv(x.T @ x)
    beta = inverse @ x.T @ y
    residual = y - x @ beta
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    total = float(((y - y.mean()) ** 2).sum())
    deviation = np.sqrt(np.diag(inverse) * (residual @ residual) / max(1, len(y) - x.shape[1]))
    names = ["intercept", *predictors]
    return {
        "coefficients": dict(zip(names, beta.tolist(), strict=True)),
        "t": dict(zip(names, (beta / np.maximum(deviation, 1e-30)).tolist(), strict=True)),
        "r2": 1 - float(residual @ residual) / total,
        # Without its own row a prediction's error is the residual over 1 - leverage, and the mean
        # moves by n / (n - 1).
        "loo_r2": 1
        - float(((residual / (1 - leverage)) ** 2).sum()) / (total * (len(y) / (len(y) - 1)) ** 2),
        "n": len(y),
    }


def columns_of(runs: list[dict[str, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the variables of the fits, each a logarithm, and the squares of two of them."""
    columns = {
        name: np.log([run[name] for run in runs])
        for name in ("loss", "depth", "coverage", "response_tokens")
    }
    return columns | {f"{name}^2": columns[name] ** 2 for name in ("depth", "coverage")}


def fits_of(columns: dict[str, np.ndarray[Any, Any]]) -> dict[str, dict[str, Any]]:
    """Return every fit of the log loss by its title."""
    both = ("depth", "coverage")
    predictors = {
        "depth and coverage": both,
        "and response tokens": (*both, "response_tokens"),
        "and the square of depth": (*both, "depth^2"),
        "and the square of coverage": (*both, "coverage^2"),
        **{f"{name} alone": (name,) for name in (*both, "response_tokens")},
    }
    return {
        title: least_squares(columns["loss"], {name: columns[name] for name in names})
        for title, names in predictors.items()
    }


def turning_point(fit: dict[str, Any], name: str, *, most: float) -> float | None:
    """Return the value of a variable at which the loss stops falling, if it is below ``most``.

    >>> fit = {"coefficients": {"depth": 0.2, "depth^2": 0.1}, "t": {"depth^2": 5.0}}
    >>> round(turning_point(fit, "depth", most=1.0), 3), turning_point(fit, "depth", most=0.3)
    (0.368, None)
    """
    bend = fit["coefficients"][f"{name}^2"]
    if bend <= 0 or fit["t"][f"{name}^2"] <= 2:
        return None
    least = float(np.exp(-fit["coefficients"][name] / (2 * bend)))
    return least if least < most else None
