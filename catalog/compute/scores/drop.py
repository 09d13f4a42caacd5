"""Removal of a score's values, imported or computed."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from catalog.errors import NotFoundError
from catalog.notebook import NotebookResult
from catalog.signals.kind_options import Kind
from catalog.signals.registry import Signal, list_named
from catalog.store.lock import locked
from catalog.store.queries import query
from catalog.store.references import nearest
from catalog.store.store import Store

VALUES = ("scores", "signal_labels", "signal_members", "signal_gaps")
KINDS: tuple[Kind, ...] = ("score", "labels")  # a judge gives either


@dataclass(frozen=True)
class DroppedScore(NotebookResult):
    """Removed score.

    Attributes:
        name: of the score.
        n_signals: how many signals of that name were removed, such as those of two models.
        subsets: the subsets that were made of them, as ``name@version``. They keep their members
            and definitions; `verify` reports the signal as gone.
    """

    name: str
    n_signals: int
    subsets: tuple[str, ...]


def drop_score(store: Store, name: str) -> DroppedScore:
    """Remove every stored signal of a score, or of labels of that name, with its values.

    Scores that were computed from it keep their values.

    Raises:
        NotFoundError: no score of that name is stored.
        LockedError: another process computes it, or holds the catalog.
    """
    with store.reading() as connection:
        every = [each for kind in KINDS for each in list_named(connection, kind=kind)]
    signals = [each for each in every if each.name == name]
    known = sorted({each.name for each in every})
    if not signals:
        raise NotFoundError(
            f"no stored score is named {name}{nearest(name, known)}: `catalog signals` lists them"
        )
    store.scratch.mkdir(parents=True, exist_ok=True)
    with ExitStack() as locks:
        for signal in signals:
            lock = store.scratch / f"signal-{signal.signal_id}.lock"
            locks.enter_context(locked(lock, wait=0.0))
        return DroppedScore(name, len(signals), _drop(store, signals))


def _drop(store: Store, signals: list[Signal]) -> tuple[str, ...]:
    subsets: set[str] = set()
    with store.writing() as connection:
        for signal in signals:
            identity = {"identity_sha256": signal.identity_sha256}
            rows = connection.sql(query("scores/subsets_of"), params=identity).fetchall()
            subsets |= {reference for (reference,) in rows}
            parameters = {"signal_id": signal.signal_id}
            for table in VALUES:
                connection.execute(query(f"scores/drop_{table}"), parameters)
            for table in ("shards", "signals"):
                connection.execute(query(f"gc/drop_{table}"), parameters)
    return tuple(sorted(subsets))
