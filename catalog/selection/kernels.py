"""The kernels: every file of `catalog.functions` that holds a function of its own name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any

import catalog.functions


@cache
def kernel_names() -> frozenset[str]:
    """The names of the table functions that compute."""
    return frozenset(module.name for module in pkgutil.iter_modules(catalog.functions.__path__)) - {"memory", "relation"}


@cache
def kernel(name: str) -> Callable[..., Any]:
    """One of them."""
    return getattr(importlib.import_module(f"catalog.functions.{name}"), name)  # type: ignore[no-any-return]
