"""Agreement of scores: rank correlation with intervals, and kappa where the scale is small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import OptionError, SignalError
from catalog.query.executor import Limits
from catalog.query.stream import run
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.signals.coverage import Coverage

SMALL_SCALE = 12
"""The most distinct values, of both scores together, for which kappa is computed."""

N_BOOTSTRAP = 1000
Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Agreement:
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
