"""JSON Lines: one value per line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catalog.pools.readers.records import MAX_RECORD, PythonLiterals, Record, not_json, scan
from catalog.pools.reasons import Rejection


def json_lines(
    blocks: Iterable[str], *, python: PythonLiterals | None = None, n_before: int = 0
) -> Iterator[Record]:
    """Yield the values of the lines that are not blank. A position is a line number from 1.

    Args:
        blocks: the text.
        python: reads and counts the lines that are Python literals in place of JSON.
        n_before: number of lines of the file before the text.

    >>> [value for _, value, _ in json_lines(['{"a": 1}\\r\\n\\n{"a"', ': 2}'])]
    [{'a': 1}, {'a': 2}]
    """
    number = n_before
    python = python or PythonLiterals()
    for lines in _lines(blocks):
        for line in lines:
            number += 1
            try:
                value, end = scan(line, 0)
            except (ValueError, StopIteration, RecursionError):
                text = line.strip(" \t\r\n\ufeff\x00")
                if text:
                    value = _value(text)
                    if type(value) is Rejection:
                        value = python.value(text, otherwise=value)
                    yield number, value, line
                continue
            if end != len(line) and not line[end:].isspace():
                yield (
                    number,
                    Rejection(
                        "not_json",
                        f"text after the value, from character {end}: {line[end : end + 40]!r}",
                    ),
                    line,
                )
                continue
            yield number, value, line


def _value(text: str) -> object:
    """Return the value of a line that failed to parse."""
    if len(text) >= MAX_RECORD:
        return Rejection("too_large", f"a line of more than {MAX_RECORD:,} characters")
    try:
        value, end = scan(text, 0)
    except (ValueError, StopIteration, RecursionError) as error:
        return not_json(error)
    if end < len(text):
        return Rejection("not_json", f"text after the value, from character {end}")
    return value


def _lines(blocks: Iterable[str]) -> Iterator[list[str]]:
    """Yield lists of complete lines without their ends; a line is cut after MAX_RECORD."""
    pending: list[str] = []
    n_pending = 0
    for block in blocks:
        if "\n" not in block:
            if n_pending < MAX_RECORD:
                pending.append(block)
            n_pending += len(block)
            continue
        lines = block.split("\n")
        if n_pending:
            # A line without its middle must not look complete, so its end is dropped too.
            lines[0] = "".join([*pending, lines[0]] if n_pending < MAX_RECORD else pending)
        last = lines.pop()
        pending, n_pending = [last], len(last)
        yield lines
    if n_pending:
        yield ["".join(pending)]
