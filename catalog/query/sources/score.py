"""Relation ``score(...)``: one score of every member."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from catalog.errors import SignalError
from catalog.query.resolved import Resolved, nothing
from catalog.query.source_columns import MEMBER
from catalog.query.sources._decorator import source
from catalog.signals.coverage import Coverage, PinnedSignals, coverages
from catalog.signals.resolve import missing_error, resolve_signal
from catalog.signals.score_definitions import WHOLE, derived_scores
from catalog.store.database import Connection
from catalog.store.references import resolve


@source(
    order=40,
    example="SELECT * FROM score('alpaca', name => 'ifd') WHERE value IS NULL",
    sql="score_at('pool', 0, 1, 0)",
)
def score(
    connection: Connection,
    ref: str,
    *,
    name: str,
    identity: str | None = None,
    pins: PinnedSignals | None = None,
) -> Resolved:
    """Read every member with one score as ``value``, and its ``reason`` if the value is NULL.

    A computed score that counts is a BIGINT, every other a DOUBLE. Several references with commas
    are read as one, each member once.
    """
    if "," in ref:
        asked: dict[str, Any] = {"name": name, "identity": identity, "pins": pins}
        return _union([score(connection, each, **asked) for each in ref.split(",")])
    found = resolve(connection, ref)
    candidates = coverages(connection, found, kind="score", pins=pins)
    chosen = resolve_signal(
        found,
        [each for each in candidates if each.identity_sha256.startswith(identity or "")],
        kind="score",
        name=name,
        pins=pins,
        scores=partial(derived_scores, connection),
    )
    if isinstance(chosen, SignalError):
        columns = MEMBER | {"value": number_type(None, name), "reason": "VARCHAR"}
        return Resolved(found, kind="score", name=name, load=nothing, fault=chosen, columns=columns)
    sql = f"score_at('{found.kind}', {found.id}, {found.version}, {chosen.signal_id})"
    if number_type(chosen) != "DOUBLE":
        sql = f"(SELECT * REPLACE (CAST(value AS {number_type(chosen)}) AS value) FROM {sql})"
    return Resolved(
        found, sql, "score", name, signals=(chosen,), fault=missing_error(found, chosen)
    )


def number_type(signal: Coverage | None, name: str = "") -> str:
    """Return the type of a score's values; of an imported score it is DOUBLE."""
    if signal and signal.is_external:
        return "DOUBLE"
    return "BIGINT" if (signal.name if signal else name) in WHOLE else "DOUBLE"


def _union(parts: list[Resolved]) -> Resolved:
    """Return sources of equal columns as one, each row once; the first fault of any."""
    fault = next((each.fault for each in parts if each.fault), None)
    unread = next((each for each in parts if each.sql is None), None)
    sql = " UNION ".join(f"(FROM {each.sql})" for each in parts)
    more = tuple((each.reference, "") for each in parts[1:])
    return replace(unread or replace(parts[0], sql=f"({sql})"), more=more, fault=fault)
