"""Greedy in two rounds: in each part of the rows, then among what the parts chose.

GreeDi: Mirzasoleiman, Karbasi, Sarkar and Krause, "Distributed submodular maximization: identifying
representative elements in massive data" (NeurIPS 2013), with as many picks a part as in the answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from catalog.errors import QueryError
from catalog.fingerprints import texts
from catalog.kernels._common.arrays import Array, Numbers, Rows
from catalog.kernels._common.lazy_greedy import grid

Choice = tuple[Rows, Numbers]
"""Rows in the order chosen, and what each of them adds to the value of those before."""

GUARANTEE = "at least (1 - 1/e)^2 / min(parts, budget) of the best subset's value"


def note(*, guarantee: str = GUARANTEE, ratio: float, measured: str) -> dict[str, dict[str, str]]:
    """Return what is known of the optimizer ``two_round``, as `Kernel.notes` has it.

    Args:
        guarantee: a bound that holds for every input.
        ratio: of the exact greedy's value that two rounds had.
        measured: the input of that ratio.
    """
    return {
        "optimizer": {
            "two_round": f"another answer than 'exact', with {guarantee}; "
            f"measured: {ratio:.4f} of the exact greedy's value ({measured})"
        }
    }


def two_round(
    part: Array,
    choose: Callable[[Rows], Choice],
    *,
    among: Callable[[Rows], Choice] | None = None,
    gains: Callable[[Rows], Numbers] | None = None,
) -> Choice:
    """Return the better of the union's choice and the best part's; the union's if they are equal.

    Args:
        part: of each row, (n,) int64.
        choose: chooses greedily from some rows, which ascend.
        among: chooses from the union; None is ``choose``.
        gains: what rows add in their order, of all rows; None: what ``choose`` returned.
    """
    if not len(part):
        return part, np.empty(0)
    chosen = [choose(np.flatnonzero(part == each)) for each in np.unique(part)]
    if gains is not None:
        chosen = [(rows, gains(rows)) for rows, _ in chosen]
    union = np.sort(np.concatenate([rows for rows, _ in chosen]))
    last = (among or choose)(union)
    # A part of fewer rows than the budget is within 1 - 1/e of the union's choice anyway.
    answers = [last, *(each for each in chosen if len(each[0]) == len(last[0]))]
    values = np.array([added.sum() for _, added in answers])
    rounded = np.rint(values / grid(float(values.max())))
    return answers[int(rounded.argmax())]


def parts_of(rows: pa.Table, parts: int, *, function: str) -> Array:
    """Return the part of each row by a hash of its fingerprint alone: (n,) int64.

    Args:
        rows: with ``fingerprint``.
        parts: 1 or more.
        function: the kernel, for messages.

    Raises:
        QueryError: there is no fingerprint column.

    >>> parts_of(pa.table({"fingerprint": ["a", "b", "c"]}), 2, function="log_det").tolist()
    [0, 0, 1]
    """
    if "fingerprint" not in rows.column_names:
        raise QueryError(
            f"{function}: two rounds need a fingerprint column, which decides the parts; select it"
        )
    digests = b"".join(
        hashlib.blake2b(f"part:{each}".encode(), digest_size=8).digest()
        for each in texts(rows["fingerprint"])
    )
    found: Array = (np.frombuffer(digests, dtype="<u8") % np.uint64(parts)).astype(np.int64)
    return found
