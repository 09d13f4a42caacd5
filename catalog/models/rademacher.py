"""Random projection by signs that are drawn block by block, so that no whole matrix is held.

Inner products are kept on average (Achlioptas 2003, Database-friendly random projections).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

BLOCK = 2**22
"""Numbers of the matrix that are held at once: 16 MiB in float32."""


def rademacher(vectors: torch.Tensor, *, dim: int, seed: int) -> torch.Tensor:
    """Return vectors (n, D) in ``dim`` dimensions, (n, dim) float32.

    The matrix holds 1 and -1 over the square root of ``dim``; seed, D's block and ``dim`` decide
    it, on every device and whatever n is.
    """
    import torch

    projected = torch.zeros(len(vectors), dim, device=vectors.device)
    n_rows = max(1, BLOCK // dim)
    for block, start in enumerate(range(0, vectors.shape[1], n_rows)):
        part = vectors[:, start : start + n_rows]
        signs = torch.from_numpy(_signs(seed, block, part.shape[1] * dim)).to(vectors.device)
        projected += part @ (signs.reshape(part.shape[1], dim).float() * 2 - 1)
    projected /= dim**0.5
    return projected


def _signs(seed: int, block: int, n: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Return n random bits of one block."""
    drawn = np.random.default_rng([seed, block]).bytes(-(-n // 8))
    return np.unpackbits(np.frombuffer(drawn, dtype=np.uint8), count=n)
