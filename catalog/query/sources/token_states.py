"""Relation ``token_states(...)``: the hidden states of response tokens."""

from __future__ import annotations

from typing import Any

from catalog.query.resolved import Resolved
from catalog.query.source_columns import MEMBER, OPAQUE
from catalog.query.sources._decorator import source
from catalog.query.sources._stored import stored
from catalog.signals.coverage import PinnedSignals
from catalog.store.database import Connection

COLUMNS = MEMBER | {"n_tokens": "INTEGER", "states": OPAQUE}


@source(
    order=110,
    example="SELECT * FROM log_det((FROM token_states('alpaca')), budget => 100)",
    columns=COLUMNS,
)
def token_states(
    connection: Connection, ref: str, *, model: str | None = None, pins: PinnedSignals | None = None
) -> Resolved:
    """Read one row for each member with states: ``n_tokens``, and ``states`` for a kernel."""
    from catalog.query.stored_vectors import load_token_states

    options: dict[str, Any] = {"load": load_token_states, "columns": COLUMNS, "pins": pins}
    return stored(connection, ref, kind="states", name=model, **options)
