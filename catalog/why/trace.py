"""The first place where a row fails, found from the query's innermost relations to its answer.

A row is followed by a column that names it. In every SELECT, DuckDB says if FROM gives such a row,
and what the conditions and their parts are for it. What FROM does not give was lost in a join, or
further in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlglot import exp

from catalog.query.executor import Execution
from catalog.query.meaning.agreement import understood
from catalog.query.meaning.predicates import columns
from catalog.query.meaning.selects import alone, cte_of, joins, name, projection, relations
from catalog.query.source_text import SourceText
from catalog.why.failures import MEMBER_KEYS, Failure, Loss
from catalog.why.joins import lost_in_join
from catalog.why.probe import ONE, Probe
from catalog.why.set_operations import lost_in_operation
from catalog.why.stages import Stage, lost_in_clauses

DEEPEST = 60  # queries inside each other that a row is followed into
MOST = 20  # places that are listed

Kernels = Mapping[str, Callable[[Any], Loss | None]]
"""By the name of a kernel's answer: follow the row of an id or a fingerprint into the kernel."""


def losses(
    execution: Execution,
    text: SourceText,
    keys: Mapping[str, Any],
    kernels: Kernels,
    *,
    is_all: bool,
) -> list[Loss]:
    """Return where a query loses a row: the first place, or all in the order of evaluation.

    Args:
        execution: of the plan that the query is of.
        text: the query; it runs alone.
        keys: the columns that can name the row, with their values.
        kernels: those whose answers the query can read.
        is_all: whether the places after the first one count, as if the row had passed that one.

    Returns:
        the places; none if the text is not understood, or nothing in it explains the loss.
    """
    tree = understood(execution.session.connection, str(text))
    if tree is None:
        return []
    probe = Probe(execution, text)
    column = next((key for key in keys if _returns(probe, tree, key)), None)
    found: list[Loss] = []
    while column is not None and len(found) < MOST:
        loss = Trace(probe, kernels).query(tree, column, keys[column])
        if loss is None:
            break
        found.append(loss)
        if not is_all or loss.relax is None:
            break
        loss.relax()
    return found


