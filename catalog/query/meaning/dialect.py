"""The catalog's dialect for sqlglot: DuckDB's, without changes of meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError

WITH_OWN_GRAMMAR = frozenset(
    ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING", "OVERLAY")
)

UNREADABLE = (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, KeyError)
"""The exceptions that sqlglot raises at a text that it cannot read, print or qualify."""

EXTENT = "extent"
"""The key of a node's offsets in its text, ``(start, end)``, among its ``meta``."""
WITH_EXTENT = (
    "bitwise",
    "conjunction",
    "disjunction",
    "equality",
    "join",
    "table",
    "unary",
)


class Faithful(DuckDB):  # type: ignore[misc]
    """DuckDB's dialect in which every function keeps its name, and JSON keys stay keys.

    The stock dialect rewrites ``->> 'a.b'`` into a path, and functions into the names that it
    prefers.
    """

    def to_json_path(self, path: Any) -> Any:
        """Return a path unchanged: in DuckDB a text without ``$`` or ``/`` in front is a key."""
        return path

    class Parser(DuckDB.parser_class):  # type: ignore[misc]
        """Functions by the names that they were written with."""

        FUNCTIONS: ClassVar[Any] = {}
        FUNCTION_PARSERS: ClassVar[Any] = {
            name: parse
            for name, parse in DuckDB.parser_class.FUNCTION_PARSERS.items()
            if name in WITH_OWN_GRAMMAR
        }

    class Generator(DuckDB.generator_class):  # type: ignore[misc]
        """The operators as DuckDB reads them."""

        MULTI_ARG_DISTINCT = True

        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **DuckDB.generator_class.TRANSFORMS,
            exp.CurrentDate: lambda self, node: "current_date",
            exp.Interval: lambda self, node: self.sql(_interval(node)),
            exp.Pow: lambda self, node: self.binary(node, "**"),
            exp.JSONExtract: lambda self, node: self.binary(node, "->"),
            exp.JSONExtractScalar: lambda self, node: self.binary(node, "->>"),
        }


def _with_extent(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of the parser that notes where the node that it reads stands."""

    def parse_with_extent(self: Any, *args: Any, **options: Any) -> Any:
        first = self._curr
        node = parse(self, *args, **options)
        if first and self._prev and isinstance(node, exp.Expression):
            node.meta.setdefault(EXTENT, (first.start, self._prev.end + 1))
        return node

    return parse_with_extent


for _name in WITH_EXTENT:
    _method = f"_parse_{_name}"
    setattr(Faithful.Parser, _method, _with_extent(getattr(Faithful.Parser, _method)))


def _interval(node: exp.Interval) -> exp.Expression:
    """Return an interval with its number as a number, which sqlglot reads as a text."""
    number, unit = node.this, node.args.get("unit")
    is_number = unit is not None and isinstance(number, exp.Literal) and number.name.isdigit()
    value = number.name if is_number else Faithful().generator().sql(number)
    return exp.Var(this=f"INTERVAL {value}" + (f" {unit.name}" if unit is not None else ""))


def printed(tree: exp.Expression, *, pretty: bool = False) -> str:
    """Return a tree as DuckDB SQL, without comments."""
    return str(tree.sql(Faithful, normalize_functions=False, comments=False, pretty=pretty))
