"""Tables of members, as `show` and `diff` return them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def without_empty(members: pa.Table) -> pa.Table:
    """Return the table without the columns rejected and media where no member has them."""
    empty = [name for name in ("rejected", "media") if members[name].null_count == members.num_rows]
    return members.drop_columns(empty)
