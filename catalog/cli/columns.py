"""Widths of a table's columns, and the columns that leave when a terminal is too narrow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

NAMES = frozenset(
    ("", "name", "kind", "reference", "pool", "subset", "selector", "signal", "function", "file")
)
"""Columns that name the subject of a row. They never shrink, wrap or leave."""

ORIGINS = frozenset(("pool", "selector"))
"""Columns that name the subject of a row, unless there is a column ``name``."""

COMMAND = "command"
"""Column of commands. Where it does not fit, rows are shown one by one."""

EXPENDABLE = (
    *("identity", "lance_table", "members", "definition", "n_bytes", "dimension", "signal_id"),
    *("index_recall", "is_prompts_only", "shapes", "seconds", "seed"),
    *("settings", "paper", "encoding", "marked_at"),
)
"""Columns that leave before others, the first one first."""

GAP = 3
"""Characters between two columns."""

_LEAST_TEXT, _LONGEST_WORD = 16, 24


@dataclass(frozen=True)
class Column:
    """Column of a table, with its cells as texts.

    Attributes:
        name: its header.
        cells: one text for each row.
        is_number: whether its cells are numbers, which are aligned to the right.
        is_fixed: whether its cells are dates or hashes, which stay on one line.
    """

    name: str
    cells: tuple[str, ...]
    is_number: bool
    is_fixed: bool = False

    @property
    def is_whole(self) -> bool:
        """Tell whether the cells stay whole on one line, as a command to be copied does."""
        return self.is_number or self.is_fixed or self.name in NAMES or self.name == COMMAND

    @property
    def is_empty(self) -> bool:
        """Tell whether no cell has a text."""
        return not any(self.cells)

    @property
    def widest(self) -> int:
        """Return the characters of the header or the longest cell, whichever is longer."""
        return max(_width(self.name), self._longest)

    @property
    def least(self) -> int:
        """Return the smallest width at which the column is shown."""
        header = max(map(_width, _parts(self.name)), default=0)
        if self.is_whole:
            return max(self._longest, header)
        longest_word = max(
            (_width(word) for cell in self.cells for word in cell.split()), default=0
        )
        return min(self.widest, max(_LEAST_TEXT, min(longest_word, _LONGEST_WORD), header))

    @property
    def _longest(self) -> int:
        return max(map(_width, self.cells), default=0)


def fitted(columns: Sequence[Column], width: int | None) -> tuple[list[Column], list[int]]:
    """Return the columns that fit on a line, and their widths.

    The widest columns shrink first. If columns do not fit at their smallest width, some leave:
    empty ones first, then those of `EXPENDABLE`, then the last ones. Names of the subject stay.

    Args:
        columns: the columns of the table, in order.
        width: characters of a line; None for no limit.

    >>> name, text = Column("name", ("alpaca",), False), Column("note", ("a " * 25,), False)
    >>> n = Column("n_members", ("51,974",), True)
    >>> [fitted([name, n, text], width)[1] for width in (None, 40, 35)]
    [[6, 9, 50], [6, 9, 19], [6, 7, 16]]
    >>> [column.name for column in fitted([text, n, name], 25)[0]]
    ['note', 'name']
    """
    kept = list(columns)
    subjects = NAMES - ORIGINS if any(column.name == "name" for column in kept) else NAMES
    if width is None:
        return kept, [column.widest for column in kept]
    while len(kept) > 1 and sum(column.least + GAP for column in kept) - GAP > width:
        leaving = [
            (_leaves(each, n), n) for n, each in enumerate(kept) if each.name not in subjects
        ]
        if not leaving:
            break
        first = kept[min(leaving)[1]]
        kept.remove(first)
    widths = [column.widest for column in kept]
    while sum(widths) + GAP * (len(widths) - 1) > width:
        narrowable = [n for n, column in enumerate(kept) if widths[n] > column.least]
        if not narrowable:
            break
        widths[max(narrowable, key=widths.__getitem__)] -= 1
    return kept, widths


def blocks(columns: Sequence[Column], width: int | None) -> list[list[Column]]:
    """Return the columns in groups that fit on a line at full width, each led by the first column.

    >>> first, *rest = (Column(name, ("1" * 5,), True) for name in ("n", "a", "b", "c"))
    >>> [[column.name for column in block] for block in blocks([first, *rest], 21)]
    [['n', 'a', 'b'], ['n', 'c']]
    """
    first, *others = columns
    found = [[first]]
    for column in others:
        used = sum(each.widest + GAP for each in found[-1])
        if width is not None and used + column.widest > width and len(found[-1]) > 1:
            found.append([first])
        found[-1].append(column)
    return found


def header(name: str, width: int) -> str:
    """Return a header in lines of that width, broken at spaces and after underscores.

    >>> header("n_quarantined", 11), header("n_rows", 6), header("last selected", 9)
    ('n_\\nquarantined', 'n_rows', 'last\\nselected')
    """
    lines = [""]
    for part in _parts(name):
        if _width(lines[-1] + part.rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.strip() for line in lines)


def _parts(name: str) -> list[str]:
    return re.findall(r"[^_\s]*[_\s]+|[^_\s]+", name)


def _leaves(column: Column, place: int) -> tuple[bool, int, int]:
    """Return the key by which columns leave, the lowest first."""
    expendable = len(EXPENDABLE)
    if column.name in EXPENDABLE:
        expendable = EXPENDABLE.index(column.name)
    return not column.is_empty, expendable, -place


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)  # 2 for an ideograph
