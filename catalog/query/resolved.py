"""Resolved source of a query: SQL over stored tables, or a reader of other stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

    @property
    def is_by_column(self) -> bool:
        """Return whether each signal is a column, so that a query may leave some of them unread."""
        return self.sql is not None and self.kind is None and bool(self.signals)


def nothing(session: Session, columns: frozenset[str] | None) -> pa.Table:
    """Load nothing: a source with a fault is never read."""
    raise AssertionError("a source with a fault is never read")
