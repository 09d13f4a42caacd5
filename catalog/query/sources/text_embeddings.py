"""Relation ``text_embeddings(...)``: the vector of a text, beside a pool's embeddings."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

from catalog.query.resolved import Resolved
from catalog.query.source_columns import SKETCHED_VECTOR, vector_type
from catalog.query.sources._decorator import source
from catalog.query.sources.embeddings import embeddings
from catalog.signals.coverage import PinnedSignals
from catalog.store.database import Connection


@source(
    order=140,
    example="SELECT text, vector FROM text_embeddings('alpaca', text => 'cooking')",
    columns={"text": "VARCHAR", "vector": SKETCHED_VECTOR},
)
def text_embeddings(
    connection: Connection,
    ref: str,
    *,
    text: str,
    encoder: str | None = None,
    field: Literal["prompt", "conversation"] | None = None,
    pins: PinnedSignals | None = None,
) -> Resolved:
    """Read one row: a ``text`` and its ``vector``, by the encoder of the pool's embeddings."""
    from catalog.query.text_vectors import load_text_embeddings

    found = embeddings(connection, ref, encoder=encoder, field=field, pins=pins)
    columns = {"text": "VARCHAR", "vector": vector_type(next(iter(found.signals), None))}
    if not found.signals:
        return replace(found, columns=columns)
    load = partial(load_text_embeddings, signal=found.signals[0], text=text)
    return replace(found, load=load, columns=columns)
