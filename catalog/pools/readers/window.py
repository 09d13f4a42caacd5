"""A stretch of a long text, moved forward as it is read."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BETWEEN = re.compile(r"[\s,\ufeff]*")


class Window:
    """A text that arrives in blocks; only what is not yet read is held.

    Attributes:
        text: what is held.
        at: where reading goes on in ``text``.
        is_last: whether nothing follows ``text``.
    """

    def __init__(self, blocks: Iterable[str]) -> None:
        self._blocks = iter(blocks)
        self.text = ""
        self.at = 0
        self.is_last = False
        self.more()

    def more(self) -> bool:
        """Drop what is read and at least double what is not; False, and nothing moves, at the end of the text."""
        if self.is_last:
            return False
        n_kept = len(self.text) - self.at
        parts, n_chars = [], 0
        for block in self._blocks:
            parts.append(block)
            n_chars += len(block)
            if n_chars > n_kept:
                break
        else:
            self.is_last = True
        if n_chars:
            self.text, self.at = "".join([self.text[self.at :], *parts]), 0
        return n_chars > 0

    def skip(self) -> str:
        """Pass white space and commas, and show the next character; "" at the end."""
        while True:
            match = _BETWEEN.match(self.text, self.at)
            self.at = match.end() if match else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def take(self, end: int) -> str:
        """The text up to ``end``, which is passed."""
        taken = self.text[self.at : end]
        self.at = end
        return taken
