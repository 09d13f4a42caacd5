"""What decides an answer besides the data: versions of kernels and texts of macros.

A kernel of this package counts by its hand-counted version. Somebody else's counts by that, by its
package's version and by its code. The hash of a kernel's source is recorded beside, as a possible
cause of another answer.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from typing import Any

from catalog.errors import QueryError
from catalog.kernels import Kernel
from catalog.query.tokens import canonical, tokens
from catalog.store.queries import macros_by_name

PACKAGE = "catalog"
_SAME_ANSWERS = re.compile(r"^-- same answers as: ([0-9a-f]{64})$", re.MULTILINE)


def kernel_identity(kernel: Kernel) -> int | dict[str, Any]:
    """Return what a definition's hash holds of a kernel.

    Raises:
        QueryError: the source of another package's kernel cannot be found.
    """
    origin = kernel.origin
    if origin is None:
        return kernel.version
    if origin.sha256:
        return {"version": kernel.version, "sha256": origin.sha256}
    return {
        "version": kernel.version,
        "package": origin.package,
        "package_version": origin.version,
        "sha256": _sha256(kernel.function, (_top(kernel.function.__module__),)),
    }


def kernel_sha256(kernel: Kernel) -> str:
    """Return the hash of a kernel's source and of every module of its package that it imports.

    Raises:
        QueryError: its source cannot be found.
    """
    return _sha256(kernel.function, _packages(kernel.function))


def kernel_sources(kernel: Kernel) -> dict[str, str]:
    """Return the modules that a kernel computes with, and their texts.

    Those are its own, and what they import of this package and of the kernel's own, at any depth.

    Raises:
        QueryError: its source cannot be found.
    """
    return _sources(kernel.function, _packages(kernel.function))


def macro_sha256(*texts: str) -> dict[str, str]:
    """Return the macros that SQL texts name, at any depth, each with the hash of its text.

    >>> sorted(macro_sha256("SELECT uniform_hash(f, 1)", "SELECT 2"))
    ['uniform_hash']
    """
    known = macros_by_name()
    hashes: dict[str, str] = {}
    todo = list(texts)
    while todo:
        for name in _words(todo.pop()) & known.keys() - hashes.keys():
            hashes[name] = _macro_identity(known[name])
            todo.append(known[name])
    return hashes


def text_sha256(sql: str) -> str:
    """Return the hash of a SQL text; comments, white space and the case of words do not count.

    >>> text_sha256("SELECT 1") == text_sha256("-- one\\nselect  1")
    True
    """
    return hashlib.sha256(canonical(sql).encode()).hexdigest()


def _macro_identity(text: str) -> str:
    """Return the hash of a macro's text, or of the earlier text whose answers it gives.

    Its header names that hash where tables changed behind the macro and its answers did not.
    """
    earlier = _SAME_ANSWERS.search(text)
    return earlier[1] if earlier else text_sha256(text)


def _words(text: str) -> set[str]:
    return {token.name for token in tokens(text) if token.kind in ("word", "quoted")}


def _packages(function: Callable[..., Any]) -> tuple[str, ...]:
    return (PACKAGE, _top(function.__module__))


def _top(module: str) -> str:
    return module.partition(".")[0]


@cache
def _sha256(function: Callable[..., Any], packages: tuple[str, ...]) -> str:
    texts = _sources(function, packages)
    content = b"\0".join(texts[module].encode() for module in sorted(texts))
    return hashlib.sha256(content).hexdigest()


def _sources(function: Callable[..., Any], packages: tuple[str, ...]) -> dict[str, str]:
    texts: dict[str, str] = {}
    todo = [function.__module__]
    while todo:
        module = todo.pop()
        if module in texts or module == PACKAGE or _top(module) not in packages:
            continue  # `catalog` itself imports everything, and no kernel computes with it
        todo.append(module.rpartition(".")[0])  # whose `__init__` runs before
        spec = _spec(module)
        text = _text(module, spec)
        if spec is not None and text is not None:
            texts[module] = text
            todo += _imported(text, spec)
    if function.__module__ not in texts:
        raise QueryError(
            f"the source of the kernel {function.__name__} cannot be found: "
            f"expected the module {function.__module__} as Python text"
        )
    return texts


def _spec(module: str) -> ModuleSpec | None:
    """Return how a module is found; None for a name that is an attribute of one."""
    if module in sys.modules:
        return sys.modules[module].__spec__
    with suppress(ImportError):
        return importlib.util.find_spec(module)
    return None


def _text(module: str, spec: ModuleSpec | None) -> str | None:
    loader = spec.loader if spec else None
    if not isinstance(loader, InspectLoader):
        return None
    with suppress(ImportError, OSError):
        return loader.get_source(module)
    return None


def _imported(text: str, spec: ModuleSpec) -> Iterator[str]:
    """Yield every name that a module's text imports: modules, and what may be one.

    >>> spec = ModuleSpec("catalog.kernels.mine", None)
    >>> sorted({*_imported("from catalog.kernels import (a)\\nfrom . import b", spec)})
    ['catalog.kernels', 'catalog.kernels.a', 'catalog.kernels.b']
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(relative, spec.parent)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
