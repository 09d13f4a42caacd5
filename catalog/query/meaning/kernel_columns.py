"""The columns that a kernel computes from, among those that it is given."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from catalog.kernels import Kernel
from catalog.kernels._decorator import is_vector_type

KEYS = frozenset(("instruction_id", "fingerprint"))
"""Columns that identify a row. A kernel only breaks ties with them."""


def columns_read(
    kernel: Kernel, given: Mapping[str, str | None], options: Iterable[object]
) -> list[str]:
    """Return the given columns that a kernel's new columns follow from, in their order.

    Those are its vectors, the columns that an option names, and the columns that its module names.
    Where none of them is given, every column counts but the keys.

    Args:
        kernel: the table function.
        given: the columns of one relation with their DuckDB types; None if a type is unknown.
        options: the values of the call's options.

    >>> from catalog.query.kernels import kernel
    >>> given = {"fingerprint": "VARCHAR", "v": "FLOAT[]", "source": "VARCHAR", "prompt": "VARCHAR"}
    >>> columns_read(kernel("kmeans"), given, ["source"])
    ['v', 'source']
    """
    named = {value.lower() for value in options if isinstance(value, str)} | _constants(
        kernel.function
    )
    others = [name for name in given if name.lower() not in KEYS]
    read = [name for name in others if name.lower() in named or is_vector_type(given[name] or "")]
    return read or others


@cache
def _constants(function: Callable[..., object]) -> frozenset[str]:
    """Return the texts in the code of a kernel's file, its documentation left out."""
    file = inspect.getsourcefile(function)
    text = Path(file).read_text(encoding="utf-8") if file else ""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    values = [node.value for node in nodes if isinstance(node.value, str)]
    return frozenset(value.lower() for value in values if value.isidentifier())
