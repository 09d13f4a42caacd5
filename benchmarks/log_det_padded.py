"""Evaluate texts in blocks padded to one length, by LU inverses, as ``log_det`` did in version 1.

It is the peer of a row of ``log_det.py`` and an oracle in the tests.
"""

from __future__ import annotations

import pyarrow as pa

from catalog.kernels._common import lapack
from catalog.kernels._common.log_det_padded import PaddedInformation
from catalog.kernels._common.log_det_tokens import greedy
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.token_states import states


def log_det_padded(rows: pa.Table, budget: int, *, by_length: bool = False) -> list[int]:
    """Return the positions of the chosen rows, which are sorted by fingerprint already."""
    texts, d = states(rows["states"], name="states", function="log_det")
    lapack.load()
    with row_blocks() as for_blocks:
        information = PaddedInformation(
            texts, d=d, regularization=1.0, by_length=by_length, for_blocks=for_blocks
        )
        order, _ = greedy(information, budget=budget, capacity=len(texts))
    return [int(row) for row in order]
