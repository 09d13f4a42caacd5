"""The columns that a kernel computes from, among those that it is given."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from catalog.kernels import Kernel
from catalog.query.scopes import KEYS


def columns_read(
    kernel: Kernel, given: Mapping[str, str | None], named: Collection[str]
) -> list[str]:
    """Return the given columns that a kernel's new columns follow from, in their order.

    Those are the columns that the kernel declares, and those that an option names.
    Where none of them is given, every column counts but the keys.

    Args:
        kernel: the table function.
        given: the columns of one relation with their DuckDB types; None if a type is unknown.
        named: the texts of the call's options, in lower case; see `option_texts`.

    >>> from catalog.query.kernels import kernel
    >>> given = {"fingerprint": "VARCHAR", "v": "FLOAT[]", "source": "VARCHAR", "prompt": "VARCHAR"}
    >>> columns_read(kernel("kmeans"), given, ["source"])
    ['v', 'source']
    """
    others = [name for name in given if name.lower() not in KEYS]
    return [name for name in others if kernel.is_read(name, given[name], named)] or others
