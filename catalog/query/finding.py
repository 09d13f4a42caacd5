"""The findings about a query: what is wrong or may differ in another run, where, and the repair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Edit:
    """A change of a user's text.

    Attributes:
        start: the offset in characters where the text changes.
        end: the offset up to which it is replaced; equal to ``start`` for an insertion.
        text: the new text.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Finding:
    """A part of a query that is wrong, or whose value may differ in another run.

    Attributes:
        rule: the name of what it breaks, such as ``tie`` or ``budget``.
        location: ``file:line:column``.
        reason: what is wrong.
        repair: what to write instead.
        edit: the change of the text that repairs it; None where the repair depends on the intent.
    """

    rule: str
    location: str
    reason: str
    repair: str
    edit: Edit | None = None

    @property
    def message(self) -> str:
        """Return the reason and the repair."""
        return ": ".join(part for part in (self.reason, self.repair) if part)

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.location}: {self.message}"


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with changes; everything outside of them stays as it is.

    An edit that overlaps a later one is left out.

    >>> edited("ORDER BY a", [Edit(10, 10, ", b")])
    'ORDER BY a, b'
    """
    last = len(text)
    for edit in sorted(set(edits), reverse=True):
        if edit.end <= last:
            text = text[: edit.start] + edit.text + text[edit.end :]
            last = edit.start
    return text
