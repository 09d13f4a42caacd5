"""Relation ``label_embeddings(...)``: a vector for each distinct label."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from catalog.errors import SignalError
from catalog.query.resolved import Resolved, nothing
from catalog.query.source_columns import SKETCHED_VECTOR, vector_type
from catalog.query.sources._decorator import source
from catalog.signals.kind_options import ENCODER
from catalog.store.database import Connection
from catalog.store.references import resolve


@source(
    order=130,
    example="SELECT * FROM label_embeddings('alpaca')",
    columns={"label": "VARCHAR", "vector": SKETCHED_VECTOR},
)
def label_embeddings(connection: Connection, ref: str, *, encoder: str = ENCODER) -> Resolved:
    """Read one row for each distinct label: ``label`` and ``vector``, which the query embeds."""
    from catalog.query.label_vectors import label_vectors, load_label_embeddings

    found = resolve(connection, ref)
    signal = label_vectors(connection, found, encoder=encoder)
    answer = Resolved(found, kind="label_embedding", name=encoder, load=nothing)
    if isinstance(signal, SignalError):
        columns = {"label": "VARCHAR", "vector": vector_type(None)}
        return replace(answer, fault=signal, columns=columns)
    load = partial(load_label_embeddings, reference=found, signal=signal, encoder=encoder)
    columns = {"label": "VARCHAR", "vector": vector_type(signal)}
    return replace(answer, name=signal.name, load=load, signals=(signal,), columns=columns)
