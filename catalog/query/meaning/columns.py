"""Where the columns of a selection come from: columns of its sources, and functions on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from catalog.notebook import NotebookResult
from catalog.query.meaning.agreement import understood
from catalog.query.meaning.dialect import UNREADABLE, Faithful
from catalog.query.meaning.kernel_columns import columns_read
from catalog.query.option_texts import option_texts
from catalog.query.outline import Outline
from catalog.query.plan import Apply, Plan
from catalog.query.resolved import Resolved
from catalog.query.source_text import SourceText
from catalog.store.queries import macros_by_name

if TYPE_CHECKING:
    from catalog.store.database import Connection


@dataclass(frozen=True)
class SourceColumn:
    """One column of a pool, a subset or a signal.

    Attributes:
        reference: the pool or subset, as ``name@version``.
        kind: ``pool``, ``subset``, or the kind of the signal.
        name: of the signal; "" of a pool or subset.
        column: the name of the column.
        identity_sha256: of the signal; None if there is no signal, or none of that name.
    """

    reference: str
    kind: str
    name: str
    column: str
    identity_sha256: str | None = None

    def __str__(self) -> str:
        """Return it as a person reads it, such as ``score ifd of alpaca@1: value``."""
        title = f"{self.kind} {self.name} of " if self.name else ""
        return f"{title}{self.reference}: {self.column}"


@dataclass(frozen=True)
class ColumnOrigin(NotebookResult):
    """One column of a selection's answer, and what its values are computed from.

    Attributes:
        column: its name.
        type: its DuckDB type; None if a missing signal leaves it unknown.
        sources: the columns that it is computed from; none for a constant or a count of rows.
        functions: the kernels on the way in the order in which they run, then the window functions
            and macros by name.
    """

    column: str
    type: str | None
    sources: tuple[SourceColumn, ...]
    functions: tuple[str, ...]


@dataclass
class _Origin:
    """The sources and functions of one column, in order and each once."""

    type: str | None = None
    sources: dict[SourceColumn, None] = field(default_factory=dict)
    functions: dict[str, None] = field(default_factory=dict)

    def add(self, other: _Origin) -> None:
        self.sources |= other.sources
        self.functions |= other.functions


class _NotUnderstoodError(Exception):
    """A text of the selection that the two parsers read differently."""


def column_origins(connection: Connection, planned: Plan) -> list[ColumnOrigin] | None:
    """Return the origin of each column of a selection's answer, in order.

    Conditions, joins and orders decide which rows there are; they are not part of an origin.

    Args:
        connection: any DuckDB connection; it parses, and runs nothing.
        planned: the plan of a selection.

    Returns:
        The origins, or None if a text is not understood; see `understood`.
    """
    assert planned.outline is not None  # a selection has one
    tracer = _Tracer(connection, planned.outline, planned.parameters)
    try:
        found = tracer.of_query(planned.outline.query)
    except _NotUnderstoodError:
        return None
    types = dict(planned.answer or ())
    names = list(types) if len(types) == len(found) else list(found)
    return [
        ColumnOrigin(
            name,
            types.get(name),
            tuple(sorted(origin.sources, key=str)),
            tracer.in_order(origin.functions),
        )
        for name, origin in zip(names, found.values(), strict=True)
    ]


class _Tracer:
    def __init__(
        self, connection: Connection, outline: Outline, parameters: Mapping[str, Any]
    ) -> None:
        self.connection = connection
        self.outline = outline
        self.parameters = parameters
        self.answers: dict[str, dict[str, _Origin]] = {}  # of the kernels, by their answers' names

    def of_query(self, text: SourceText) -> dict[str, _Origin]:
        """Return the origins of a query's columns, by name."""
        tree = understood(self.connection, str(text))
        if tree is None:
            raise _NotUnderstoodError
        schema = {name: self._columns(name) for name in self._relations(tree)}
        roots = _lineages(tree, schema)
        return {name: self._of_column(root) for name, root in roots.items()}

    def in_order(self, functions: Iterable[str]) -> tuple[str, ...]:
        """Return the names of functions: kernels as they run, then the others by name."""
        called = dict.fromkeys(call.name for call in self.outline.kernels.values())
        others = sorted(set(functions) - called.keys())
        return tuple([name for name in called if name in functions] + others)

    def _relations(self, tree: exp.Query) -> list[str]:
        known = self.outline.sources.keys() | self.outline.kernels.keys()
        return [table.name for table in tree.find_all(exp.Table) if table.name in known]

    def _columns(self, relation: str) -> dict[str, str]:
        if relation in self.outline.columns:
            return {name.lower(): "TEXT" for name in self.outline.columns[relation]}
        return dict.fromkeys(self._answer(relation), "TEXT")

    def _of_column(self, root: Node) -> _Origin:
        origin = _Origin(type=self._passed_type(root))
        for node in reversed(list(root.walk())):
            leaf = node.expression
            if isinstance(leaf, exp.Table):
                origin.add(self._of_leaf(leaf.name, _column_of(node)))
            elif not isinstance(leaf, exp.Query):
                origin.functions |= dict.fromkeys(self._functions(leaf))
        return origin

    def _passed_type(self, node: Node) -> str | None:
        """Return the type of a column that is passed on as it is; None of any other."""
        while not isinstance(node.expression, exp.Table):
            if len(node.downstream) != 1:
                return None
            if not isinstance(node.expression.unalias(), exp.Column):
                return None
            node = node.downstream[0]
        return self._of_leaf(node.expression.name, _column_of(node)).type

    def _functions(self, expression: exp.Expression) -> Iterable[str]:
        """Yield the window functions and macros of an expression."""
        for window in expression.find_all(exp.Window):
            yield str(window.this.name or window.this.key).lower()
        for call in expression.find_all(exp.Anonymous):
            if call.name.lower() in macros_by_name():
                yield call.name.lower()

    def _of_leaf(self, relation: str, column: str) -> _Origin:
        if relation in self.outline.kernels:
            return self._answer(relation).get(column, _Origin())
        resolved = self.outline.sources.get(relation)
        if resolved is None:
            return _Origin()
        names = {name.lower(): name for name in self.outline.columns[relation]}
        name = names.get(column, column)
        return _Origin(
            self.outline.columns[relation].get(name), {_source_column(resolved, name): None}
        )

    def _answer(self, relation: str) -> dict[str, _Origin]:
        if relation not in self.answers:
            self.answers[relation] = self._of_kernel(self.outline.kernels[relation])
        return self.answers[relation]

    def _of_kernel(self, call: Apply) -> dict[str, _Origin]:
        """Return the origins of a kernel's answer: given columns, then new ones."""
        given = [self.of_query(text) for text in call.relations.values()]
        new = _Origin()
        named = option_texts(call, self.parameters)
        for columns in given:
            types = {name: origin.type for name, origin in columns.items()}
            for name in columns_read(call.kernel, types, named):
                new.add(columns[name])
        new.functions[call.name] = None
        known = [{name: origin.type or "?" for name, origin in each.items()} for each in given]
        answer = call.kernel.answer_columns(known)
        return {
            name: self._kept(call, name, given) or _Origin(type_, new.sources, new.functions)
            for name, type_ in answer.items()
        }

    def _kept(self, call: Apply, name: str, given: list[dict[str, _Origin]]) -> _Origin | None:
        """Return the origin of a column that a kernel passes on; None of a column that it adds."""
        if name in call.kernel.adds:
            return None
        first, *others = given
        prefix = call.kernel.pair_prefix
        if prefix is not None and name.startswith(prefix) and others:
            return others[0].get(name.removeprefix(prefix))
        return first.get(name)


