"""Resolved source of a query: SQL over stored tables, or a reader of other stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from catalog.command import Command
from catalog.errors import CatalogError
from catalog.signals.coverage import Coverage
from catalog.signals.kind_options import Kind
from catalog.store.references import Reference

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.session import Session

Load = Callable[["Session", frozenset[str] | None], "pa.Table"]


@dataclass(frozen=True)
class Resolved:
    """A resolved source: SQL over stored tables, or a reader of other stores."""

    reference: Reference
    sql: str | None = None  # what stands in FROM
    kind: Kind | None = None  # of the signal that it reads
    name: str | None = None  # of that signal, as the query says it
    load: Load | None = None
    signals: tuple[Coverage, ...] = ()
    fault: CatalogError | None = None  # why it cannot be read; raised when it is
    marks: int | None = None  # the newest change of marks that it reads
    written: str = ""  # the reference as the query writes it
    columns: Mapping[str, str] | None = None  # with their DuckDB types, of what SQL cannot read
    command: Command | None = None  # computes the signal, where its kind and name do not say how
    more: tuple[tuple[Reference, str], ...] = ()  # other references that it reads, as written
    is_selectable: bool = False  # whether a selection may take its members

    def written_as(self, texts: Sequence[str]) -> Resolved:
        """Return the source with the texts that name its references in the query."""
        others = (reference for reference, _ in self.more)
        return replace(self, written=texts[0], more=tuple(zip(others, texts[1:], strict=False)))

    @property
    def references(self) -> tuple[tuple[Reference, str], ...]:
        """Return every reference that it reads, each with its text in the query."""
        return ((self.reference, self.written), *self.more)

    @property
    def is_by_column(self) -> bool:
        """Return whether each signal is a column, so that a query may leave some of them unread."""
        return self.sql is not None and self.kind is None and bool(self.signals)


def nothing(session: Session, columns: frozenset[str] | None) -> pa.Table:
    """Load nothing: a source with a fault is never read."""
    raise AssertionError("a source with a fault is never read")
