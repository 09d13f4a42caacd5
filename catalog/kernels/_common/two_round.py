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
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.relation import canonical

Greedy = Callable[[pa.Table], pa.Table]


def two_round(rows: pa.Table, greedy: Greedy, *, parts: int, value: str, function: str) -> pa.Table:
    """Return the better of the union's choice and the best part's, as ``greedy`` returns it.

    Args:
        rows: with ``fingerprint``, which decides the part of each.
        greedy: chooses rows of a relation in order, and keeps their other columns.
        parts: of the first round, 1 or more.
        value: the column of the answer that is the function's value after each pick. It must depend
            on the chosen rows alone.
        function: the kernel, for messages.

    Raises:
        QueryError: there is no fingerprint column.
    """
    if "fingerprint" not in rows.column_names:
        raise QueryError(
            f"{function}: two rounds need a fingerprint column, which decides the parts; select it"
        )
    ordered = canonical(rows)
    place = "place of the row"
    numbered = ordered.append_column(place, pa.array(np.arange(ordered.num_rows)))
    part = part_of(ordered, parts)
    chosen = [
        greedy(numbered.take(pa.array(np.flatnonzero(part == each)))) for each in np.unique(part)
    ]
    if not chosen:
        return greedy(rows)
    union = np.sort(np.concatenate([answer[place].to_numpy() for answer in chosen]))
    answers = [greedy(numbered.take(pa.array(union))), *chosen]
    best = max(answers, key=lambda answer: answer[value][-1].as_py())  # the first of equal ones
    return best.drop_columns([place])


def part_of(rows: pa.Table, parts: int) -> Array:
    """Return the part of each row by a hash of its fingerprint alone: (n,) int64.

    >>> part_of(pa.table({"fingerprint": ["a", "b", "c"]}), 2).tolist()
    [0, 0, 1]
    """
    digests = b"".join(
        hashlib.blake2b(f"part:{each}".encode(), digest_size=8).digest()
        for each in texts(rows["fingerprint"])
    )
    found: Array = (np.frombuffer(digests, dtype="<u8") % np.uint64(parts)).astype(np.int64)
    return found
