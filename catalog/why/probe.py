"""Small queries about one row, over a query of the plan, and the words of that query."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from catalog.query.clauses import with_values
from catalog.query.executor import Execution
from catalog.query.meaning.dialect import EXTENT, printed
from catalog.query.meaning.selects import (
    around,
    asked,
    filtered,
    first,
    is_equal,
    name,
    rows_of,
    with_visible_ctes,
)
from catalog.query.source_text import SourceText
from catalog.query.tokens import one_line
from catalog.store.queries import query
from catalog.why.answers import answer_of
from catalog.why.failures import literal

if TYPE_CHECKING:
    import pyarrow as pa

ONE = exp.Literal.number(1)


class Probe:
    """Questions about a query of the plan, answered by DuckDB under the limits of the run."""

    def __init__(self, execution: Execution, text: SourceText) -> None:
        self.execution = execution
        self.text = text

    @cached_property
    def aggregates(self) -> frozenset[str]:
        """Return the names of DuckDB's aggregate functions."""
        rows = self.execution.session.connection.sql(query("scores/aggregates")).fetchall()
        return frozenset(name for (name,) in rows)

    def rows(self, asked_: exp.Query, place: exp.Expression) -> list[dict[str, Any]] | None:
        """Return the answer of a query that sees the CTEs of a place; None if it cannot run.

        Raises:
            InterruptedQueryError: a limit of the run is reached.
        """
        answer = self._answer(asked_, place)
        if answer is None:
            return None
        return list(answer.to_pylist())

    def columns(self, query: exp.Query, place: exp.Expression) -> list[str]:
        """Return the names of a query's columns in order; none if it cannot run alone."""
        empty = around(query.copy(), [exp.Star()]).limit(0, copy=False)
        answer = self._answer(empty, place)
        if answer is None:
            return []
        return list(answer.column_names)

    def has(self, query: exp.Select, key: exp.Expression, value: Any, place: Any) -> bool | None:
        """Return whether a new query over some rows has one of that key; None if it cannot run."""
        rows = self.rows(first(filtered(query, is_equal(key, value))), place)
        if rows is None:
            return None
        return bool(rows)

    def returns(self, query: exp.Query, column: str, value: Any, place: Any) -> bool | None:
        """Return whether a query's answer has a row of that key; None if it cannot run."""
        return self.has(
            around(query.copy(), asked([ONE])), exp.Column(this=name(column)), value, place
        )

    def reaches(
        self, select: exp.Select, key: exp.Expression, value: Any, *, n_joins: int | None = None
    ) -> bool | None:
        """Return whether FROM and the first JOINs of a SELECT give a row of that key."""
        return self.has(rows_of(select, [ONE], n_joins=n_joins), key, value, select)

    def shown(self, node: Any) -> str:
        """Return a part of the query in the user's words, with the values of parameters."""
        extent = node.meta.get(EXTENT)
        if extent is None:
            sql = printed(node)
        else:
            sql = self.text.source[self.text.origin(extent[0]) : self._end(extent[1])]
        return with_values(one_line(sql), self._parameters())

    def location(self, node: Any) -> str:
        """Return ``file:line:column`` of a part of the query; "" if it has none."""
        extents = [each.meta[EXTENT] for each in node.walk() if EXTENT in each.meta]
        first = node.meta.get(EXTENT) or min(extents, default=None)
        if first is None:
            return ""
        return self.text.location(first[0])

    def is_added(self, node: Any) -> bool:
        """Return whether the planner wrote a part of the query."""
        extent = node.meta.get(EXTENT)
        return extent is not None and self.text.is_added(extent[0])

    def named(self, relation: Any) -> str:
        """Return a relation of FROM in the user's words."""
        return str(relation.alias) or self.shown(relation)

    def _answer(self, asked_: exp.Query, place: exp.Expression) -> pa.Table | None:
        sql = printed(with_visible_ctes(asked_, place))
        return answer_of(self.execution, self.text.empty() + sql)

    def _end(self, offset: int) -> int:
        """Return where a part of the query ends in the user's text."""
        if not self.text.is_added(offset - 1):
            return self.text.origin(offset - 1) + 1
        position = 0
        for fragment in self.text.fragments:
            if fragment.start is not None and position >= offset:
                return fragment.start
            position += len(fragment.text)
        return len(self.text.source)

    def _parameters(self) -> Mapping[str, Any]:
        parameters = self.execution.planned.parameters
        return {key: literal(value) for key, value in parameters.items()}
