"""The relations that a query starts from: pools, subsets and signals, by reference.

Each function's signature is that in SQL, without the connection and the pinned signals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from catalog.errors import SignalError
from catalog.query.member_sources import pool, pools, subset
from catalog.query.resolved import Resolved, nothing
from catalog.query.score_sources import score, scores
from catalog.query.source_columns import MEMBER, stored_columns, vector_type
from catalog.signals.coverage import PinnedSignals, coverages, preferred
from catalog.signals.kind_options import ENCODER, Kind
from catalog.signals.resolve import missing_error, resolve_signal
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.quoting import literal
from catalog.store.references import resolve


def map(
    connection: Connection,
    ref: str,
    *,
    method: str | None = None,
    pins: PinnedSignals | None = None,
) -> Resolved:
    """Read one row for each member on the map: its place, ``x`` and ``y``."""
    from catalog.query.stored_vectors import load_map

    return _stored(connection, ref, kind="map", name=method, where={}, load=load_map, pins=pins)


def marks(connection: Connection, ref: str, *, pins: PinnedSignals | None = None) -> Resolved:
    """Read one row for each marked member: ``mark`` (good, bad, NULL), ``note``, ``marked_at``.

    A subset records the newest change that it read, and is made again from the marks up to it.
    """
    found = resolve(connection, ref)
    change = pins.marks.get(str(found)) if pins else None
    if change is None:
        rows = connection.sql(query("marks/newest"), params=found.parameters).fetchall()
        change = int(rows[0][0])
    sql = f"marks_at('{found.kind}', {found.id}, {found.version}, {change})"
    return Resolved(found, sql=sql, marks=change)


def labels(
    connection: Connection,
    ref: str,
    *,
    name: str | None = None,
    pins: PinnedSignals | None = None,
) -> Resolved:
    """Read every member with its own ``labels``, or those of a name: a taxonomy's or a judge's.

    A member without labels has an empty list.
    """
    found = resolve(connection, ref)
    if name is None:
        own = pool(connection, ref)
        columns = "instruction_id, fingerprint, coalesce(labels, []) AS labels"
        return replace(own, sql=f"(SELECT {columns} FROM {own.sql})")
    candidates = coverages(connection, found, kind="labels", pins=pins)
    chosen = resolve_signal(found, candidates, kind="labels", name=name, pins=pins)
    if isinstance(chosen, SignalError):
        columns_of = MEMBER | {"labels": "VARCHAR[]"}
        return Resolved(
            found, kind="labels", name=name, load=nothing, fault=chosen, columns=columns_of
        )
    sql = f"signal_labels_at('{found.kind}', {found.id}, {found.version}, {chosen.signal_id})"
    return Resolved(
        found, sql, "labels", name, signals=(chosen,), fault=missing_error(found, chosen)
    )


def trajectories(
    connection: Connection,
    ref: str,
    *,
    proxy: str | None = None,
    incomplete: Literal["refuse", "drop", "impute"] = "refuse",
    include_start: bool = False,
    pins: PinnedSignals | None = None,
) -> Resolved:
    """Read one row for each member with losses: ``losses FLOAT[]`` in the order of training."""
    from catalog.query.trajectories import load_trajectories, missing_start_error

    found = resolve(connection, ref)
    columns = MEMBER | {"losses": "FLOAT[]"}
    chosen = resolve_signal(
        found,
        coverages(connection, found, kind="losses", pins=pins),
        kind="losses",
        name=proxy,
        pins=pins,
    )
    if isinstance(chosen, SignalError):
        return Resolved(
            found, kind="losses", name=proxy, load=nothing, fault=chosen, columns=columns
        )
    load = partial(
        load_trajectories,
        reference=found,
        signal=chosen,
        incomplete=incomplete,
        include_start=include_start,
    )
    fault = missing_error(found, chosen) if incomplete == "refuse" else None
    if include_start and fault is None:
        fault = missing_start_error(connection, found, chosen)
    return Resolved(
        found, kind="losses", name=proxy, load=load, signals=(chosen,), fault=fault, columns=columns
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

    return _stored(
        connection,
        ref,
        kind="embedding",
        name=encoder,
        where={"field": field},
        load=load_embeddings,
        pins=pins,
        first={"field": prefer},
    )


def token_states(
    connection: Connection, ref: str, *, model: str | None = None, pins: PinnedSignals | None = None
) -> Resolved:
    """Read one row for each member with states: ``n_tokens``, and ``states`` for a kernel."""
    from catalog.query.stored_vectors import load_token_states

    return _stored(
        connection, ref, kind="states", name=model, where={}, load=load_token_states, pins=pins
    )


def gradients(
    connection: Connection,
    ref: str,
    *,
    model: str | None = None,
    target_of: str | None = None,
    pins: PinnedSignals | None = None,
) -> Resolved:
    """Read one row for each member with a gradient: ``vector FLOAT[d]``, of length one.

    With ``target_of`` the members are examples of a target: their plain gradients at the
    checkpoints of that pool's, which inner products compare with that pool's own.
    """
    from catalog.query.gradient_sources import gradient_source

    return gradient_source(connection, ref, model=model, target_of=target_of, pins=pins)


def matches(connection: Connection, ref: str, *, text: str) -> Resolved:
    """Read the members that hold a word of a text, ranked by BM25: ``score`` and ``rank`` (from 1).

    The macros `tokens_of` and `word_matches_at` hold the formula (Robertson & Zaragoza 2009), and a
    change of theirs changes the definitions that use it. Every member is read: no index is needed.
    """
    found = resolve(connection, ref)
    sql = f"word_matches_at('{found.kind}', {found.id}, {found.version}, {literal(text)})"
    return Resolved(found, sql=sql)


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


Source = Callable[..., Resolved]

SOURCES: dict[str, Source] = {
    function.__name__: function
    for function in (
        pool,
        pools,
        subset,
        score,
        scores,
        labels,
        trajectories,
        embeddings,
        map,
        marks,
        token_states,
        gradients,
        label_embeddings,
        text_embeddings,
        matches,
    )
}


def _stored(
    connection: Connection,
    ref: str,
    *,
    kind: Kind,
    name: str | None,
    where: dict[str, str | None],
    load: Callable[..., Any],
    pins: PinnedSignals | None,
    first: dict[str, str] | None = None,
) -> Resolved:
    found = resolve(connection, ref)
    candidates = [
        coverage
        for coverage in coverages(connection, found, kind=kind, pins=pins)
        if all(value is None or coverage.identity.get(key) == value for key, value in where.items())
    ]
    candidates = preferred(pins.kept(candidates) if pins else candidates, first or {}) or candidates
    chosen = resolve_signal(found, candidates, kind=kind, name=name, pins=pins)
    if isinstance(chosen, SignalError):
        columns = stored_columns(kind, None)
        return Resolved(found, kind=kind, name=name, load=nothing, fault=chosen, columns=columns)
    columns = stored_columns(kind, chosen)
    return Resolved(
        found,
        kind=kind,
        name=name,
        load=partial(load, reference=found, signal=chosen),
        signals=(chosen,),
        fault=missing_error(found, chosen),
        columns=columns,
    )
