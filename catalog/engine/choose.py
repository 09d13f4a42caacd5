"""Choosing an engine by its name."""

from __future__ import annotations

import os

from catalog.engine import Engine
from catalog.engine.local import Local
from catalog.errors import OptionError
from catalog.messages import argument

VARIABLE = "CATALOG_ENGINE"
NAMES = ("local", "ray")


def engine_of(
    engine: Engine | str | None, *, workers: int | None = None, gpus_per_worker: float = 0.0
) -> Engine:
    """Return an engine, which is given as it is or by its name.

    Args:
        engine: an engine, ``local`` or ``ray``; None is what ``CATALOG_ENGINE`` says, else local.
        workers: of ray, how many compute at once; None uses the whole cluster.
        gpus_per_worker: of ray, the GPUs that each worker has for itself.

    Raises:
        OptionError: there is no such engine, it is not installed, or has no such option.
    """
    if not isinstance(engine, str | None):
        return engine
    name = engine or os.environ.get(VARIABLE) or "local"
    if name == "ray":
        from catalog.engine.ray import RayEngine

        return RayEngine(workers=workers, gpus_per_worker=gpus_per_worker)
    if name != "local":
        raise OptionError(f"{argument('engine')}: expected {' or '.join(NAMES)}, got {name!r}")
    if workers is not None or gpus_per_worker:
        raise OptionError(
            f"{argument('workers')} and {argument('gpus_per_worker')} are for "
            f"{argument('engine', 'ray')}: the engine local has one worker"
        )
    return Local()
