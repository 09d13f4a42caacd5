"""The plan of a SQL text: the steps that answer its table functions, then its query."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from catalog.kernels import Kernel
from catalog.query.finding import Finding
from catalog.query.resolved import Resolved
from catalog.query.source_text import SourceText
from catalog.store.quoting import literal

if TYPE_CHECKING:
    from catalog.query.outline import Outline


@dataclass(frozen=True)
class Load:
    """A source that is read into memory."""

    table: str  # the name that the text knows its answer by
    call: str  # as a person would write it
    resolved: Resolved
    location: str
    columns: frozenset[str] | None = None  # that the texts read; None if only the names are known

    def reading(self, found: Mapping[str, frozenset[str]]) -> Load:
        """Return the step with the columns that are read of each relation, by its name."""
        return replace(self, columns=found[self.table])


@dataclass(frozen=True)
class Apply:
    """A kernel over relations."""

    table: str
    kernel: Kernel
    relations: Mapping[str, SourceText]  # each a query that runs alone
    options: Mapping[str, SourceText]  # each a SELECT of one value
    location: str

    def reading(self, found: Mapping[str, frozenset[str]]) -> Apply:
        """Return the step itself: it reads what its relations return."""
        return self

    @property
    def name(self) -> str:
        """Return the kernel's name."""
        return self.kernel.name

    @property
    def function(self) -> Callable[..., Any]:
        """Return the function that answers."""
        return self.kernel.function


Step = Load | Apply


@dataclass
class Plan:
    """The steps of a text in order, then its query.

    Attributes:
        query: the query, with the names of the steps' answers in it.
        steps: the steps in order.
        sources: every source with its location.
        parameters: the values of the parameters that the text uses.
        seed: for kernels that sample and have no seed of their own.
        columns: every name that a column could have; None if a star can mean any.
        findings: what is wrong with a selection, or may differ in another run.
        closed: the ties of a selection that the fingerprint decides.
        answer: the columns of a selection with their types; None if they are unknown.
        outline: the texts of a selection before the sources are put in; None of another query.
    """

    query: SourceText
    steps: list[Step] = field(default_factory=list)
    sources: list[tuple[str, Resolved]] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    columns: frozenset[str] | None = None
    findings: tuple[Finding, ...] = ()
    closed: tuple[Finding, ...] = ()
    answer: tuple[tuple[str, str], ...] | None = None
    outline: Outline | None = None

    @property
    def has_unread_columns(self) -> bool:
        """Return whether a source may have columns that no text reads."""
        return self.has_star_loads or any(resolved.is_by_column for _, resolved in self.sources)

    @property
    def has_star_loads(self) -> bool:
        """Return whether a star may mean the columns of a source that is read into memory."""
        return self.columns is None and any(isinstance(step, Load) for step in self.steps)

    @property
    def kernels(self) -> list[Apply]:
        """Return the kernels that it calls, in order."""
        return [step for step in self.steps if isinstance(step, Apply)]

    @property
    def texts(self) -> list[SourceText]:
        """Return its query, then those of its kernels."""
        inner = [(*step.relations.values(), *step.options.values()) for step in self.kernels]
        return [self.query, *(text for texts in inner for text in texts)]


def call_text(name: str, reference: str, values: Mapping[str, Any]) -> str:
    """Return a source's call as a person would write it."""
    options = [
        f"{key} => {_literal(value)}"
        for key, value in values.items()
        if key != "ref" and value is not None
    ]
    return f"{name}({', '.join([_literal(reference), *options])})"


def _literal(value: Any) -> str:
    return literal(value) if isinstance(value, str) else str(value)
