"""Tables of members, as `show` and `diff` return them, and one member by its fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.errors import NotFoundError, OptionError
from catalog.frames import to_polars
from catalog.store.queries import query
from catalog.store.references import Reference

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from catalog.store.database import Connection

DIGITS = 64
"""Digits of a whole fingerprint."""

LEAST_DIGITS = 8
"""Digits by which a member can be named."""


def without_empty(members: pa.Table) -> pl.DataFrame:
    """Return a table as a frame, without rejected and media where no member has them."""
    empty = [name for name in ("rejected", "media") if members[name].null_count == members.num_rows]
    return to_polars(members.drop_columns(empty))


def find_member(connection: Connection, reference: Reference, text: str) -> tuple[int, str]:
    """Return the id and the fingerprint of the member whose fingerprint begins with some digits.

    Raises:
        OptionError: fewer than 8 digits, or several members have them.
        NotFoundError: no member has them.
    """
    prefix = text.strip().lower()
    if len(prefix) < LEAST_DIGITS:
        raise OptionError(
            f"expected the first {LEAST_DIGITS} or more digits of a fingerprint, got {text!r}"
        )
    parameters = reference.parameters | {"prefix": prefix}
    found = connection.sql(query("search/fingerprints"), params=parameters).fetchall()
    if not found:
        raise NotFoundError(
            f"{reference} has no fingerprint that begins with {text}: "
            f"`catalog search {reference} TEXT` shows fingerprints"
        )
    if len(found) > 1:
        raise OptionError(f"{text} matches several members of {reference}: give more digits")
    return int(found[0][0]), str(found[0][1])
