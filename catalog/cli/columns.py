"""How wide the columns of a table are: names and numbers are never cut, other columns give way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NAMES = frozenset(("name", "kind", "reference", "pool", "subset", "selector", "signal", "function"))
"""Columns that name what a row is about: never narrowed, never wrapped."""

GAP = 3
"""Characters between two columns."""

_LEAST_NUMBER = 5  # so that the header can still be read, folded
_LEAST_TEXT = 10  # a date


@dataclass(frozen=True)
class Column:
    """One column of a table, its cells as texts.

    Attributes:
        name: its header.
        cells: one text a row.
        is_number: whether its cells are numbers, which stand to the right.
    """

    name: str
    cells: tuple[str, ...]
    is_number: bool

    @property
    def is_whole(self) -> bool:
        """Whether its cells must stay on one line, uncut."""
        return self.is_number or self.name in NAMES

    @property
    def widest(self) -> int:
        """Characters of its header or its longest cell, whichever is longer."""
        return max(_width(self.name), self._longest)

    @property
    def least(self) -> int:
        """Characters that it needs to be worth showing."""
        if self.name in NAMES:
            return self.widest
        return (
            max(self._longest, _LEAST_NUMBER) if self.is_number else min(self.widest, _LEAST_TEXT)
        )

    @property
    def _longest(self) -> int:
        return max(map(_width, self.cells), default=0)


def fitted(columns: Sequence[Column], width: int | None) -> tuple[list[Column], list[int]]:
    """Choose the columns that a line holds, and their widths.

    The widest columns give way first. Columns that do not fit at their least width are left out,
    the last first, names never.

    Args:
        columns: of the table, in order.
        width: characters of a line; None for no limit.

    >>> name, n, text = Column("name", ("alpaca",), False), Column("n_members", ("51,974",), True), Column("note", ("a" * 50,), False)
    >>> fitted([name, n, text], None)[1], fitted([name, n, text], 40)[1], fitted([name, n, text], 28)[1]
    ([6, 9, 50], [6, 9, 19], [6, 6, 10])
    >>> [column.name for column in fitted([text, n, name], 20)[0]]
    ['note', 'name']
    """
    kept = list(columns)
    if width is None:
        return kept, [column.widest for column in kept]
    while sum(column.least + GAP for column in kept) - GAP > width:
        last = next((column for column in reversed(kept) if column.name not in NAMES), None)
        if last is None or len(kept) == 1:
            break
        kept.remove(last)
    widths = [column.widest for column in kept]
    while sum(widths) + GAP * (len(widths) - 1) > width:
        able = [place for place, column in enumerate(kept) if widths[place] > column.least]
        if not able:
            break
        widths[max(able, key=lambda place: widths[place])] -= 1
    return kept, widths


def _width(text: str) -> int:
    from rich.cells import cell_len  # an ideograph takes two columns

    return cell_len(text)
