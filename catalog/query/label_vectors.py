"""``label_embeddings(...)``: a vector for each label that a pool's members have.

A pool has few labels beside its members, so they are embedded by the query that asks, and kept by
what they are.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from catalog.errors import InterruptedQueryError, SignalError
from catalog.query.cache import cached
from catalog.signals.coverage import Coverage
from catalog.signals.resolve import command_for
from catalog.store.queries import query
from catalog.store.references import Reference

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.session import Session
    from catalog.store.database import Connection

DTYPE = "float32"  # few texts, so that nothing is saved by less
VERSION = 1  # of this computation; a change that changes values counts it up


def label_vectors(
    connection: Connection, reference: Reference, *, encoder: str
) -> Coverage | SignalError:
    """Return the identity of the vectors of a pool's labels, or why there are none; embed nothing.

    Args:
        connection: one to read with.
        reference: whose members' labels.
        encoder: a Hugging Face id or a local path.

    Raises:
        ModelNotFoundError: there is no such encoder here.
    """
    from catalog.models.encoder_identity import encoder_identity

    n_labelled, n_members = connection.sql(
        query("selection/n_labelled"), params=reference.parameters
    ).fetchall()[0]
    if not n_labelled:
        command = command_for("label_embedding", reference, encoder)
        problem = f"no member of {reference} has labels"
        return SignalError(f"{problem}: `{command}` imports them", command=command)
    identity = encoder_identity(encoder) | {"dtype": DTYPE, "version": VERSION}
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    name = str(identity["model"]).rsplit("/", 1)[-1]
    return Coverage(
        0,
        "label_embedding",
        name,
        digest,
        identity,
        None,
        None,
        None,
        n_labelled,
        n_members - n_labelled,
        n_members,
    )


def load_label_embeddings(
    session: Session,
    columns: frozenset[str] | None,
    *,
    reference: Reference,
    signal: Coverage,
    encoder: str,
) -> pa.Table:
    """Return one row for each distinct label in order: ``label`` and ``vector``.

    A vector is d numbers of float32; all of them take n x d x 4 bytes.

    Args:
        session: where to read the labels; it rests while they are embedded.
        columns: the names in the query; without ``vector`` among them nothing is embedded.
        reference: whose members' labels.
        signal: what identifies the vectors.
        encoder: a Hugging Face id or a local path.

    Raises:
        InterruptedQueryError: it was stopped meanwhile.
    """
    labels = session.connection.sql(
        query("selection/labels"), params=reference.parameters
    ).to_arrow_table()
    if columns is not None and "vector" not in columns:
        return labels
    session.release()  # a model computes, and keeps no writer waiting
    if not session.use_cache:
        return _embedded(session, labels, encoder)
    options = {"identity": signal.identity_sha256}
    return cached(
        session.store,
        "label_embeddings",
        {"labels": labels},
        options,
        lambda: _embedded(session, labels, encoder),
    )


def _embedded(session: Session, labels: pa.Table, encoder: str) -> pa.Table:
    import pyarrow as pa

    from catalog.models.encoder import load_encoder

    def tell(_n_texts: int, _n_tokens: int) -> None:
        if session.stopped.is_set():
            raise InterruptedQueryError("stopped while labels were embedded; nothing was kept")

    model = load_encoder(encoder, dtype=DTYPE)
    vectors: Any = model.encode(labels["label"].to_pylist(), progress=tell).vectors  # (n, d)
    return labels.append_column(
        "vector", pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    )
