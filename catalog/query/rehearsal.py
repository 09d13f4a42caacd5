"""A selection's texts, bound over empty stubs before anything is computed.

Every order gets a deciding key, every kernel the fingerprints of its rows, and every source the
columns that are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import duckdb

from catalog.errors import QueryError
from catalog.kernels import Kernel
from catalog.query.errors import is_of_names
from catalog.query.finding import Finding
from catalog.query.outline import Outline
from catalog.query.parse import Node
from catalog.query.plan import Apply, Load, Plan, Step
from catalog.query.resolved import Resolved
from catalog.query.scopes import KEYS, Scope, name_of, scopes
from catalog.query.source_text import SourceText
from catalog.query.stubs import Stubs
from catalog.query.ties import Relations, keys_of
from catalog.query.tokens import Tokens, tokens
from catalog.query.uniqueness import is_of_members
from catalog.query.unordered import settled
from catalog.query.unread_columns import unread_columns
from catalog.store.database import Connection

FINGERPRINT = "fingerprint"

Parse = Callable[[SourceText], Node]


class Rehearsal:
    """The facts about a selection that its plan needs.

    Attributes:
        findings: what may differ in another run.
        closed: the ties that the fingerprint decides, with the edit that writes it down.
        is_blind: whether a signal is missing, so that types are unknown and nothing can be tried;
            the run names the signal.
        answer: the columns of the text settled last, in order, each with its type; None if blind.
    """

    def __init__(
        self, connection: Connection, given: Mapping[str, Any], parse: Parse, prefix: str
    ) -> None:
        self.parse = parse
        self.prefix = prefix
        self.stubs = Stubs(connection, given)
        self.connection = connection
        self.findings: list[Finding] = []
        self.closed: list[Finding] = []
        self.is_blind = False
        self.answer: list[tuple[str, str]] | None = None
        self._has_fault = False
        self._sources: dict[str, Resolved] = {}  # by the name of its stub
        self._unique: dict[str, frozenset[str]] = {}
        self._ranked: set[str] = set()

    def source(self, resolved: Resolved, name: str | None = None) -> str:
        """Add a stub for a source, and return its name until the plan is complete.

        Args:
            resolved: the source.
            name: of the step that reads it into memory; None for SQL.
        """
        self._has_fault = self._has_fault or resolved.fault is not None
        known = next(
            (one for one, other in self._sources.items() if other.sql == resolved.sql), None
        )
        if name is None and known:
            return known
        name = name or f"{self.prefix}_source{len(self._sources)}"
        columns = dict(resolved.columns or {})
        if resolved.sql is not None:
            relation = self.connection.sql(f"SELECT * FROM {resolved.sql}")
            columns = dict(zip(relation.columns, map(str, relation.types), strict=True))
        self._sources[name] = resolved
        is_subset = resolved.reference.kind == "subset" and not resolved.more
        self._unique[name] = KEYS | {"rank"} if is_subset else KEYS
        self.stubs.add(name, columns)
        return name

    def apply(self, name: str, kernel: Kernel, relations: Mapping[str, SourceText]) -> None:
        """Add a stub for a kernel's answer."""
        if self.is_blind:
            return
        given = [self.stubs.columns(query) for query in relations.values()]
        self.stubs.add(name, kernel.answer_columns(given))
        self._ranked.add(name)
        is_paired = kernel.pair_prefix is not None
        has_keys = not is_paired and self._is_of_members(next(iter(relations.values())))
        ranks = {"rank"} if kernel.is_ranked else set()
        self._unique[name] = (KEYS if has_keys else frozenset()) | ranks

    def settled(self, text: SourceText) -> SourceText:
        """Return a query whose open orders have a key.

        Raises:
            QueryError: it does not bind.
        """
        if self.is_blind or not self._can_bind(text):
            return text
        known = Relations(self._unique, self._ranked)
        answer, found, closed = settled(text, scopes(self.parse(text)), known, self.stubs)
        self.findings += [one for one in found if one not in self.findings]
        self.closed += [one for one in closed if one not in self.closed]
        return answer

    def with_fingerprint(self, text: SourceText) -> tuple[SourceText, bool]:
        """Return a kernel's relation with fingerprints.

        Rows without any come in the order of their content.

        Args:
            text: ``SELECT * FROM`` and the argument of the kernel.

        Returns:
            the relation, and whether the fingerprint was added.
        """
        if self.is_blind or FINGERPRINT in map(str.lower, self.stubs.columns(text)):
            return text, False
        found = next(filter(self.stubs.binds, self._with_fingerprint(text)), None)
        if found is not None:
            return found, True
        return text.empty() + "SELECT * FROM (" + text + ") ORDER BY ALL", False

    def outline(self, query: SourceText, applied: list[Apply]) -> Outline:
        """Return the texts as they are before `completed`."""
        kernels = {step.table: step for step in applied}
        return Outline(query, kernels, dict(self._sources), dict(self.stubs.types))

    def check_kernels(self, plan: Plan) -> None:
        """Find the columns that kernels are given and nothing reads."""
        if not self.is_blind:
            with suppress(duckdb.Error):  # as in `read`: the run reports it
                self.findings += unread_columns(plan, self.stubs)

    def completed(self, text: SourceText) -> SourceText:
        """Return a text with the sources in place of their stubs."""
        for token in reversed(tokens(str(text))):
            resolved = self._sources.get(token.text)
            if resolved is not None and resolved.sql is not None:
                text = text.replace(token.start, token.end, resolved.sql)
        return text

    def reads(self, texts: Iterable[SourceText]) -> Mapping[str, frozenset[str]] | None:
        """Return which columns of each source the texts read, by its name; None if that is unknown.

        Args:
            texts: every query of the plan.
        """
        if self.is_blind:
            return None
        try:
            return self.stubs.reads(texts)
        except duckdb.Error:  # in a value that is computed before the query runs: the run says it
            return None

    def completed_step(self, step: Step) -> Step:
        """Return a step with the sources in place of their stubs."""
        if isinstance(step, Load):
            return step
        relations = {name: self.completed(query) for name, query in step.relations.items()}
        options = {name: self.completed(query) for name, query in step.options.items()}
        return replace(step, relations=relations, options=options)

    def read(
        self, sources: list[tuple[str, Resolved]], found: Mapping[str, frozenset[str]]
    ) -> list[tuple[str, Resolved]]:
        """Return the sources with only those signals that are read.

        Args:
            sources: each with its location.
            found: the columns that are read; see `reads`.
        """
        return [(place, self._of_columns(resolved, found)) for place, resolved in sources]

    def _of_columns(self, resolved: Resolved, found: Mapping[str, frozenset[str]]) -> Resolved:
        if not resolved.is_by_column:
            return resolved
        name = next(name for name, other in self._sources.items() if other.sql == resolved.sql)
        return replace(
            resolved, signals=tuple(one for one in resolved.signals if one.name in found[name])
        )

    def _is_of_members(self, text: SourceText) -> bool:
        leaf = {"type": "SUBQUERY", "subquery": {"node": self.parse(text)}}
        return is_of_members(leaf, Scope({}, {}), self._unique)

    def _can_bind(self, text: SourceText) -> bool:
        try:
            self.answer = self.stubs.answer(text)
        except QueryError as error:
            # A missing signal has an unknown dimension. Its columns are known all the same.
            if not self._has_fault or is_of_names(error):
                raise
            self.is_blind = True
            self.answer = None
        return not self.is_blind

    def _with_fingerprint(self, text: SourceText) -> Iterator[SourceText]:
        """Yield the relation with a fingerprint among its columns, then by the instruction_id."""
        inner = _inside(scopes(self.parse(text))[0])
        at = _end_of_columns(text) if inner else None
        if inner and at is not None:
            groups = inner.groups()
            for group in groups:
                names = [name_of(leaf) for leaf in group]
                for key in keys_of(names, is_alone=len(groups) == 1, is_of_members=True):
                    if key.endswith(FINGERPRINT) and "query_" not in key:
                        yield text.replace(at, at, f", {key}")
        yield (
            text.empty()
            + "SELECT *, fingerprint_of(instruction_id) AS fingerprint FROM ("
            + text
            + ")"
        )


def _inside(outer: Scope) -> Scope | None:
    """Return the inner SELECT of ``SELECT * FROM (SELECT ...)`` if a column can be added to it."""
    leaves = outer.leaves()
    if len(leaves) != 1 or leaves[0].get("type") != "SUBQUERY":
        return None
    inner = Scope(leaves[0]["subquery"]["node"], outer.ctes)
    is_plain = inner.node.get("type") == "SELECT_NODE" and not inner.is_grouped
    return inner if is_plain and not inner.modifier("DISTINCT") else None


def _end_of_columns(text: SourceText) -> int | None:
    """Return where the columns of the SELECT in the last brackets end."""
    layout = Tokens(str(text))
    last = len(layout) - 1
    level = layout.level(layout.partner.get(last, last) + 1, last)
    words = [i for i in level if layout[i].is_word("select", "from")]
    names = [layout[i].name for i in words]
    if "select" not in names or "from" not in names[names.index("select") :]:
        return None
    from_ = words[names.index("from", names.index("select"))]
    return layout[from_ - 1].end
