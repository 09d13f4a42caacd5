"""Tables of members, as `show` and `diff` return them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.frames import to_polars

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def without_empty(members: pa.Table) -> pl.DataFrame:
    """Return a table as a frame, without rejected and media where no member has them."""
    empty = [name for name in ("rejected", "media") if members[name].null_count == members.num_rows]
    return to_polars(members.drop_columns(empty))
