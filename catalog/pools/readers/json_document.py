"""JSON documents, through a window.

A document is a list, an object that holds a list, an object keyed by id, or a series of objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from catalog.pools.readers.json_element import element
from catalog.pools.readers.json_recovery import Elements
from catalog.pools.readers.records import (
    Container,
    PythonLiterals,
    Record,
    scan,
)
from catalog.pools.readers.tables import row_of
from catalog.pools.readers.window import Window
from catalog.pools.reasons import Rejection

LIST_KEYS = (
    "examples",
    "data",
    "rows",
    "records",
    "instances",
    "items",
    "train",
    "test",
    "validation",
    "dataset",
    "samples",
    "questions",
)
"""Keys of a document's list of records."""

_MAX_KEY = 2**16
"""Maximum characters of a key."""

_KEY = re.compile(r'"((?:[^"\\]|\\.)*+)"\s*:\s*', re.DOTALL)


def json_document(blocks: Iterable[str], *, is_record: Callable[[Any], bool]) -> Container:
    """Return the records of a JSON document.

    Args:
        blocks: the text.
        is_record: returns whether a value has the shape of a record, which distinguishes a record
            from an object keyed by id.
    """
    window = Window(blocks)
    container = Container("json objects", "element", iter(()))
    if window.skip() == "[":
        container.name = "json array"
    container.records = _documents(window, container, is_record)
    return container


def _documents(
    window: Window, container: Container, is_record: Callable[[Any], bool]
) -> Iterator[Record]:
    """Yield the records of every top-level value of the text."""
    n = 0
    known = Elements()
    while char := window.skip():
        if char == "[" and not _is_turns(window):
            window.place += 1
            records = _elements(window, container, first=n)
        elif char == "{" and (is_keyed := _holds_records(window, is_record)) is not None:
            container.name = "json object keyed by id" if is_keyed else "json object with a list"
            names = _column_names(window)
            window.place += 1
            records = _pairs(window, container, is_keyed=is_keyed, first=n, names=names)
        elif char in "]}":  # without an opening bracket
            window.place += 1
            continue
        else:
            value, raw = element(window, known)
            records = iter([(n, value, raw)])
        for record in records:
            n += 1
            if type(record[1]) is Rejection:
                record = _as_python(record, container.python)
            yield record


def _as_python(record: Record, python: PythonLiterals) -> Record:
    """Return a record that is not JSON as Python, if it is a literal."""
    position, rejection, raw = record
    return position, python.value(raw or "", otherwise=rejection), raw


def _column_names(window: Window) -> list[str] | None:
    """Return the column names of a pandas table (``orient="split"``) at the window's place.

    Returns None for any other object.
    """
    if '"columns"' not in window.text:
        return None
    try:
        value, _ = scan(window.text, window.place)
    except (ValueError, StopIteration, RecursionError):
        return None
    return _names(value.get("columns"))


def _names(value: Any) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return None
    return value or None


def _is_turns(window: Window) -> bool:
    """Return whether the list at the window's place is one record of turns or texts."""
    match = re.compile(r"\[\s*").match(window.text, window.place)
    try:
        first, _ = scan(window.text, match.end() if match else window.place)
    except (ValueError, StopIteration, RecursionError):
        return False
    if isinstance(first, dict):
        return ("role" in first and "content" in first) or ("from" in first and "value" in first)
    return isinstance(first, str) and not first.lstrip().startswith(("Human:", "### Human:"))


def _holds_records(window: Window, is_record: Callable[[Any], bool]) -> bool | None:
    """Return the kind of the object at the window's place.

    False is an object with a list of records, True an object keyed by id, None a record.
    """
    try:
        value, _ = scan(window.text, window.place)
    except (ValueError, StopIteration, RecursionError):
        value = None
    if isinstance(value, dict):
        if is_record(value):
            return None
        if any(
            isinstance(value.get(key), list)
            and value[key]
            and isinstance(value[key][0], dict | list)
            for key in LIST_KEYS
        ):
            return False
        values = list(value.values())
        are_objects = bool(values) and all(isinstance(item, dict) for item in values)
        if are_objects and is_record(values[0]):
            return True
        return None
    return _guess(window, is_record)


def _guess(window: Window, is_record: Callable[[Any], bool]) -> bool | None:
    """Return the same from the first keys of an object that is broken, or exceeds the window."""
    place = window.place + 1
    for _ in range(64):
        match = _KEY.match(window.text, _spaces(window.text, place))
        if not match:
            return None
        opening = window.text[match.end() : match.end() + 1]
        if match[1] in LIST_KEYS and re.compile(r"\[\s*[\[{]").match(window.text, match.end()):
            return False
        try:
            value, place = scan(window.text, match.end())
        except (ValueError, StopIteration, RecursionError):
            return None
        if opening == "{" and is_record(value):
            return True
    return None


def _spaces(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n,":
        place += 1
    return place


def _elements(window: Window, container: Container, *, first: int) -> Iterator[Record]:
    """Yield the elements of a list, up to its closing bracket."""
    known = Elements()
    n = first
    while char := window.skip():
        if char == "]":
            window.place += 1
            return
        if char == "}":  # from a broken element
            window.place += 1
            continue
        value, raw = element(window, known)
        yield n, value, raw
        n += 1
    container.notes.append("the list is not closed: the file may be truncated")


def _pairs(
    window: Window, container: Container, *, is_keyed: bool, first: int, names: list[str] | None
) -> Iterator[Record]:
    """Yield the records of an object: one for each key, or those of a list under LIST_KEYS.

    Lists of cells are the rows of a table if the object has the names of its columns, here or
    before.
    """
    known = Elements(is_keyed=True)
    n = first
    while char := window.skip():
        if char == "}":
            window.place += 1
            return
        match = _key(window)
        if match is None:
            yield (
                n,
                Rejection("not_json", "expected a key and a colon"),
                window.take(_line_end(window)),
            )
            n += 1
            continue
        key = match[1]
        window.place = match.end()
        if not is_keyed and key in LIST_KEYS and window.skip() == "[":
            window.place += 1
            for record in _elements(window, container, first=n):
                n += 1
                yield _in_columns(record, names, container)
            continue
        value, raw = element(window, known)
        names = names or (_names(value) if key == "columns" else None)
        if is_keyed:
            container.unit = "key"
            yield key, _with_key(value, key), raw
        elif isinstance(value, Rejection):
            yield n, value, raw
            n += 1
    container.notes.append("the object is not closed: the file may be truncated")


def _in_columns(record: Record, names: list[str] | None, container: Container) -> Record:
    """Return a list of cells as the row of a table, if the names of its columns are known."""
    position, value, raw = record
    if names is None or not isinstance(value, list):
        return record
    container.name = "json table"
    return position, row_of(names, value), raw


def _key(window: Window) -> re.Match[str] | None:
    """Return the key at the window's place, with its colon and enough text after it."""
    match = _KEY.match(window.text, window.place)
    while match is None or match.end() == len(window.text):
        if len(window.text) - window.place >= _MAX_KEY or not window.more():
            break
        match = _KEY.match(window.text, window.place)
    return match


def _line_end(window: Window) -> int:
    end = window.text.find("\n", window.place + 1)
    if end < 0:
        return len(window.text)
    return end


def _with_key(value: Any, key: str) -> Any:
    """Return a record with its key, unless another column has the name."""
    if not isinstance(value, dict) or value.get("id") == key:
        return value
    if "id" in value:
        return {"key": key, **value}
    return {"id": key, **value}
