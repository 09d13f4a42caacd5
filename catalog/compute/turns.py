"""Turns of the assistant that a signal is measured over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference


def same_values(
    connection: Connection, reference: Reference, identity: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the identities under which members have the same values, the given one first.

    Where no member has several answers, all turns are the last one, so the identity with other
    turns serves as well. An identity without ``turns`` is of the last one.

    Args:
        connection: a reader's.
        reference: whose members.
        identity: of a signal that a model or a tokenizer measures.
    """
    yield dict(identity)
    ((is_told_apart,),) = connection.sql(
        query("signals/has_several_answers"), params=reference.parameters
    ).fetchall()
    if not is_told_apart:
        rest = {key: value for key, value in identity.items() if key != "turns"}
        yield rest if "turns" in identity else rest | {"turns": "all"}