class Trace:
    """The way of one row through the queries of a text."""

    def __init__(self, probe: Probe, kernels: Kernels) -> None:
        self.probe = probe
        self.kernels = kernels
        self.depth = 0

    def query(self, query: Any, column: str, value: Any) -> Loss | None:
        """Return where a query loses the rows that have a value in a column of its answer.

        The answer is None if the query returns them, or if they cannot be followed.
        """
        if self.depth >= DEEPEST or not isinstance(value, int | str):
            return None
        self.depth += 1
        inner = query.unnest() if isinstance(query, exp.Subquery) else query
        try:
            if isinstance(inner, exp.SetOperation):
                return lost_in_operation(self, inner, column, value)
            if isinstance(inner, exp.Select) and inner.args.get("from_"):
                return self._select(inner, column, value)
            return None
        finally:
            self.depth -= 1

    def inside(self, query: Any, value: Any) -> tuple[Failure, ...]:
        """Return why the query of an IN does not return a value."""
        names = self.probe.columns(query, query)
        loss = self.query(query, names[0], value) if len(names) == 1 else None
        if loss is not None:
            return (loss.failure,)
        return ()

    def _select(self, select: Any, column: str, value: Any) -> Loss | None:
        written = projection(select, column)
        if written is None:
            return None
        for key in _candidates(select, written):
            stage = Stage(self, select, written, key, column, value)
            is_there = stage.is_reached()
            if is_there:
                return lost_in_clauses(stage)
            if is_there is False:
                return self._from(select, key, value)
        return None

    def _from(self, select: Any, key: Any, value: Any) -> Loss | None:
        """Return where the relations of FROM lose a row: in one of them, or between them."""
        owner = self._owner(select, key)
        relation = relations(select)[owner]
        is_there = self.probe.has(alone(relation, [ONE]), key, value, select)
        if is_there is None:
            return None
        if not is_there:
            column = key.name if isinstance(key, exp.Column) else columns(key)[0].name
            return self.relation(relation, column, value)
        n_joins = len(joins(select))  # with all of them the row is lost
        for index in range(max(owner - 1, 0), n_joins):
            is_last = index == n_joins - 1
            if is_last or self.probe.reaches(select, key, value, n_joins=index + 1) is False:
                return lost_in_join(self, select, index, owner, key, value)
        return None

    def _owner(self, select: Any, key: Any) -> int:
        """Return which relation of FROM has the column that names the row."""
        found = relations(select)
        column = columns(key)[0]
        for index, relation in enumerate(found if len(found) > 1 else ()):
            if column.table:
                is_its = relation.alias_or_name.lower() == column.table.lower()
            else:
                names = self.probe.columns(_every(relation), select)
                is_its = column.name.lower() in map(str.lower, names)
            if is_its:
                return index
        return 0

    def relation(self, relation: Any, column: str, value: Any) -> Loss | None:
        """Return where a relation of FROM loses the rows that have a value in a column of it."""
        query = relation.this if isinstance(relation, exp.Subquery) else None
        if isinstance(query, exp.Table):
            return self._bracketed(relation, column, value)
        cte = cte_of(relation)
        if cte is not None:
            column = self._inner_name(relation, _star_of(relation), column)
            return self.query(cte.this, self._inner_name(cte, cte.this, column), value)
        if query is not None and not self._is_source(relation):
            return self.query(query, self._inner_name(relation, query, column), value)
        if isinstance(relation, exp.Table) and relation.name in self.kernels:
            return self.kernels[relation.name](value)
        return self._leaf(relation, column)

    def _leaf(self, relation: Any, column: str) -> Loss:
        shown, location = self.probe.shown(relation), self.probe.location(relation)
        missing = "it" if column.lower() in MEMBER_KEYS else f"such a {column}"
        detail = f"{shown} does not have {missing}"
        return Loss(Failure("source", "FROM", shown, location, detail=detail))

    def _is_source(self, relation: Any) -> bool:
        """Return whether the planner wrote a relation in place of a source's call."""
        tables = {table.name for table in relation.find_all(exp.Table)}
        return self.probe.is_added(relation) and not tables & self.kernels.keys()

    def _bracketed(self, relation: Any, column: str, value: Any) -> Loss | None:
        """Follow a row through joins in brackets, on a copy."""
        table = relation.this.copy()
        select = exp.select("*")
        select.set("joins", table.args.pop("joins", None))
        select.set("from_", exp.From(this=table))
        select.parent = relation
        loss = self.query(select, column, value)
        return loss and replace(loss, relax=None)

    def _inner_name(self, relation: Any, query: Any, column: str) -> str:
        """Return the column's name in a query that FROM gives other names."""
        names = [each.name.lower() for each in getattr(relation.args.get("alias"), "columns", ())]
        if column.lower() not in names:
            return column
        inner = self.probe.columns(query, query)
        index = names.index(column.lower())
        return inner[index] if index < len(inner) else column


def _returns(probe: Probe, tree: Any, column: str) -> bool:
    """Return whether a query has a column."""
    if isinstance(tree, exp.Select) and not tree.is_star:
        return column in (each.lower() for each in tree.named_selects)
    return column in (each.lower() for each in probe.columns(tree, tree))


def _star_of(table: Any) -> Any:
    """Return all columns of a table under their own names."""
    plain = table.copy()
    plain.set("alias", None)
    select = _every(plain)
    select.parent = table
    return select


def _every(relation: Any) -> Any:
    select = alone(relation, [])
    select.set("expressions", [exp.Star()])
    return select


def _candidates(select: Any, written: Any) -> list[Any]:
    """Return expressions over the rows of FROM that may name the row, the written one first."""
    found = [written]
    if not isinstance(written, exp.Column):
        inner = columns(written)
        found += [each for each in inner if each.name.lower() in MEMBER_KEYS] or inner[:1]
    elif not written.table:
        tables = [relation.alias_or_name for relation in relations(select)]
        found += [exp.Column(this=written.this.copy(), table=name(each)) for each in tables if each]
    return found
