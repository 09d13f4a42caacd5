"""A query in a uniform layout, for reading; the text that runs and is stored stays as it is."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from sqlglot import exp, parse_one

from catalog.query.meaning.dialect import UNREADABLE, Faithful
from catalog.query.parse import PLACES, statements, without

HEADER = re.compile(r"\A(?:\s*--[^\n]*\n|\s*\n)*")
INDENT = 4


class Laid(Faithful):
    """The catalog's dialect, printed so that DuckDB reads the very same tree."""

    class Generator(Faithful.Generator):
        """`IS NOT NULL` as DuckDB reads it."""

        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **Faithful.Generator.TRANSFORMS,
            exp.Not: lambda self, node: _negated(self, node),
        }


def formatted(connection: Any, text: str) -> str:
    """Return a query in a uniform layout, its comments kept.

    The header of comments stays as it is. A text is returned as it was written if DuckDB would
    read the new one otherwise, or if a comment would be lost.

    Args:
        connection: any DuckDB connection; it parses, and runs nothing.
        text: one SELECT, or anything else.
    """
    match = HEADER.match(text)
    header = match[0] if match else ""
    body = text[len(header) :]
    try:
        tree = parse_one(body, dialect=Laid)
        options: dict[str, Any] = {"normalize_functions": False, "indent": INDENT, "pad": INDENT}
        laid = str(tree.sql(Laid, pretty=True, **options))
    except UNREADABLE:
        return text
    is_whole = _n_comments(laid) == _n_comments(body)
    meant = _tree(connection, body)
    if not is_whole or meant is None or _tree(connection, laid) != meant:
        return text
    return f"{header}{laid}\n"


def formatted_alone(text: str) -> str:
    """Return `formatted` without a catalog: DuckDB parses in memory."""
    from catalog.store.instance import in_memory

    with in_memory() as connection:
        return formatted(connection, text)


def _n_comments(text: str) -> int:
    """Return how many times a comment may begin; a text in quotes may count as one."""
    return text.count("--") + text.count("/*")


def _negated(generator: Any, node: exp.Not) -> str:
    inner = node.this
    if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
        return f"{generator.sql(inner, 'this')} IS NOT NULL"
    return str(generator.not_sql(node))


def _tree(connection: Any, text: str) -> Any:
    """Return DuckDB's tree of a text without positions; None if it is not a SELECT."""
    try:
        return without(statements(connection, text), PLACES)
    except RecursionError:
        return None
