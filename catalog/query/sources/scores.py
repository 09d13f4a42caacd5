"""Relation ``scores(...)``: every score of every member, by column."""

from __future__ import annotations

from catalog.query.resolved import Resolved
from catalog.query.sources._decorator import source
from catalog.query.sources.score import number_type
from catalog.signals.coverage import Coverage, PinnedSignals, coverages, most_complete
from catalog.store.database import Connection
from catalog.store.quoting import quoted
from catalog.store.references import resolve


@source(
    order=50,
    example="SELECT * FROM scores('alpaca') ORDER BY ifd DESC LIMIT 10",
    sql="(SELECT instruction_id, fingerprint FROM instructions)",
)
def scores(connection: Connection, ref: str, *, pins: PinnedSignals | None = None) -> Resolved:
    """Read every member with one column a score; NULL if a score has no value."""
    found = resolve(connection, ref)
    candidates = coverages(connection, found, kind="score", pins=pins)
    by_name: dict[str, list[Coverage]] = {}
    for coverage in pins.offered(candidates) if pins else candidates:
        by_name.setdefault(coverage.name, []).append(coverage)
    chosen = tuple(most_complete(by_name[name]) for name in sorted(by_name))
    columns = "".join(
        f", CAST(max(value) FILTER (WHERE signal_id = {score.signal_id}) AS {number_type(score)}) "
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
