"""Relation ``trajectories(...)``: the losses of every member in training."""

from __future__ import annotations

from functools import partial
from typing import Literal

from catalog.errors import SignalError
from catalog.query.resolved import Resolved, nothing
from catalog.query.source_columns import MEMBER
from catalog.query.sources._decorator import source
from catalog.signals.coverage import PinnedSignals, coverages
from catalog.signals.resolve import missing_error, resolve_signal
from catalog.store.database import Connection
from catalog.store.references import resolve


@source(
    order=70,
    example="SELECT losses[1] - losses[-1] FROM trajectories('alpaca', proxy => 'tiny')",
    columns=MEMBER | {"losses": "FLOAT[]"},
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
