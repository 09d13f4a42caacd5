"""Connection to DuckDB that knows the catalog's macros."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from catalog.store.queries import macros_by_name

if TYPE_CHECKING:
    import duckdb

LISTS_FUNCTIONS = "duckdb_functions"
"""The table function that shows macros, so that all of them must be there."""


class Connection:
    """Connection of DuckDB that creates a macro of the catalog when a statement first names it.

    To create all of them takes about as long as to open the database, and few statements name any.
    Everything else is DuckDB's own.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.registered: set[str] = set()
        self._created: set[str] = set()

    def sql(self, text: str, **options: Any) -> Any:
        """Return a statement's answer as a relation."""
        self._create_macros(text)
        return self.connection.sql(text, **options)

    def execute(self, text: str, *parameters: Any) -> Any:
        """Run a statement."""
        self._create_macros(text)
        return self.connection.execute(text, *parameters)

    def register(self, name: str, relation: Any) -> None:
        """Make an Arrow table, or a dataset, readable as a table of that name."""
        self.connection.register(name, relation)
        self.registered.add(name)

    def unregister(self, *names: str) -> None:
        """Forget tables that were registered."""
        for name in names:
            self.connection.unregister(name)
        self.registered.difference_update(names)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def _create_macros(self, text: str) -> None:
        for name in macros_of(text):
            if name not in self._created:
                self.connection.execute(macros_by_name()[name])
                self._created.add(name)


def macros_of(text: str) -> tuple[str, ...]:
    """Return the macros that a statement names, and those that these name, in order of creation.

    >>> macros_of("SELECT weighted_sample_key(fingerprint, 0, 2.0)")
    ('uniform_hash', 'weighted_sample_key')
    """
    lowered = text.lower()
    named = set(_pattern().findall(lowered))
    if LISTS_FUNCTIONS in lowered:
        named = set(macros_by_name())
    wanted = {name for start in named for name in _closure(start)}
    # One that names another comes after it, since its closure is larger.
    return tuple(sorted(wanted, key=lambda name: (len(_closure(name)), name)))


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(macros_by_name())})\b")


@cache
def _closure(name: str) -> frozenset[str]:
    """Return a macro and all that its body names, directly or through others."""
    found: set[str] = set()
    todo = [name]
    while todo:
        found.add(name := todo.pop())
        todo += set(_pattern().findall(macros_by_name()[name].lower())) - found
    return frozenset(found)
