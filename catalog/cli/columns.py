"""Widths of a table's columns. Names and numbers are never cut, other columns can shrink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NAMES = frozenset(("name", "kind", "reference", "pool", "subset", "selector", "signal", "function"))
"""Columns that name the subject of a row. They never shrink or wrap."""

GAP = 3
"""Characters between two columns."""

_LEAST_NUMBER = 5  # the folded header stays readable
_LEAST_TEXT = 10  # a date


@dataclass(frozen=True)
class Column:
    """Column of a table, with its cells as texts.

    Attributes:
        name: its header.
        cells: one text for each row.
        is_number: whether its cells are numbers, which are aligned to the right.
    """

    name: str
    cells: tuple[str, ...]
    is_number: bool

    @property
    def is_whole(self) -> bool:
        """Tell whether the cells stay whole on one line."""
        return self.is_number or self.name in NAMES

    @property
    def widest(self) -> int:
        """Return the characters of the header or the longest cell, whichever is longer."""
        return max(_width(self.name), self._longest)

    @property
    def least(self) -> int:
        """Return the smallest width at which the column is shown."""
        if self.name in NAMES:
            return self.widest
        if self.is_number:
            return max(self._longest, _LEAST_NUMBER)
        return min(self.widest, _LEAST_TEXT)

    @property
    def _longest(self) -> int:
        return max(map(_width, self.cells), default=0)


def fitted(columns: Sequence[Column], width: int | None) -> tuple[list[Column], list[int]]:
    """Return the columns that fit on a line, and their widths.

    The widest columns shrink first. If columns do not fit at their smallest width, the last ones
    are left out, except names.

    Args:
        columns: the columns of the table, in order.
        width: characters of a line; None for no limit.

    >>> name, text = Column("name", ("alpaca",), False), Column("note", ("a" * 50,), False)
    >>> n = Column("n_members", ("51,974",), True)
    >>> [fitted([name, n, text], width)[1] for width in (None, 40, 28)]
    [[6, 9, 50], [6, 9, 19], [6, 6, 10]]
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
        narrowable = [n for n, column in enumerate(kept) if widths[n] > column.least]
        if not narrowable:
            break
        widths[max(narrowable, key=widths.__getitem__)] -= 1
    return kept, widths


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)  # 2 for an ideograph
