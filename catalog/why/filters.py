"""Find the conditions that a row fails, and the signals that it has no value of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from catalog.query.clauses import with_values
from catalog.query.executor import Execution
from catalog.query.parse import NOWHERE, Node, nodes, statements, written
from catalog.query.scopes import Scope, query_of, scopes
from catalog.query.source_text import offset_of_byte
from catalog.query.tokens import shown
from catalog.signals.kinds import KINDS
from catalog.store.queries import query
from catalog.store.quoting import quoted
from catalog.why.answers import answer_of
from catalog.why.lookup import Row

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.source_text import SourceText

CONDITIONS = {"where_clause": "WHERE", "having": "HAVING", "qualify": "QUALIFY"}


def position_of(rows: pa.Table, row: Row) -> int | None:
    """Return the row's position in a relation.

    It is -1 if the row is not there, and None if no column identifies rows.
    """
    for name, value in (("instruction_id", row.instruction_id), ("fingerprint", row.fingerprint)):
        if name in rows.column_names:
            return int(pc.index(rows[name], value).as_py())
    return None


def lacking(execution: Execution, row: Row) -> tuple[str, ...]:
    """Return a sentence for each signal that the query reads and the row has no value of."""
    sentences = []
    for _, source in execution.planned.sources:
        for signal in source.signals:
            if signal.kind not in ("embedding", "losses", "states", "gradients", "score", "map"):
                continue  # a signal of labels, which no row has
            params = {"signal_id": signal.signal_id, "instruction_id": row.instruction_id}
            has_value, reason = execution.session.connection.sql(
                query("why/signal"), params=params
            ).fetchall()[0]
            if not has_value:
                title = KINDS[signal.kind].title(signal.name)
                sentences.append(f"it has no {title}: {reason or 'not computed'}")
    return tuple(dict.fromkeys(sentences))


def dropped_by(execution: Execution, text: SourceText, row: Row) -> tuple[str, ...]:
    """Return a sentence for each condition without which a query would return the row.

    The query is answered without one condition: if the row is there, that condition alone is the
    cause. If no condition alone is, the query is answered without all of them. The answer is empty
    if conditions are not the cause.
    """
    read = _Read(execution, text)
    both = ((scope, clause) for scope in read.scopes for clause in CONDITIONS)
    found = [each for each in both if each[0].node.get(each[1])]
    found.sort(key=lambda each: _extent(each[0].node[each[1]]))  # in the order of the text

    def returns_without(clauses: Sequence[tuple[Scope, str]]) -> bool:
        with ExitStack() as stack:
            for scope, clause in clauses:
                stack.enter_context(_changed(scope.node, scope.node | {clause: None}))
            return read.returns(row)

    alone = next((each for each in found if returns_without([each])), None)
    if alone is not None:
        return (_sentence(read, *alone, row),)
    if not found or not returns_without(found):
        return ()
    return tuple(_sentence(read, *each, row) for each in found)


def parted_by(execution: Execution, text: SourceText, row: Row) -> tuple[str, ...]:
    """Return a sentence for the set operation that removes the row; none if no operation does."""
    read = _Read(execution, text)

    def returns_with(scope: Scope, side: Node) -> bool:
        ctes = [*scope.node["cte_map"]["map"], *side["cte_map"]["map"]]
        with _changed(scope.node, side | {"cte_map": {"map": ctes}}):
            return read.returns(row)

    for scope in reversed(read.scopes):
        is_recursive = scope.node["type"] == "RECURSIVE_CTE_NODE"
        word = "UNION" if is_recursive else scope.node.get("setop_type", "")
        listed = scope.node.get("children") or [scope.node.get("left"), scope.node.get("right")]
        sides = [returns_with(scope, side) for side in listed] if word else []
        if word == "EXCEPT" and all(sides):
            return ("EXCEPT removes it: the query after EXCEPT also returns it",)
        if word == "INTERSECT" and sides.count(True) == 1:
            side = "before" if sides[0] else "after"
            return (f"INTERSECT removes it: only the query {side} INTERSECT returns it",)
        if word.startswith("UNION") and not any(sides):
            return ("neither of the two queries of UNION returns it",)
    return ()


class _Read:
    """A query as DuckDB's tree, which can be changed, written and answered."""

    def __init__(self, execution: Execution, text: SourceText) -> None:
        self.execution, self.text = execution, text
        self.connection = execution.session.connection
        self.statement = (statements(self.connection, str(text)) or [{"node": {}}])[0]
        self.scopes = scopes(self.statement["node"])

    def returns(self, row: Row) -> bool:
        """Return whether the query, as it is now, has the row."""
        answer = self.answer(self.statement)
        position = None if answer is None else position_of(answer, row)
        return position is not None and position >= 0

    def answer(self, statement: Node) -> pa.Table | None:
        """Return the answer of a statement; None if it cannot run."""
        sql = written(self.connection, statement)
        return None if sql is None else answer_of(self.execution, self.text.empty() + sql)

    def in_words(self, condition: Node) -> str:
        """Return a condition as the user wrote it."""
        first, last = (offset_of_byte(str(self.text), byte) for byte in _extent(condition))
        cut = self.text.cut(first, last)
        return with_values(shown(str(cut)), self.execution.planned.parameters)

    def values(self, scope: Scope, condition: Node, row: Row) -> dict[str, Any]:
        """Return the row's values of the columns in a condition; none if they cannot be read."""
        columns = dict.fromkeys(
            tuple(node["column_names"])
            for node in nodes(condition)
            if node.get("class") == "COLUMN_REF"
        )
        listed = ", ".join(
            f"{'.'.join(map(quoted, path))} AS {quoted('.'.join(path))}" for path in columns
        )
        asked = f"SELECT {listed or 'NULL'} WHERE instruction_id = {row.instruction_id}"
        probe = (statements(self.connection, asked) or [])[0]
        entries = {
            id(query_of(entry)): entry
            for node in nodes(self.statement)
            for entry in (node.get("cte_map") or {}).get("map", ())
        }
        seen = {"map": [entries[id(query)] for query in scope.ctes.values()]}
        probe["node"] |= {"from_table": scope.node["from_table"], "cte_map": seen}
        rows = self.answer(probe)
        return {} if rows is None or not rows.num_rows else dict(rows.to_pylist()[0])


def _extent(expression: Node) -> tuple[int, int]:
    """Return where an expression begins and ends in its text, in bytes."""
    places = [
        (node["query_location"], node["query_location"] + node["query_location_length"])
        for node in nodes(expression)
        if node.get("query_location_length") and node["query_location"] != NOWHERE
    ]
    return min((start for start, _ in places), default=0), max((e for _, e in places), default=0)


@contextmanager
def _changed(node: Node, new: Node) -> Iterator[None]:
    """Let a node of a tree be another one in the block."""
    kept = dict(node)
    node.clear()
    node.update(new)
    try:
        yield
    finally:
        node.clear()
        node.update(kept)


def _sentence(read: _Read, scope: Scope, clause: str, row: Row) -> str:
    condition = scope.node[clause]
    words = f"{CONDITIONS[clause]} {read.in_words(condition)}"
    values = read.values(scope, condition, row) if clause == "where_clause" else {}
    listed = ", ".join(f"{name} = {_value(value)}" for name, value in values.items())
    return f"it is not eligible: {words} excludes it" + (f" ({listed})" if values else "")


def _value(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
