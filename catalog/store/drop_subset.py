"""Removal of a subset, or of one of its versions."""

from __future__ import annotations

from catalog.errors import OptionError
from catalog.messages import listed, quantity
from catalog.store.database import Connection
from catalog.store.queries import query

STEPS = ("subsets/drop_members", "subsets/drop_sources", "subsets/drop", "tags/drop")


def drop_subset(connection: Connection, name: str, version: int | None) -> None:
    """Remove a version of a subset, or all if None, in a writing transaction.

    Raises:
        OptionError: other subsets were made from it.
    """
    params = {"name": name, "version": version}
    rows = connection.sql(query("subsets/made_from"), params=params).fetchall()
    dropped = name if version is None else f"{name}@{version}"
    refuse_dependents([row[0] for row in rows], dropped)
    for step in STEPS:
        connection.execute(query(step), params)


def refuse_dependents(names: list[str], dropped: str) -> None:
    """Refuse to remove what subsets were made from.

    Raises:
        OptionError: there are such subsets.
    """
    if names:
        count = quantity(len(names), "subset depends", "subsets depend")
        raise OptionError(f"{count} on {dropped} ({listed(names, most=5)}): drop them first")
