"""The expressions of a query's ORDER BY, and the columns of its answer that hold their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.query.source_text import SourceText
from catalog.query.tokens import Tokens

SETS = {"union", "intersect", "except", "distinct", "group"}
DIRECTIONS = {"asc", "desc", "nulls", "first", "last"}
KEYS = {"fingerprint", "instruction_id"}

Range = tuple[int, int]  # of tokens


@dataclass(frozen=True)
class Ordered:
    """A query's order.

    Attributes:
        query: the query with a column for each expression that it does not return; None if none is
            missing or none can be added.
        shown: the expressions with their directions, as a person reads them.
        columns: the column of each expression, and whether the text itself gives it that name.
    """

    query: SourceText | None = None
    shown: tuple[str, ...] = ()
    columns: tuple[tuple[str, bool], ...] = ()


@dataclass
class _Columns:
    """The columns that hold the expressions of an ORDER BY, and those to add."""

    returned: Mapping[str, str]  # by expression and by name
    named: list[tuple[str, bool]] = field(default_factory=list)
    added: dict[str, SourceText] = field(default_factory=dict)

    def add(self, expression: str, written: SourceText, *, is_word: bool) -> None:
        """Add the column of one expression."""
        is_named = is_word or expression in self.returned
        number = f" {len(self.added) + 1}" if self.added else ""
        name = self.returned.get(expression, expression) if is_named else f"order{number}"
        self.named.append((name, is_named))
        if name not in self.returned.values():
            self.added[name] = written


def ordered(text: SourceText, layout: Tokens, start: int, stop: int) -> Ordered:
    """Read the order of a query.

    Args:
        text: the whole text.
        layout: its tokens.
        start: the first token of the query.
        stop: the token after its ORDER BY.
    """
    level = list(layout.level(start, stop))
    names = [layout[i].name for i in level]
    if "order" not in names:
        return Ordered()
    select, from_ = _select_and_from(level, names)
    columns = _Columns(_returned(layout, select + 1, from_))
    shown = []
    for first, end in _expressions(text, layout, level[names.index("order")] + 2, stop):
        bare = _without_direction(layout, first, end)
        expression = layout.text(first, bare)
        written = text.cut(layout[first].start, layout[bare - 1].end)
        columns.add(expression, written, is_word=bare - first == 1)
        name, is_named = columns.named[-1]
        direction = [layout[i].text for i in range(bare, end)]
        shown.append(" ".join([name if is_named else expression, *direction]))
    can_add = from_ > 0 and "*" not in columns.returned
    query = None
    if columns.added and can_add:
        query = text.cut(layout[start].start, layout[from_].start)
        for name, written in columns.added.items():
            query = query + ", " + written + f' AS "{name}" '
        query = query + text.cut(layout[from_].start, layout[stop - 1].end) + " "
    return Ordered(query, tuple(shown), tuple(columns.named))


def _select_and_from(level: list[int], names: list[str]) -> Range:
    """Return the tokens SELECT and FROM of a plain query; zeros for any other."""
    is_plain = not SETS & set(names) and names.count("select") == 1 and "from" in names
    return (level[names.index("select")], level[names.index("from")]) if is_plain else (0, 0)


def _expressions(text: SourceText, layout: Tokens, start: int, stop: int) -> list[Range]:
    """Return the expressions of an ORDER BY that the user wrote, without the key of a member."""
    return [
        (first, end)
        for first, end in layout.split(start, stop)
        if layout[end - 1].name not in KEYS and not text.is_added(layout[first].start)
    ]


def _without_direction(layout: Tokens, first: int, end: int) -> int:
    """Return where ``expression [ASC | DESC] [NULLS FIRST | LAST]`` has its direction."""
    while end - 1 > first and layout[end - 1].name in DIRECTIONS:
        end -= 1
    return end


def _returned(layout: Tokens, start: int, stop: int) -> dict[str, str]:
    """Return the columns of a SELECT by expression and by name."""
    columns: dict[str, str] = {}
    for first, end in layout.split(start, stop):
        aliases = (i for i in layout.level(first, end) if layout[i].name == "as")
        name = layout[end - 1].name
        columns |= {layout.text(first, next(aliases, end)): name, name: name}
    return columns
