"""Kinds of signals: one file for each, from which commands, messages and options derive.

Every module of this folder holds one `SignalKind` as ``KIND``, and the options of its computation.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from catalog.signals.signal_kind import SignalKind

_MODULES = pkgutil.iter_modules(__path__, f"{__name__}.")

KINDS: Mapping[str, SignalKind] = {
    kind.name: kind for kind in (import_module(module.name).KIND for module in _MODULES)
}
"""Every kind by its name."""
