"""How a row that a budgeted kernel left out stands to those that it took: what it would have brought, and who stood in its way.

One file for each kernel that chooses up to a budget, of the kernel's name. Each looks at one row,
so it costs far less than choosing.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.relation import is_vector
from catalog.kernels._common.token_states import is_states

Rows = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Standing:
    """What a kernel's own measure says of a row that it left out.

    Attributes:
        numbers: by name.
        others: rows that play a part, by what they did: positions in the relation.
        said: sentences; ``{nearest}`` stands for the row that ``others`` names so.
    """

    numbers: dict[str, Any]
    others: dict[str, int] = field(default_factory=dict)
    said: tuple[str, ...] = ()


def has_standing(kernel: str) -> bool:
    """Whether a kernel chooses up to a budget, so that a row can stand outside.

    >>> has_standing("log_det"), has_standing("kmeans")
    (True, False)
    """
    return kernel.isidentifier() and importlib.util.find_spec(f"{__name__}.{kernel}") is not None


def standing(
    kernel: str,
    relations: Mapping[str, pa.Table],
    *,
    chosen: Rows,
    at: int,
    options: Mapping[str, Any],
) -> Standing:
    """How one row stands.

    Args:
        kernel: that has a standing.
        relations: its inputs by argument; the first holds the rows to choose from.
        chosen: positions of the rows that it took, in its order. Shape (budget,).
        at: the position of a row that it did not take.
        options: its other arguments.
    """
    function = importlib.import_module(f"{__name__}.{kernel}").standing
    answer: Standing = function(*relations.values(), chosen=chosen, at=at, **options)
    return answer


def column_of_vectors(rows: pa.Table) -> str:
    """The column that the kernel read: the only one of vectors or of lists of vectors."""
    return str(
        next(
            column.name
            for column in rows.schema
            if is_vector(column.type) or is_states(column.type)
        )
    )


def fingerprint_order(rows: pa.Table) -> Rows:
    """Every row's place when rows are sorted by fingerprint, which is how kernels break ties; shape (n,).

    >>> fingerprint_order(pa.table({"fingerprint": ["b", "a"]})).tolist()
    [1, 0]
    """
    places = np.arange(rows.num_rows, dtype=np.int64)
    if "fingerprint" in rows.column_names:
        places[np.argsort(np.array(rows["fingerprint"].to_pylist()), kind="stable")] = np.arange(
            rows.num_rows
        )
    return places
