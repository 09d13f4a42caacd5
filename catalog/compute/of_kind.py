"""Computation of a signal by the name of its kind."""

from __future__ import annotations

import os
from typing import Any

from catalog.compute.shard_runner import ComputeReport
from catalog.engine import Engine
from catalog.errors import OptionError
from catalog.messages import argument
from catalog.signals.kinds import KINDS
from catalog.store.references import Reference
from catalog.store.store import Store


def compute_kind(
    store: Store, reference: Reference, *, kind: str, engine: Engine, **options: Any
) -> ComputeReport:
    """Compute signals of a kind for the members that lack them.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        kind: the name of a kind that has a computation; see `catalog.signals.kinds`.
        engine: where shards are computed.
        options: the inputs and options of the kind, ``limit`` and ``progress``.

    Raises:
        OptionError: there is no such kind, or its signals have a method of their own.
    """
    names = [name for name, known in KINDS.items() if known.computation]
    computation = KINDS[kind].computation if kind in names else None
    if computation is None:
        problem = f"{argument('kind')}: expected {' or '.join(names)}, got {kind!r}"
        command = KINDS[kind].command if kind in KINDS else None
        raise OptionError(problem, next_step=f"call {command.method}(...)" if command else "")
    texts = {
        name: os.fspath(value) if isinstance(value, os.PathLike) else value
        for name, value in options.items()
    }
    report: ComputeReport = computation.load()(store, reference, engine=engine, **texts)
    return report
