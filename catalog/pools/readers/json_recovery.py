"""Find where a broken JSON element ends, so that only that element is lost."""

from __future__ import annotations

import json
import re
from typing import Any

from catalog.pools.readers.records import MAX_RECORD
from catalog.pools.readers.window import Window

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]"]', re.DOTALL)
_FIRST_KEY = re.compile(r'\{\s*("(?:[^"\\]|\\.)*+")\s*:', re.DOTALL)
_PAIR = r',\s*"(?:[^"\\]|\\.)*+"\s*:'
_CLOSED = rf"\s*(?:\Z|[\[{{}}\n]|{_PAIR})"  # the text after the last closing bracket
_NEXT = {
    "{": re.compile(rf"\s*(?:,\s*\{{|\]{_CLOSED}|\Z)", re.DOTALL),
    "[": re.compile(rf"\s*(?:,\s*\[|\]{_CLOSED}|\Z)", re.DOTALL),
}
_NEXT_PAIR = re.compile(rf"\s*(?:{_PAIR}|\}}{_CLOSED}|\Z)", re.DOTALL)
_BARE = re.compile(r"[^,\[\]{}\n]+")
_MARGIN = 16
_MOST_KEYS = 8


class Elements:
    """Search for the end of a broken element in a list or object, from its good elements.

    The earlier of two signs wins:

    - The brackets are balanced (strings are skipped, with raw newlines in them) and a separator
      follows. This covers a trailing comma, NaN, a newline in a string, a bad escape.
    - Another element begins like the earlier ones, with ``{"instruction":``, after a comma or a
      bracket. Inside a string its quotes are escaped, so this also covers a missing quote, which
      breaks the balance.

    In a record with a missing quote, a text such as ``}][`` still ends the list.

    Attributes:
        last: the last good element.
    """

    def __init__(self, *, is_keyed: bool = False) -> None:
        self._is_keyed = is_keyed
        self._keys: dict[str, None] = {}
        self.last: Any = None

    def _remember(self, window: Window) -> None:
        """Keep the start of the broken element at the window's place, and of the last good one."""
        match = _FIRST_KEY.match(window.text, window.place)
        if match and len(self._keys) < _MOST_KEYS:
            self._keys[match[1]] = None
        if isinstance(self.last, dict) and self.last:
            self._keys[json.dumps(next(iter(self.last)), ensure_ascii=False)] = None

    def end(self, window: Window) -> int | None:
        """Return the end of the broken element at the window's place; None if it is too long.

        The window can move; the end counts from its start.
        """
        self._remember(window)
        while True:
            end = self._end_in(window.text, window.place)
            if end is not None and (end + _MARGIN < len(window.text) or window.is_last):
                return end
            if len(window.text) - window.place > MAX_RECORD:
                return None
            if not window.more():
                if end is None:
                    return len(window.text)
                return end

    def _end_in(self, text: str, start: int) -> int | None:
        bare = _BARE.match(text, start)
        if bare:  # a literal without brackets that is not JSON
            return bare.end()
        restart = self._restart(text, start)
        balance = self._balance(text, start, len(text) if restart is None else restart)
        if balance is None:
            return restart
        return balance

    def _restart(self, text: str, start: int) -> int | None:
        """Return the place where the next element begins like the earlier ones."""
        if text[start] == "[":
            pattern = re.compile(r'\[\s*["{]')
        elif self._keys:
            head = r'"(?:[^"\\\n]|\\.)*+"\s*:\s*' if self._is_keyed else ""
            pattern = re.compile(rf"{head}\{{\s*(?:{'|'.join(map(re.escape, self._keys))})\s*:")
        else:
            return None
        for match in pattern.finditer(text, start + 1):
            before = text[max(start, match.start() - 200) : match.start()].rstrip()
            if before.endswith((",", "}", "]")) and (
                text[start] != "[" or before.rstrip(",").rstrip().endswith("]")
            ):
                return match.start()
        return None

    def _balance(self, text: str, start: int, stop: int) -> int | None:
        """Return the end of balanced brackets before a separator."""
        follows = _NEXT_PAIR if self._is_keyed else _NEXT.get(text[start], _NEXT_PAIR)
        opened: list[str] = []
        for match in _TOKEN.finditer(text, start, stop):
            token = match[0]
            if token == '"':  # a string without an end
                return None
            if token in "{[":
                opened.append(token)
            elif token in "}]":
                if not opened or opened.pop() + token not in ("{}", "[]"):
                    return None
                if not opened:
                    if follows.match(text, match.end()):
                        return match.end()
                    return None
        return None
