"""Queries in another dialect of SQL, as DuckDB's."""

from __future__ import annotations

from sqlglot import Dialect, exp, parse
from sqlglot.errors import ParseError, SqlglotError, TokenError

from catalog.errors import OptionError, QueryError
from catalog.query.kernels import Kernels, Names
from catalog.query.meaning.adapted import adapt
from catalog.query.meaning.counterparts import missing_counterpart, printed_strictly
from catalog.query.source_text import SourceText
from catalog.query.sources import SOURCES
from catalog.store.queries import macros_by_name


def dialects() -> list[str]:
    """Return the names of the dialects that can be read, in alphabetical order.

    >>> "postgres" in dialects()
    True
    """
    return sorted(name for name in Dialect.classes if name and name not in ("duckdb", "faithful"))


def as_duckdb(
    text: str, dialect: str, *, name: str = "query", kernels: Kernels | None = None
) -> str:
    """Translate one query into DuckDB's dialect.

    Args:
        text: one SELECT in the other dialect.
        dialect: its name; see `dialects`.
        name: of the text in messages.
        kernels: those that the text can call; by default this package's and other packages'.

    Raises:
        OptionError: there is no such dialect.
        QueryError: the text is not one query of that dialect, or a part of it has no counterpart in
            DuckDB; the message has ``file:line:column``.

    >>> as_duckdb("SELECT TOP 2 [prompt] FROM t", "tsql")
    'SELECT "prompt" FROM t LIMIT 2'
    """
    if dialect not in dialects():
        raise OptionError(f"unknown dialect {dialect!r}: choose from {', '.join(dialects())}")
    try:
        trees = [tree for tree in parse(text, dialect=dialect) if tree is not None]
    except ParseError as error:
        raise QueryError(_located(error, name=name, dialect=dialect)) from None
    except (TokenError, SqlglotError, RecursionError) as error:
        message = str(error).splitlines()[0]
        raise QueryError(f"{name}: not {dialect} SQL: {message}") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise QueryError(f"{name}: expected one SELECT in {dialect}, got {_what(trees)}")
    tree = adapt(trees[0], dialect)
    missing = missing_counterpart(tree, dialect, _own_functions(kernels or Kernels()))
    if missing is None:
        return printed_strictly(tree)
    place, reason = missing
    raise QueryError(
        f"cannot be translated from {dialect}: {reason}",
        location=SourceText.of(text, name=name).location(place),
    )


def _own_functions(kernels: Kernels) -> Names:
    return Names({*SOURCES, *macros_by_name()}, kernels)


def _located(error: ParseError, *, name: str, dialect: str) -> str:
    first = error.errors[0] if error.errors else {}
    line, column = first.get("line", 1), first.get("col", 1)
    description = str(first.get("description", "cannot be read")).partition(" but got <")[0]
    if description.startswith("Required keyword"):  # the rest names a class of the parser
        description = "an expression is missing"
    return f"{name}:{line}:{column}: not {dialect} SQL: {description.rstrip('.')}"


def _what(trees: list[exp.Expression]) -> str:
    if len(trees) > 1:
        return f"{len(trees)} statements"
    return type(trees[0]).__name__.upper() if trees else "nothing"
