"""Cosines that rule out what cannot matter: in float32, or in bfloat16 where that is faster.

What a screen cannot tell from a decision is decided in float64, so that answers have the same bits
with either of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from catalog.kernels._common.arrays import Array, Vectors
from catalog.kernels._common.similarity import SLACK

_LEAST, _LEAST_WITHOUT_TORCH = 2**32, 2**36  # products that save more than the screen's start costs


@dataclass(frozen=True)
class Screen:
    """Cosines of unit rows with a known error.

    Attributes:
        dtype: of the rows that it takes.
        slack: more than a cosine is ever off.
        narrow: makes such rows of unit rows (n, d), float32.
        cosines: of such rows (n, d) with others (m, d): (n, m) float32.
    """

    dtype: type[np.generic]
    slack: float
    narrow: Callable[[Vectors], Array]
    cosines: Callable[[Array, Array], Vectors]


def _narrow(units: Vectors) -> Array:
    """Return the bits of bfloat16 numbers, which NumPy does not know, as int16."""
    import torch

    bits: Array = torch.from_numpy(units).bfloat16().view(torch.int16).numpy()
    return bits


def _narrow_cosines(rows: Array, others: Array) -> Vectors:
    import torch

    a, b = (torch.from_numpy(side).view(torch.bfloat16) for side in (rows, others))
    cosines: Vectors = (a @ b.T).float().numpy()  # (n, d) (d, m)
    return cosines


FLOAT32 = Screen(np.float32, SLACK, lambda units: units, lambda rows, others: rows @ others.T)

# Rounding a number to 8 binary digits is off by 2^-8 of it at most, so each unit row by a vector of
# that length, and a product by twice as much and its own rounding; sums are in float32.
BFLOAT16 = Screen(np.int16, 3 * 2.0**-8 + 1e-3, _narrow, _narrow_cosines)


@contextmanager
def screening(n_products: int) -> Iterator[Screen]:
    """Lend the screen that takes so many products soonest, for blocks of rows on threads."""
    least = _LEAST if "torch" in sys.modules else _LEAST_WITHOUT_TORCH
    if n_products < least or not has_bfloat16():
        yield FLOAT32
        return
    import torch

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # each block has a thread
    try:
        yield BFLOAT16
    finally:
        torch.set_num_threads(n_threads)


@lru_cache(maxsize=1)
def has_bfloat16() -> bool:
    """Return whether the processor has products of bfloat16, under Linux."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text(encoding="utf-8") if cpuinfo.is_file() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags
