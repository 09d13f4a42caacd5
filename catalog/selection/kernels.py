"""The kernels: every file of `catalog.functions` whose function of the same name takes a relation first."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import catalog.functions


@cache
def kernel_names() -> frozenset[str]:
    """The names of the table functions that compute, found without importing them.

    >>> "kmeans" in kernel_names(), "relation" in kernel_names()
    (True, False)
    """
    files = [file for folder in catalog.functions.__path__ for file in Path(folder).glob("*.py")]
    return frozenset(file.stem for file in files if _is_kernel(file))


@cache
def kernel(name: str) -> Callable[..., Any]:
    """One of them."""
    return getattr(importlib.import_module(f"catalog.functions.{name}"), name)  # type: ignore[no-any-return]


def _is_kernel(file: Path) -> bool:
    pattern = rf"^def {file.stem}\(\s*\w+: pa\.Table"
    return re.search(pattern, file.read_text(encoding="utf-8"), flags=re.MULTILINE) is not None
