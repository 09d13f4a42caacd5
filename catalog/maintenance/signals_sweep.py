"""Empty signals: their records, and the models that were trained for them."""

from __future__ import annotations

import re
from pathlib import Path

from catalog.errors import LockedError
from catalog.store.database import Connection
from catalog.store.lock import locked
from catalog.store.queries import query
from catalog.store.store import Store

PROXY = re.compile(r".+-(\d{4,9})")  # a proxy's folder ends in the number of its signal
WARM_UP = "warm-up-"  # in the number of nobody; kept as long as any `tuned_loss` or gradients are


def dead_signals(connection: Connection) -> dict[int, str]:
    """Return the signals without any value left, by number, dependent ones first.

    Needs the table ``unreferenced``.
    """
    dead: dict[int, str] = {}
    while found := connection.sql(query("gc/dead_signals"), params={"dead": list(dead)}).fetchall():
        dead |= dict(found)
    return dead


def sweep_signals(
    store: Store,
) -> list[str]:
    """Remove the records of dead signals, and return which were removed.

    A signal that a job computes at this moment is left alone.

    Raises:
        LockedError: another process held the catalog all that time.
    """
    with store.reading() as connection:
        connection.execute(query("gc/unreferenced"))
        dead = dead_signals(connection)
    store.scratch.mkdir(parents=True, exist_ok=True)
    return [name for signal_id, name in dead.items() if _forget(store, signal_id)]


def _forget(
    store: Store,
    signal_id: int,
) -> bool:
    try:
        with (
            locked(store.scratch / f"signal-{signal_id}.lock", wait=0.0),
            store.writing() as connection,
        ):
            connection.execute(query("gc/unreferenced"))
            found = connection.sql(query("gc/dead_signals"), params={"dead": []}).fetchall()
            if signal_id not in dict(found):  # a job came between, or computes what is made of it
                return False
            for table in ("checkpoints", "shards", "signals"):
                connection.execute(query(f"gc/drop_{table}"), {"signal_id": signal_id})
            return True
    except LockedError:
        return False


def dead_models(
    connection: Connection, store: Store, *, dead: dict[int, str] | None = None
) -> list[Path]:
    """Return the folders of models whose signal is gone, or is among ``dead``."""
    if not store.models.is_dir():
        return []
    folders = sorted(
        folder for folder in store.models.iterdir() if folder.is_dir()
    )  # before the signals: a job records its own first
    signals = connection.sql(query("gc/signal_ids")).fetchall()
    known = {signal_id for signal_id, _ in signals} - set(dead or ())
    is_tuned = any(is_tuned and signal_id in known for signal_id, is_tuned in signals)
    return [folder for folder in folders if _is_dead(folder.name, known, is_tuned=is_tuned)]


def _is_dead(folder: str, known: set[int], *, is_tuned: bool) -> bool:
    if folder.startswith(WARM_UP):
        return not is_tuned
    match = PROXY.fullmatch(folder)
    return match is not None and int(match[1]) not in known
