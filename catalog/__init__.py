"""Database-backed catalog for supervised-fine-tuning data.

It holds pools of instructions, signals about them, selections as SQL, and versioned subsets.

>>> from catalog import Catalog
>>> Catalog.open("somewhere").store.path.name
'somewhere'
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

_STUB = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
_IMPORT = re.compile(r"^from (\S+) import (\(.*?\)|.*?)$", re.MULTILINE | re.DOTALL)
_MODULES = {
    name: module
    for module, names in _IMPORT.findall(_STUB)
    for name in re.findall(r"(\w+) as \w+", names)
}
"""The module of each public name; the names stand in ``__init__.pyi`` alone."""

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
