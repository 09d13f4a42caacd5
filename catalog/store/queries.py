"""Load the catalog's own SQL: named statements, one file for each table or task."""

from __future__ import annotations

import re
from functools import cache

from catalog.store.paths import package_data_dir

_NAME = re.compile(r"^-- name: (\w+)\n", flags=re.MULTILINE)


def query(name: str) -> str:
    """Return one statement of ``sql/queries/``.

    Args:
        name: ``FILE/NAME``: the block below ``-- name: NAME`` in ``sql/queries/FILE.sql``.

    Raises:
        KeyError: there is no such block.

    >>> query("pools/name").splitlines()[-1]
    'WHERE pool_id = $pool_id'
    """
    file, _, block = name.partition("/")
    return _blocks(file)[block]


@cache
def _blocks(file: str) -> dict[str, str]:
    path = package_data_dir("sql") / "queries" / f"{file}.sql"
    _, *parts = _NAME.split(path.read_text(encoding="utf-8"))
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


@cache
def macros() -> tuple[str, ...]:
    """Return every ``CREATE MACRO`` of ``sql/macros/``: scalars first, then tables."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in sorted((package_data_dir("sql") / "macros").glob("*.sql"))
    ]
    return tuple(sorted(texts, key=lambda text: "AS TABLE" in text))


@cache
def macros_by_name() -> dict[str, str]:
    """Return every ``CREATE MACRO`` by the macro's name, in the order of `macros`."""
    return {re.findall(r"MACRO (\w+)", text)[0]: text for text in macros()}
