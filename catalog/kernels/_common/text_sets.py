"""Sets of shingles of a block of texts, and their MinHash bands; a worker can make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from catalog.engine import Shard
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.minhash import band_keys, permutations, signatures
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.shingles import Unit, mixed, shingle_sets


class Hashing(NamedTuple):
    """Parameters of the hashing of texts, see ``near_duplicates``."""

    unit: Unit
    shingle: int
    n_hashes: int
    recall: float
    seed: int


@dataclass(frozen=True)
class SetsOfBlock:
    """Sets of the texts of a block.

    Attributes:
        hashing: of the shingles.
        n_bands: bands of a signature.
        n_rows: numbers of a band.
        keeps: whether the sets themselves are answered.
    """

    hashing: Hashing
    n_bands: int
    n_rows: int
    keeps: bool

    def __call__(self, shard: Shard[pa.Array]) -> tuple[Array, Array, Array, Array | None]:
        """Return all sizes, and of each text with a shingle the sum and the keys; the hashes."""
        offsets, hashes = hashed(self.hashing, shard.content)
        sizes = np.diff(offsets)
        kept = hashes if self.keeps else None
        begins = offsets[:-1][sizes > 0]
        if not len(begins):
            return sizes, hashes, np.empty((self.n_bands, 0), dtype=np.uint64), kept
        used = self.n_bands * self.n_rows
        a, b = permutations(self.hashing.n_hashes, self.hashing.seed)
        ends = np.append(begins, offsets[-1])
        with row_blocks() as for_blocks:
            made = signatures(ends, hashes, a[:used], b[:used], for_blocks)
        sums = np.add.reduceat(mixed(hashes), begins)
        return sizes, sums, band_keys(made, self.n_bands), kept


def hashed(hashing: Hashing, texts: pa.Array) -> tuple[Array, Array]:
    """Return the offsets of each text's shingles and their hashes; see `shingle_sets`."""
    return shingle_sets(texts, size=hashing.shingle, unit=hashing.unit)
