"""What is wrong with a selector, or may differ in another run, found before it runs.

DuckDB's parser and binder decide; a text that DuckDB reads is checked whole. Without a pool the
sources are sketches: relations of the right columns and no rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.errors import CatalogError, HeaderError, OptionError, QueryError
from catalog.notebook import NotebookResult
from catalog.query.ctes import cte_names
from catalog.query.errors import is_of_names
from catalog.query.finding import Finding, edited
from catalog.query.kernels import Kernels, kernels_of
from catalog.query.plan import Plan
from catalog.query.planner import plan
from catalog.query.session import session
from catalog.query.sketches import empty_catalog, sketches
from catalog.query.source_text import SourceText
from catalog.query.sources import SOURCES
from catalog.query.tokens import Tokens, tokens
from catalog.selection.header import Header, parameter_findings, parse_header
from catalog.selection.parameters import Param
from catalog.selection.selector import find_selector, read_text
from catalog.signals.score_definitions import SUMMARIES, built_in_scores
from catalog.store.atomic import new_file
from catalog.store.connection import Connection
from catalog.store.references import resolve
from catalog.store.store import Store

MOST = 20
"""Unknown names that are looked for in one text."""

PLACED = re.compile(r"(?s)(?P<location>.+?:\d+:\d+): (?P<message>.*)")
UNKNOWN = re.compile(r'(?:column|Column) "?(?P<name>[^"\s]+)"?')


@dataclass(frozen=True)
class LintedSelector(NotebookResult):
    """The findings about one selector.

    Attributes:
        file: the name of the text.
        text: the whole text.
        findings: in the order of the text.
        is_understood: whether sqlglot reads the text as DuckDB does, so that `diff --definition`
            can say what changes in it.
    """

    file: str
    text: str
    findings: tuple[Finding, ...]
    is_understood: bool

    @property
    def fixed(self) -> str:
        """Return the text with every key that a finding offers written down."""
        return edited(self.text, (each.edit for each in self.findings if each.edit))

    def as_dict(self) -> dict[str, Any]:
        """Return the findings for JSON."""
        findings = [
            {"rule": each.rule, "line": line, "column": column, "reason": each.reason}
            | {"repair": each.repair, "is_fixable": each.edit is not None}
            for each in self.findings
            for line, column, _ in [_place(each)]
        ]
        return {"file": self.file, "is_understood": self.is_understood, "findings": findings}


def lint_selector(
    store: Store, name: str, *, pool: str | None = None, is_fixing: bool = False
) -> LintedSelector:
    """Check a selector of a name, or of the path of a ``.sql`` file.

    Args:
        store: the catalog's files and database; a file needs none.
        name: the selector.
        pool: as `lint` takes it.
        is_fixing: write the keys that findings offer into the file first.

    Raises:
        SelectorNotFoundError: there is no such selector or file.
        OptionError: ``is_fixing`` of a selector that is no file.
        ReferenceNotFoundError: no such pool or subset.
    """
    if not name.endswith(".sql"):
        if is_fixing:
            raise OptionError(f"--fix edits a file, and {name} is the name of a selector")
        selector = find_selector(store, name)
        return lint(store, selector.text, file=selector.file, pool=pool)
    linted = lint(store, read_text(name), file=name, pool=pool)
    return _fixed(store, linted, pool) if is_fixing else linted


def _fixed(store: Store, linted: LintedSelector, pool: str | None) -> LintedSelector:
    """Write the fixed text into its file; a file without anything to fix stays as it is."""
    for _ in range(MOST):
        if linted.fixed == linted.text:
            break
        again = lint(store, linted.fixed, file=linted.file, pool=pool)
        if _n_errors(again) > _n_errors(linted):
            break
        with new_file(Path(linted.file), overwrite=True) as temporary:
            temporary.write_bytes(again.text.encode())
        linted = again
    return linted


def _n_errors(linted: LintedSelector) -> int:
    return sum(finding.rule in ("sql", "column") for finding in linted.findings)


def lint(store: Store, text: str, *, file: str, pool: str | None = None) -> LintedSelector:
    """Check a selector.

    Args:
        store: of the kernels that the user added, and of the pool.
        text: the whole file.
        file: its name in messages.
        pool: a pool or subset whose signals and scores are the columns; without one, a column of
            ``scores(...)`` may have any name.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
    """
    with checking(store, pool) as check:
        findings, header = _of_header(text, file)
        names = {token.text[1:] for token in tokens(text) if token.kind == "parameter"}
        given = {name: _value(header.params.get(name)) for name in names} | {"budget": 10}
        given |= dict.fromkeys(names & {"pool", *_references(header)}, pool or "pool") | {"seed": 0}
        check.given = given
        source = SourceText.of(text, name=file)
        findings += check.findings(source)
        is_understood = _is_understood(check.connection, text)
    findings += _unread(source)
    ordered = sorted(dict.fromkeys(findings), key=_place)
    return LintedSelector(file, text, tuple(ordered), is_understood)


@dataclass
class Check:
    """One way to plan a text: over sketches, or over a pool."""

    connection: Connection
    kernels: Kernels
    is_sketch: bool
    given: Mapping[str, Any] = field(default_factory=dict)
    scores: dict[str, str] = field(default_factory=dict)

    def plan(self, text: SourceText) -> Plan:
        """Plan a text as a selection."""
        sources = sketches(self.scores) if self.is_sketch else SOURCES
        return plan(
            self.connection,
            text,
            self.given,
            is_selection=True,
            kernels=self.kernels,
            sources=sources,
        )

    def findings(self, text: SourceText) -> list[Finding]:
        """Return what a plan finds.

        NULL stands in for a name that is unknown, so that the others are found too.
        """
        found: list[Finding] = []
        for _ in range(MOST):
            try:
                planned = self.plan(text)
            except CatalogError as error:
                finding, name = _of_error(error, text.name), _unknown(error)
                if self._is_open(name, text):
                    self.scores[name] = "DOUBLE"
                    continue
                is_known = finding in found or (found and not name)  # else NULL may be the cause
                found += [] if is_known else [finding]
                patched = _without(text, finding.location) if name else None
                if patched is None:
                    return found
                text = patched
            else:
                return [*found, *planned.findings, *planned.closed]
        return found

    def _is_open(self, name: str, text: SourceText) -> bool:
        """Return whether a column may be a score that a pool has."""
        calls = {token.name for token in tokens(text.source)}
        return bool(name) and self.is_sketch and "scores" in calls and name not in self.scores


@contextmanager
def checking(store: Store, pool: str | None) -> Iterator[Check]:
    """Yield a way to plan texts without running them."""
    kernels = kernels_of(store)
    if pool is not None:
        with session(store) as opened:
            resolve(opened.connection, pool)
            yield Check(opened.connection, kernels, is_sketch=False)
        return
    connection = empty_catalog()
    try:
        names = (*SUMMARIES, *built_in_scores())
        yield Check(connection, kernels, True, scores=dict.fromkeys(names, "DOUBLE"))
    finally:
        connection.close()


def _of_header(text: str, file: str) -> tuple[list[Finding], Header]:
    try:
        header = parse_header(text, file=file)
    except HeaderError as error:
        return [_of_error(error, file, rule="header")], Header()
    return list(parameter_findings(text, header, file=file)), header


def _of_error(error: CatalogError, file: str, *, rule: str = "sql") -> Finding:
    """Return an error as a finding; the example of a header is left out."""
    placed = PLACED.fullmatch(str(error))
    where, message = (placed["location"], placed["message"]) if placed else (f"{file}:1:1", "")
    message = (message or str(error)).removeprefix(f"{file}: ").partition("; a header reads:")[0]
    rule = "column" if _unknown(error) else rule
    return Finding(rule, where, message, "")


def _unknown(error: CatalogError) -> str:
    """Return the name of the column that a text names and nothing has; else an empty text."""
    if not isinstance(error, QueryError) or not is_of_names(error):
        return ""
    match = UNKNOWN.search(str(error))
    if not match:
        return ""
    return match["name"]


def _without(text: SourceText, location: str) -> SourceText | None:
    """Return a text with NULL in place of the column at a location; None if there is none."""
    layout = Tokens(str(text))
    index = next(
        (i for i in range(len(layout)) if text.location(layout[i].start) == location), None
    )
    if index is None or layout[index].kind not in ("word", "quoted"):
        return None
    last = index
    while last + 2 < len(layout) and layout[last + 1].text == ".":
        last += 2
    return text.replace(layout[index].start, layout[last].end, "NULL")


def _references(header: Header) -> set[str]:
    """Return the parameters that name pools or subsets."""
    return {name for name, param in header.params.items() if param.type == "reference"}


def _value(param: Param | None) -> Any:
    """Return a value of a parameter: its default, else one of its type and range."""
    if param is None or not param.is_required:
        return param.default if param else None
    least = 1 if param.low is None else param.low
    texts = param.choices[0] if param.choices else "text"
    values: dict[str, Callable[[], Any]] = {
        "integer": lambda: int(least),
        "number": lambda: float(least),
        "text": lambda: texts,
        "boolean": lambda: True,
        "reference": lambda: "pool",
    }
    return values[param.type]()


def _place(finding: Finding) -> tuple[int, int, str]:
    _, line, column = finding.location.rsplit(":", 2)
    return int(line), int(column), finding.rule


def _unread(text: SourceText) -> Iterator[Finding]:
    """Yield a finding for each CTE whose name stands nowhere else; DuckDB never looks into it."""
    names = [token.name for token in tokens(text.source)]
    for token in cte_names(text.source):
        if names.count(token.name) == 1:
            reason = f"{token.text} is never read, and nothing in it is checked"
            yield Finding("unread", text.location(token.start), reason, "remove it")


def _is_understood(connection: Connection, text: str) -> bool:
    from catalog.query.meaning.agreement import understood

    return understood(connection, text) is not None
