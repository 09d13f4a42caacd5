"""What decides an answer besides the data: the code of the kernels and macros that it was computed with."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from catalog.query.tokens import tokens
from catalog.store.queries import macros

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def code(name: str) -> str:
    """The hash of a table function's source and of all that it computes with."""
    found = sources(name)
    return hashlib.sha256(b"\0".join(found[module] for module in sorted(found))).hexdigest()


def sources(name: str) -> dict[str, bytes]:
    """The modules that a table function computes with, its own and those that it imports of the package, and their texts."""
    seen: dict[str, bytes] = {}
    todo = [f"catalog.kernels.{name}"]
    while todo:
        module = todo.pop()
        path = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
        if module not in seen and path.exists():
            seen[module] = path.read_bytes()
            todo += re.findall(
                r"\bcatalog\.(?:kernels(?:\._common)?\.\w+|arrow)\b", seen[module].decode()
            )
    return seen


def macro_code(*texts: str) -> dict[str, str]:
    """The macros that SQL texts name, and those that these name in turn, each with the hash of its text.

    >>> sorted(macro_code("SELECT draw(f, 1)", "SELECT 2"))
    ['draw']
    """
    known = {re.findall(r"MACRO (\w+)", text)[0]: text for text in macros()}
    found: dict[str, str] = {}
    todo = list(texts)
    while todo:
        for name in {
            token.name for token in tokens(todo.pop()) if token.kind in ("word", "quoted")
        } & known.keys() - found.keys():
            found[name] = hashlib.sha256(known[name].encode()).hexdigest()
            todo.append(known[name])
    return found
