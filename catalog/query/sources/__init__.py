"""The relations that a query starts from: pools, subsets and signals, by reference.

Every module of this folder without a leading underscore is a source: a function of the module's
name under `source`. The function's signature is that in SQL, without the connection and the pinned
signals.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from catalog.query.sources._decorator import DECLARED, DeclaredSource, Source, source

__all__ = ["DECLARED_SOURCES", "SOURCES", "DeclaredSource", "Source", "source"]


def _declared() -> dict[str, DeclaredSource]:
    """Import every source, and return all in the order of the reference."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        import_module(module.name)
    return dict(sorted(DECLARED.items(), key=lambda item: (item[1].order, item[0])))


DECLARED_SOURCES: Mapping[str, DeclaredSource] = _declared()
SOURCES: Mapping[str, Source] = {name: each.function for name, each in DECLARED_SOURCES.items()}
