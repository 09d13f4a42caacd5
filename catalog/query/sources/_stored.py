"""Relations of signals that the vector store holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from catalog.errors import SignalError
from catalog.query.resolved import Resolved, nothing
from catalog.query.source_columns import vector_columns
from catalog.signals.coverage import PinnedSignals, coverages, preferred
from catalog.signals.kind_options import Kind
from catalog.signals.resolve import missing_error, resolve_signal
from catalog.store.database import Connection
from catalog.store.references import resolve


def stored(
    connection: Connection,
    ref: str,
    *,
    kind: Kind,
    load: Callable[..., Any],
    pins: PinnedSignals | None,
    name: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, str | None] | None = None,
    first: Sequence[Mapping[str, str]] = (),
) -> Resolved:
    """Return the source of a signal in the vector store.

    Args:
        connection: one to read with.
        ref: whose members.
        kind: of the signal.
        load: reads the rows, as `catalog.query.stored_vectors.load_embeddings` does.
        pins: the signals that a stored selection reads.
        name: of the signal; None if the members have one alone.
        columns: of the rows, with their DuckDB types; None for one vector a row.
        where: settings that its identity must have, unless they are None.
        first: settings of the preferred signals, among those of one name; the first ones that a
            signal has decide.
    """
    found = resolve(connection, ref)
    candidates = [
        coverage
        for coverage in coverages(connection, found, kind=kind, pins=pins)
        if all(
            value is None or coverage.identity.get(key) == value
            for key, value in (where or {}).items()
        )
    ]
    candidates = (pins.kept(candidates) if pins else candidates) or candidates
    for wanted in first:
        candidates = preferred(candidates, wanted)
    chosen = resolve_signal(found, candidates, kind=kind, name=name, pins=pins)
    if isinstance(chosen, SignalError):
        columns = columns or vector_columns(None)
        return Resolved(found, kind=kind, name=name, load=nothing, fault=chosen, columns=columns)
    return Resolved(
        found,
        kind=kind,
        name=name,
        load=partial(load, reference=found, signal=chosen),
        signals=(chosen,),
        fault=missing_error(found, chosen),
        columns=columns or vector_columns(chosen),
    )
