"""Agreement of scores: rank correlation with intervals, and kappa where the scale is small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import OptionError, SignalError
from catalog.notebook import NotebookResult
from catalog.signals.coverage import coverages, most_complete
from catalog.store.queries import query
from catalog.store.references import Reference, nearest

if TYPE_CHECKING:
    from catalog.store.database import Connection
    from catalog.store.store import Store

SMALL_SCALE = 12
"""The most distinct values, of both scores together, for which kappa is computed."""

N_BOOTSTRAP = 1000
Numbers = np.ndarray[Any, np.dtype[np.float64]]
Codes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Agreement(NotebookResult):
    """Agreement of two scores over the members that have both.

    Attributes:
        first: a score.
        second: another.
        n: members that have both.
        spearman: rank correlation; NaN if one score is constant.
        low: lower end of its 95 % bootstrap interval.
        high: upper end.
        kappa: Cohen's kappa with quadratic weights; None if the scale is not small.
        exact: share of the members with equal values; None as kappa.
    """

    first: str
    second: str
    n: int
    spearman: float
    low: float
    high: float
    kappa: float | None = None
    exact: float | None = None


def agreement(
    store: Store, reference: Reference, names: Sequence[str], *, seed: int = 0
) -> list[Agreement]:
    """Return the agreement of each pair of scores, over the members that have both.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        names: of at least two scores; of several signals of one name the most complete is read.
        seed: of the bootstrap.

    Raises:
        OptionError: there are fewer than two names, or one is named twice.
        SignalError: the members have no score of a name, or fewer than three have two scores.
    """
    if len(set(names)) < max(2, len(names)):
        raise OptionError(f"agreement: expected two or more different scores, got {list(names)}")
    with store.reading() as connection:
        values = {name: _values(connection, reference, name) for name in names}
    return [_pair(one, other, values, seed=seed) for one, other in combinations(names, 2)]


def _values(connection: Connection, reference: Reference, name: str) -> dict[str, float]:
    """Return the score of each member that has one, by fingerprint."""
    every = coverages(connection, reference, kind="score")
    named = [each for each in every if each.name == name]
    if not named or not any(each.n_with_value for each in named):
        known = sorted({each.name for each in every if each.n_with_value})
        raise SignalError(f"{reference} has no score {name}{nearest(name, known)}")
    parameters = reference.parameters | {"signal_id": most_complete(named).signal_id}
    return dict(connection.sql(query("scores/by_fingerprint"), params=parameters).fetchall())


def _pair(first: str, second: str, values: dict[str, dict[str, float]], *, seed: int) -> Agreement:
    both = sorted(values[first].keys() & values[second].keys())
    if len(both) < 3:
        raise SignalError(f"{len(both)} members have both {first} and {second}, expected 3 or more")
    x, y = (np.array([values[name][each] for each in both]) for name in (first, second))
    low, high = bootstrap(x, y, seed=seed)
    scale = np.unique(np.concatenate([x, y]))
    if len(scale) > SMALL_SCALE:
        return Agreement(first, second, len(both), spearman(x, y), low, high)
    kappa, exact = weighted_kappa(x, y), float(np.mean(x == y))
    return Agreement(first, second, len(both), spearman(x, y), low, high, kappa, exact)


def spearman(x: Numbers, y: Numbers) -> float:
    """Return the rank correlation of two columns, ties by mean ranks; NaN if one is constant.

    >>> round(spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0])), 12)
    1.0
    """
    return _correlation(_codes(x), _codes(y), np.ones(len(x)))


def bootstrap(x: Numbers, y: Numbers, *, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of the rank correlation: percentiles over drawn members.

    Draws in which one column is constant are left out.
    """
    rng = np.random.default_rng(seed)
    codes, n = (_codes(x), _codes(y)), len(x)
    draws = [
        _correlation(*codes, np.bincount(rng.integers(n, size=n), minlength=n).astype(float))
        for _ in range(N_BOOTSTRAP)
    ]
    if np.isnan(draws).all():
        return float("nan"), float("nan")
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return float(low), float(high)


def _codes(column: Numbers) -> Codes:
    """Return the place of each value among the sorted distinct values, shape (n,)."""
    return np.unique(column, return_inverse=True)[1]


def _correlation(x: Codes, y: Codes, counts: Numbers) -> float:
    """Return the rank correlation of members that each occur `counts` times; all shapes (n,)."""
    ranks = []
    for codes in (x, y):
        sizes = np.bincount(codes, weights=counts)
        middle = np.cumsum(sizes) - sizes / 2  # of each group of ties
        rank = middle[codes]
        ranks.append(rank - counts @ rank / counts.sum())
    covariance = counts @ (ranks[0] * ranks[1])
    norms = np.sqrt((counts @ ranks[0] ** 2) * (counts @ ranks[1] ** 2))
    if norms < 1e-9:
        return float("nan")
    return float(np.clip(covariance / norms, -1, 1))


def weighted_kappa(x: Numbers, y: Numbers) -> float:
    """Return Cohen's kappa with quadratic weights (Cohen 1968): 1 - observed / expected.

    The disagreement of two members is the square of the difference; its expected value pairs
    every value of one column with every value of the other. NaN if both are one constant.
    """
    observed = float(np.mean((x - y) ** 2))
    expected = float(np.var(x) + np.var(y) + (x.mean() - y.mean()) ** 2)
    return 1 - observed / expected if expected else float("nan")
