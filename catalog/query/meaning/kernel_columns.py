"""The columns that a kernel computes from, among those that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from catalog.kernels import Kernel
from catalog.query.arguments import parameters_of
from catalog.query.scopes import KEYS


def columns_read(
    kernel: Kernel, given: Mapping[str, str | None], options: Iterable[object]
) -> list[str]:
    """Return the given columns that a kernel's new columns follow from, in their order.

    Those are the columns that the kernel declares, and those that an option or its default names.
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
    defaults = [parameter.default for parameter in parameters_of(kernel.function).values()]
    values = [value for value in (*options, *defaults) if isinstance(value, str)]
    named = {value.lower() for value in values}
    others = [name for name in given if name.lower() not in KEYS]
    return [name for name in others if kernel.is_read(name, given[name], named)] or others
