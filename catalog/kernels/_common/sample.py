"""Draw rows by a hash of their fingerprint, so that a pool that grows keeps most of its sample."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from catalog.fingerprints import texts
from catalog.kernels._common.arrays import Array


def drawn_rows(rows: pa.Table, sample: int, *, seed: int) -> Array:
    """Return the rows of a sample, ascending: those with the least hashes of seed and fingerprint.

    If there are no more rows than ``sample``, all are returned.

    Rows without a ``fingerprint`` column are drawn by their place.

    >>> drawn_rows(pa.table({"fingerprint": ["a", "b", "c"]}), 2, seed=0).tolist()
    [1, 2]
    """
    n = rows.num_rows
    if n <= sample:
        return np.arange(n)
    if "fingerprint" not in rows.column_names:
        return np.sort(np.random.default_rng(seed).choice(n, sample, replace=False))
    digests = b"".join(
        hashlib.blake2b(f"{seed}:{value}".encode(), digest_size=8).digest()
        for value in texts(rows["fingerprint"])
    )
    return np.sort(
        np.argsort(np.frombuffer(digests, dtype=">u8").astype(np.uint64), kind="stable")[:sample]
    )
