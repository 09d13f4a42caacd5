"""Explain what a row that was not selected would have brought, and which selected rows it lost to.

One file for each of the package's kernels that selects up to a budget, with a function
`counterfactual`. Each looks at one row, so it costs far less than selecting. A kernel from
elsewhere names its function: ``@kernel(..., explain=counterfactual)``.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels import Kernel
from catalog.kernels._common.arrays import Rows
from catalog.kernels._common.token_states import holds_vectors


@dataclass(frozen=True)
class Counterfactual:
    """Kernel's own measure of a row that it did not select.

    Attributes:
        numbers: the measured values, by name.
        others: other rows that matter, by their role: positions in the relation.
        sentences: the explanation; ``{nearest}`` stands for the row that ``others`` names so.
    """

    numbers: dict[str, Any]
    others: dict[str, int] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()


def has_counterfactual(kernel: Kernel) -> bool:
    """Return whether a kernel can explain why it did not select a row."""
    return _explain(kernel) is not None


def counterfactual(
    kernel: Kernel,
    relations: Mapping[str, pa.Table],
    *,
    selected: Rows,
    position: int,
    options: Mapping[str, Any],
) -> Counterfactual:
    """Explain why a kernel did not select a row.

    Args:
        kernel: one for which `has_counterfactual` is true.
        relations: its inputs by argument; the first holds the rows to select from.
        selected: positions of the selected rows, in order. Shape (budget,).
        position: the position of a row that was not selected.
        options: its other arguments.
    """
    explain = _explain(kernel)
    assert explain is not None
    answer: Counterfactual = explain(
        *relations.values(), selected=selected, position=position, **options
    )
    return answer


def column_of_vectors(rows: pa.Table) -> str:
    """Return the column that the kernel read: the only one of vectors or of lists of vectors."""
    columns = (column for column in rows.schema if holds_vectors(column.type))
    return str(next(columns).name)


def fingerprint_order(rows: pa.Table) -> Rows:
    """Return every row's place in the order of fingerprints, by which kernels break ties: (n,).

    >>> fingerprint_order(pa.table({"fingerprint": ["b", "a"]})).tolist()
    [1, 0]
    """
    places = np.arange(rows.num_rows, dtype=np.int64)
    if "fingerprint" in rows.column_names:
        order = np.argsort(np.array(rows["fingerprint"].to_pylist()), kind="stable")
        places[order] = np.arange(rows.num_rows)
    return places


def _explain(kernel: Kernel) -> Callable[..., Counterfactual] | None:
    if kernel.explain is not None or kernel.origin is not None:
        return kernel.explain
    module = f"{__name__}.{kernel.name}"
    if importlib.util.find_spec(module) is None:
        return None
    function: Callable[..., Counterfactual] = importlib.import_module(module).counterfactual
    return function
