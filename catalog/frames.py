"""Tables of the Python API, which are polars frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def to_polars(table: pa.Table) -> pl.DataFrame:
    """Return a table as a polars frame.

    >>> import pyarrow as pa
    >>> to_polars(pa.table({"n": [1, 2]})).shape
    (2, 1)
    """
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
