"""Decorator that makes a function a source, and what a query cannot see from the function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from catalog.query.resolved import Resolved

Source = Callable[..., Resolved]
Function = TypeVar("Function", bound=Source)


@dataclass(frozen=True)
class DeclaredSource:
    """Source, and what checks and descriptions need beside its function.

    Attributes:
        function: resolves a reference.
        example: of a query.
        stand_in: the attributes of `Resolved` of a relation with its columns and no rows.
        order: of the source in the reference.
    """

    function: Source
    example: str
    stand_in: Mapping[str, Any]
    order: int


DECLARED: dict[str, DeclaredSource] = {}
"""The sources declared so far, by name; `catalog.query.sources` imports all of them."""


def source(
    *,
    example: str,
    sql: str | None = None,
    columns: Mapping[str, str] | None = None,
    order: int = 1000,
) -> Callable[[Function], Function]:
    """Declare a function as the source of its name.

    Args:
        example: of a query with the source.
        sql: of a relation with its columns and no rows, if SQL reads the source.
        columns: with their DuckDB types, if SQL cannot read it.
        order: of the source in the reference; sources of equal order stand by name.
    """

    def declare(function: Function) -> Function:
        stand_in = {"sql": sql, "columns": columns}
        DECLARED[function.__name__] = DeclaredSource(function, example, stand_in, order)
        return function

    return declare
