"""JSON Lines: one value a line, each line on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from catalog.pools.readers.records import MAX_RECORD, PythonLiterals, Record, not_json, scan
from catalog.pools.reasons import Rejection


def json_lines(
    blocks: Iterable[str], *, note: Callable[[list[str]], None] | None = None
) -> Iterator[Record]:
    """Yield the values of the lines that are not blank; a position is a line number from 1.

    A line that is a Python literal is read as such; ``note`` is told at the end how many are.

    >>> [value for _, value, _ in json_lines(['{"a": 1}\\r\\n\\n{"a"', ': 2}'])]
    [{'a': 1}, {'a': 2}]
    """
    number = 0
    python = PythonLiterals()
    for lines in _lines(blocks):
        for line in lines:
            number += 1
            try:
                value, end = scan(line, 0)
            except (ValueError, StopIteration, RecursionError):
                text = line.strip(" \t\r\n\ufeff\x00")
                if text:
                    value = _value(text)
                    yield (
                        number,
                        python.value(text, otherwise=value) if type(value) is Rejection else value,
                        line,
                    )
                continue
            if end != len(line) and not line[end:].isspace():
                yield (
                    number,
                    Rejection(
                        "not_json",
                        f"more text after the value, from character {end}: {line[end : end + 40]!r}",
                    ),
                    line,
                )
                continue
            yield number, value, line
    if note is not None:
        note(python.notes("line"))


def _value(text: str) -> object:
    """The value of a line that could not be read as it stands."""
    if len(text) >= MAX_RECORD:
        return Rejection("too_large", f"a line of more than {MAX_RECORD:,} characters")
    try:
        value, end = scan(text, 0)
    except (ValueError, StopIteration, RecursionError) as error:
        return not_json(error)
    return (
        value
        if end == len(text)
        else Rejection("not_json", f"more text after the value, from character {end}")
    )


def _lines(blocks: Iterable[str]) -> Iterator[list[str]]:
    """Whole lines, without their ends, a block at a time; what exceeds MAX_RECORD of one line is dropped."""
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
            # Without its middle a line must not be taken for whole, so its end goes too.
            lines[0] = "".join([*pending, lines[0]] if n_pending < MAX_RECORD else pending)
        last = lines.pop()
        pending, n_pending = [last], len(last)
        yield lines
    if n_pending:
        yield ["".join(pending)]
