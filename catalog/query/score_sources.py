"""The relations of scores: every score by column, or one."""

from __future__ import annotations

from functools import partial
from typing import Any

from catalog.errors import SignalError
from catalog.query.member_sources import union
from catalog.query.resolved import Resolved, nothing
from catalog.query.source_columns import MEMBER
from catalog.signals.coverage import Coverage, PinnedSignals, coverages, most_complete
from catalog.signals.resolve import missing_error, resolve_signal
from catalog.signals.score_definitions import WHOLE, derived_scores
from catalog.store.database import Connection
from catalog.store.quoting import quoted
from catalog.store.references import resolve


def scores(connection: Connection, ref: str, *, pins: PinnedSignals | None = None) -> Resolved:
    """Read every member with one column a score; NULL if a score has no value."""
    found = resolve(connection, ref)
    candidates = coverages(connection, found, kind="score", pins=pins)
    by_name: dict[str, list[Coverage]] = {}
    for coverage in pins.offered(candidates) if pins else candidates:
        by_name.setdefault(coverage.name, []).append(coverage)
    chosen = tuple(most_complete(by_name[name]) for name in sorted(by_name))
    columns = "".join(
        f", CAST(max(value) FILTER (WHERE signal_id = {score.signal_id}) AS {_number(score)}) "
        f"AS {quoted(score.name)}"
        for score in chosen
    )
    ids = ", ".join(str(score.signal_id) for score in chosen) or "NULL"
    names = "".join(f", {quoted(score.name)}" for score in chosen)
    sql = (
        f"(SELECT instruction_id, fingerprint{names} "
        f"FROM members_of('{found.kind}', {found.id}, {found.version}) "
        "JOIN instructions USING (instruction_id) "
        f"LEFT JOIN (SELECT instruction_id{columns} FROM scores WHERE signal_id IN ({ids}) "
        "GROUP BY instruction_id) USING (instruction_id))"
    )
    return Resolved(found, sql=sql, signals=chosen)


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
        return union([score(connection, each, **asked) for each in ref.split(",")])
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
        columns = MEMBER | {"value": _number(None, name), "reason": "VARCHAR"}
        return Resolved(found, kind="score", name=name, load=nothing, fault=chosen, columns=columns)
    sql = f"score_at('{found.kind}', {found.id}, {found.version}, {chosen.signal_id})"
    if _number(chosen) != "DOUBLE":
        sql = f"(SELECT * REPLACE (CAST(value AS {_number(chosen)}) AS value) FROM {sql})"
    return Resolved(
        found, sql, "score", name, signals=(chosen,), fault=missing_error(found, chosen)
    )


def _number(signal: Coverage | None, name: str = "") -> str:
    """Return the type of a score's values; of an imported score it is DOUBLE."""
    if signal and signal.is_external:
        return "DOUBLE"
    return "BIGINT" if (signal.name if signal else name) in WHOLE else "DOUBLE"
