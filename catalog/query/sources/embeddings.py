"""Relation ``embeddings(...)``: the vectors of members by an encoder."""

from __future__ import annotations

from typing import Literal

from catalog.query.resolved import Resolved
from catalog.query.source_columns import MEMBER, SKETCHED_VECTOR
from catalog.query.sources._decorator import source
from catalog.query.sources._stored import stored
from catalog.signals.coverage import PinnedSignals
from catalog.store.database import Connection


@source(
    order=80,
    example="SELECT * FROM kmeans((FROM embeddings('alpaca')), k => 10)",
    columns=MEMBER | {"vector": SKETCHED_VECTOR},
)
def embeddings(
    connection: Connection,
    ref: str,
    *,
    encoder: str | None = None,
    field: Literal["prompt", "conversation"] | None = None,
    prefer: Literal["prompt", "conversation"] = "prompt",
    pins: PinnedSignals | None = None,
) -> Resolved:
    """Read one row for each member with a vector: ``vector FLOAT[d]``.

    Without a field it is the preferred one, if an encoder has read both.
    """
    from catalog.query.stored_vectors import load_embeddings

    return stored(
        connection,
        ref,
        kind="embedding",
        name=encoder,
        where={"field": field},
        load=load_embeddings,
        pins=pins,
        first=[{"field": prefer}],
    )
