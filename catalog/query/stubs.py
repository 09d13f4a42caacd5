"""Empty stubs of a selection's sources, so that DuckDB can bind its texts before the run.

Each column of a stub is scanned under its own name, so that a plan says exactly which columns of
which source it reads. Stubs carry no statistics: a plan over them does not depend on the data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import duckdb

from catalog.query.errors import bound
from catalog.query.parse import Node, parameters, statements, written
from catalog.query.source_text import SourceText
from catalog.store.database import Connection
from catalog.store.quoting import quoted

PROBE = "acos({}, 1, 2)"  # no function takes these: DuckDB's message names the type of the first


class Stubs:
    """The stubs of one plan, in its connection."""

    def __init__(self, connection: Connection, given: Mapping[str, Any]) -> None:
        self.connection = connection
        self.given = given
        self.types: dict[str, dict[str, str]] = {}  # of each stub's columns
        self._read: dict[str, frozenset[str]] = {}  # the columns that each text reads

    def add(self, name: str, columns: Mapping[str, str]) -> None:
        """Create a stub.

        Args:
            name: its name in texts.
            columns: the DuckDB type of each column.
        """
        import pyarrow as pa

        self.types[name] = dict(columns)
        schema = pa.schema([(_scanned(name, column), pa.string()) for column in columns])
        empty = pa.Table.from_batches([], schema=schema)  # an empty array imports pandas
        self.connection.register(f"{name} rows", empty)
        casts = ", ".join(
            f"CAST({quoted(_scanned(name, column))} AS {type_}) AS {quoted(column)}"
            for column, type_ in columns.items()
        )
        self.connection.execute(f'CREATE TEMP VIEW {name} AS SELECT {casts} FROM "{name} rows"')

    def drop(self) -> None:
        """Remove every stub, since the connection may serve the run too."""
        for name in self.types:
            self.connection.execute(f"DROP VIEW IF EXISTS {name}")
            self.connection.unregister(f"{name} rows")

    def answer(self, text: SourceText) -> list[tuple[str, str]]:
        """Return the columns of a query's answer in order, each with its type.

        Raises:
            QueryError: the text does not bind; the message has ``file:line:column``.
        """
        relation = bound(self.connection, text, self._values(text))
        return list(zip(relation.columns, map(str, relation.types), strict=True))

    def columns(self, text: SourceText) -> dict[str, str]:
        """Return the columns of a query's answer by name, each with its type.

        Raises:
            QueryError: the text does not bind; the message has ``file:line:column``.
        """
        return dict(self.answer(text))

    def binds(self, text: SourceText) -> bool:
        """Return whether DuckDB accepts a text."""
        try:
            self.connection.sql(str(text), params=self._values(text))
        except duckdb.Error:
            return False
        return True

    def type_of(self, text: SourceText, start: int, end: int) -> str | None:
        """Return the type of the expression between two offsets of a text; None if it has none.

        DuckDB says it in the message about a call that no function answers, at any depth of the
        text.
        """
        probe = text.replace(start, end, PROBE.format(text.cut(start, end)))
        try:
            self.connection.sql(str(probe), params=self._values(text))
        except duckdb.Error as error:
            found = re.search(r"argument types 'acos\((.*?)[,(]", str(error))
            return found[1] if found else None
        return None

    def reads(self, texts: Iterable[SourceText]) -> dict[str, frozenset[str]]:
        """Return which columns of each stub the texts read.

        Args:
            texts: queries, all of whose columns are wanted.
        """
        scanned = {name for text in texts for name in self._scanned(text)}
        return {
            name: frozenset(column for column in columns if _scanned(name, column) in scanned)
            for name, columns in self.types.items()
        }

    def written(self, expression: Node) -> str | None:
        """Return an expression of a parse tree as SQL; None if DuckDB cannot write it."""
        statement = (statements(self.connection, "SELECT 1") or [])[0]
        statement["node"]["select_list"] = [expression | {"alias": ""}]
        found = written(self.connection, statement)
        return found and found.removeprefix("SELECT ")

    def _values(self, text: SourceText) -> dict[str, Any]:
        return {name: self.given[name] for name in parameters(self.connection, text)}

    def _scanned(self, text: SourceText) -> frozenset[str]:
        if str(text) not in self._read:
            self._read[str(text)] = frozenset(self._projections(text))
        return self._read[str(text)]

    def _projections(self, text: SourceText) -> Iterator[str]:
        explained = text.empty() + "EXPLAIN (FORMAT json)\n" + text
        rows = self.connection.execute(str(explained), self._values(text)).fetchall()
        todo = json.loads(rows[0][1])
        while todo:
            node = todo.pop()
            todo += node.get("children", ())
            names = (node.get("extra_info") or {}).get("Projections", ())
            yield from [names] if isinstance(names, str) else names
            if node["name"] == "EMPTY_RESULT":  # WHERE false: the plan tells no names, any may be
                yield from (_scanned(*each) for each in self._all_columns())

    def _all_columns(self) -> Iterator[tuple[str, str]]:
        return ((name, column) for name, columns in self.types.items() for column in columns)


def _scanned(name: str, column: str) -> str:
    return f"{name}.{column}"
