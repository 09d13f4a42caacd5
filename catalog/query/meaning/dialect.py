"""The catalog's dialect for sqlglot: DuckDB's, without changes of meaning."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

WITH_OWN_GRAMMAR = frozenset(
    ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING", "OVERLAY")
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

        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **DuckDB.generator_class.TRANSFORMS,
            exp.Pow: lambda self, node: self.binary(node, "**"),
            exp.JSONExtract: lambda self, node: self.binary(node, "->"),
            exp.JSONExtractScalar: lambda self, node: self.binary(node, "->>"),
        }


def printed(tree: exp.Expression, *, pretty: bool = False) -> str:
    """Return a tree as DuckDB SQL, without comments."""
    return str(tree.sql(Faithful, normalize_functions=False, comments=False, pretty=pretty))
