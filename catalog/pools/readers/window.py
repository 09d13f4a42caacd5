"""Window on a long text that moves forward."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BETWEEN = re.compile(r"[\s,\ufeff]*")


class Window:
    """Text that arrives in blocks; only its unread part is kept in memory.

    Attributes:
        text: the part that is in memory.
        place: the place of reading in ``text``.
        is_last: whether ``text`` is the end.
    """

    def __init__(self, blocks: Iterable[str]) -> None:
        self._blocks = iter(blocks)
        self.text = ""
        self.place = 0
        self.is_last = False
        self.more()

    def more(self) -> bool:
        """Drop the text before the place, and at least double the rest; False at the end."""
        if self.is_last:
            return False
        n_kept = len(self.text) - self.place
        parts, n_chars = [], 0
        for block in self._blocks:
            parts.append(block)
            n_chars += len(block)
            if n_chars > n_kept:
                break
        else:
            self.is_last = True
        if n_chars:
            self.text, self.place = "".join([self.text[self.place :], *parts]), 0
        return n_chars > 0

    def skip(self) -> str:
        """Skip white space and commas, and return the next character; "" at the end."""
        while True:
            match = _BETWEEN.match(self.text, self.place)
            if match:
                self.place = match.end()
            if self.place < len(self.text):
                return self.text[self.place]
            if not self.more():
                return ""

    def take(self, end: int) -> str:
        """Return the text up to ``end``, and move there."""
        taken = self.text[self.place : end]
        self.place = end
        return taken
