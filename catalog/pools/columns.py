"""Read the source and the labels of a record by key, and note records without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.errors import SourceError
from catalog.json_text import json_text
from catalog.messages import and_more
from catalog.pools.formats.mapped import value_at
from catalog.store.references import nearest

_OTHERWISE = {
    "source column": "the file's name is their source",
    "labels column": "they have no labels",
}


class Column:
    """Key that an option names, in the records of one file.

    Attributes:
        option: ``"source column"`` or ``"labels column"``.
        path: the key, or a dotted path of keys.
        file: the file's name.
        n_found: number of records with the key.
        n_lacking: number of records without the key, or with null.
        example: the first record without it.
    """

    def __init__(self, option: str, path: str, *, file: str) -> None:
        self.option = option
        self.path = path
        self.file = file
        self.n_found = 0
        self.n_lacking = 0
        self.example: Any = None

    def of(self, record: Any) -> Any:
        """Return a record's value under the key, or None, and count the record."""
        value = value_at(record, self.path)
        if value is not None:
            self.n_found += 1
            return value
        if not self.n_lacking:
            self.example = record
        self.n_lacking += 1
        return None

    def merge(self, later: Column) -> None:
        """Add the counts of the same column in the records that follow."""
        if not self.n_lacking:
            self.example = later.example
        self.n_found += later.n_found
        self.n_lacking += later.n_lacking

    def notes(self) -> list[str]:
        """Return a note about the records without the key, or no note."""
        if not self.n_lacking:
            return []
        n_records = self.n_found + self.n_lacking
        return [
            f"{self.n_lacking:,} of {n_records:,} records have no {self.path} ({self.option}): "
            f"{_OTHERWISE[self.option]}"
        ]


def refuse_unknown(columns: Sequence[Column]) -> None:
    """Refuse a load without any record that has the key of an option, which is misspelt then.

    Args:
        columns: the columns of all files of the load.

    Raises:
        SourceError: there are records, and none has the key, even with null.
    """
    for option in dict.fromkeys(column.option for column in columns):
        same = [column for column in columns if column.option == option]
        lacking = [column for column in same if column.n_lacking]
        if not lacking or any(column.n_found for column in same):
            continue
        path, n_more = lacking[0].path, len(lacking) - 1
        n_records = sum(column.n_lacking for column in lacking)
        known = list(dict.fromkeys(key for column in lacking for key in _paths(column.example)))
        if path not in known:
            files = lacking[0].file + and_more(n_more)
            raise SourceError(
                f"{files}: none of {n_records:,} records has the key {path} that the {option} "
                f"names{nearest(path, known)}",
                reason="unknown_column",
            )


def _paths(record: Any, above: str = "") -> Iterator[str]:
    """Yield every key of a record, and every dotted path into its objects."""
    if not isinstance(record, dict):
        return
    for key, value in record.items():
        yield f"{above}{key}"
        yield from _paths(value, f"{above}{key}.")


def source_of(
    value: Any, path: str, *, rest: Mapping[str, Any], otherwise: str
) -> tuple[str, Mapping[str, Any]]:
    """Return a record's source, and the remaining metadata.

    Raises:
        UnicodeEncodeError: the source is not text.
    """
    if value is None:
        return otherwise, rest
    source = value if isinstance(value, str) else json_text(value)
    source.encode()
    if source is value:
        rest = {key: item for key, item in rest.items() if key != path}
    return source, rest
