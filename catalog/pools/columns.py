"""The keys that the source column and the labels column name: what records have there, and what is said of those that lack it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.errors import SourceError
from catalog.json_text import json_text
from catalog.pools.formats.mapped import at
from catalog.store.references import nearest

_OTHERWISE = {
    "source column": "the file's name is their source",
    "labels column": "they have no labels",
}


class Column:
    """A key that an option names, looked up in the records of one file.

    Attributes:
        option: ``"source column"`` or ``"labels column"``.
        path: the key, or a dotted path of keys.
        file: the file's name.
        n_found: records that have it.
        n_lacking: records that have not, or null there.
        example: the first of these.
    """

    def __init__(self, option: str, path: str, *, file: str) -> None:
        self.option = option
        self.path = path
        self.file = file
        self.n_found = 0
        self.n_lacking = 0
        self.example: Any = None

    def of(self, record: Any) -> Any:
        """What a record has there, None for nothing; it is counted."""
        found = at(record, self.path)
        if found is not None:
            self.n_found += 1
            return found
        if not self.n_lacking:
            self.example = record
        self.n_lacking += 1
        return None

    def notes(self) -> list[str]:
        """What a report says of the records that lack it: one line, or none."""
        if not self.n_lacking:
            return []
        n_records = self.n_found + self.n_lacking
        return [
            f"{self.n_lacking:,} of {n_records:,} records have no {self.path} ({self.option}): {_OTHERWISE[self.option]}"
        ]


def refuse_unknown(columns: Sequence[Column]) -> None:
    """Refuse a load of which no record has the key that an option names: it is misspelt.

    Args:
        columns: of all files of the load.

    Raises:
        SourceError: there were records, and none has the key, not even with null.
    """
    for option in dict.fromkeys(column.option for column in columns):
        asked = [
            column
            for column in columns
            if column.option == option and column.n_found + column.n_lacking
        ]
        if not asked or any(column.n_found for column in asked):
            continue
        path, n_records, n_more = (
            asked[0].path,
            sum(column.n_lacking for column in asked),
            len(asked) - 1,
        )
        known = list(dict.fromkeys(key for column in asked for key in _paths(column.example)))
        if path not in known:
            files = asked[0].file + (f" and {n_more:,} more" if n_more else "")
            raise SourceError(
                f"{files}: none of {n_records:,} records has the key {path} that the {option} names{nearest(path, known)}",
                reason="unknown_column",
            )


def _paths(record: Any, above: str = "") -> Iterator[str]:
    """Every key of a record, and every dotted path into its objects."""
    for key, value in record.items() if isinstance(record, dict) else ():
        yield f"{above}{key}"
        yield from _paths(value, f"{above}{key}.")


def source_of(
    found: Any, path: str, *, rest: Mapping[str, Any], otherwise: str
) -> tuple[str, Mapping[str, Any]]:
    """Return a record's source, and what is left for the metadata.

    Raises:
        UnicodeEncodeError: the source is not text.
    """
    if found is None:
        return otherwise, rest
    source = found if isinstance(found, str) else json_text(found)
    source.encode()
    return source, (
        {key: item for key, item in rest.items() if key != path} if source is found else rest
    )