def _lineages(tree: exp.Query, schema: Mapping[str, Any]) -> dict[str, Node]:
    """Return sqlglot's lineage of each column of a query, by name."""
    options: dict[str, Any] = {"schema": schema, "dialect": Faithful}
    try:
        qualified = qualify(tree, **options, validate_qualify_columns=False)
        options |= {"scope": build_scope(qualified), "trim_selects": False, "copy": False}
        names = dict.fromkeys(qualified.named_selects)
        return {name: lineage(name, qualified, **options) for name in names}
    except UNREADABLE:
        raise _NotUnderstoodError from None


def _column_of(leaf: Node) -> str:
    """Return the name of the column that a leaf of sqlglot's lineage stands for."""
    return str(exp.to_column(leaf.name, dialect=Faithful).name)


def _source_column(resolved: Resolved, column: str) -> SourceColumn:
    reference = resolved.reference
    signals = resolved.signals
    if resolved.is_by_column:
        signals = tuple(signal for signal in signals if signal.name == column)
    is_key = resolved.kind != "label_embedding" and column in ("instruction_id", "fingerprint")
    if is_key or not (signals or resolved.kind):
        return SourceColumn(str(reference), reference.kind, "", column)
    kind = signals[0].kind if signals else str(resolved.kind)
    name = signals[0].name if signals else resolved.name or ""
    identity = signals[0].identity_sha256 if signals else None
    return SourceColumn(str(reference), kind, name, column, identity)
