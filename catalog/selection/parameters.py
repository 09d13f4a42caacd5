"""Parameters of a selector: types, ranges and values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from catalog.errors import OptionError
from catalog.store.references import check_reference

TRUE, FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


@dataclass(frozen=True)
class Param:
    """Parameter of a selector, as its header declares it."""

    name: str
    type: str  # integer, number, text, boolean or reference
    default: Any
    is_required: bool
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    meaning: str = ""

    def value(self, given: Any) -> Any:
        """Return a value as the parameter's type.

        Args:
            given: a text from the command line, or a value.

        Raises:
            OptionError: the value has another type, or is out of range.

        >>> Param("k", "integer", 100, False, low=1).value("50")
        50
        """
        if given is None or (isinstance(given, str) and given.upper() == "NULL"):
            return None
        try:
            value = READERS[self.type](given)
        except (TypeError, ValueError):
            expected = f"{self.name} takes {NOUNS[self.type]}, not {given!r}"
            raise OptionError(f"{expected}: {self.shown()}") from None
        is_below = self.low is not None and value < self.low
        is_above = self.high is not None and value > self.high
        if is_below or is_above or (self.choices and value not in self.choices):
            raise OptionError(f"{self.name} cannot be {given!r}: {self.shown()}")
        return value

    def shown(self) -> str:
        """Return the parameter as a header writes it."""
        parts = [self.name, self.type]
        if not self.is_required:
            parts.append(f"= {_written(self.default)}")
        if self.low is not None or self.high is not None:
            parts.append(f"[{_bound(self.low)}..{_bound(self.high)}]")
        if self.choices:
            parts.append(f"{{{', '.join(self.choices)}}}")
        return " ".join([*parts, self.meaning]).strip()


def _integer(given: Any) -> int:
    if isinstance(given, bool) or (isinstance(given, float) and not given.is_integer()):
        raise ValueError(given)
    return int(given)


def _number(given: Any) -> float:
    if isinstance(given, bool) or not math.isfinite(float(given)):
        raise ValueError(given)
    return float(given)


def _boolean(given: Any) -> bool:
    word = str(given).lower()
    if word not in TRUE | FALSE:
        raise ValueError(given)
    return word in TRUE


def _reference(given: Any) -> str:
    return check_reference(str(given))


READERS: dict[str, Any] = {
    "integer": _integer,
    "number": _number,
    "text": str,
    "boolean": _boolean,
    "reference": _reference,
}
NOUNS = {
    "integer": "an integer",
    "number": "a number",
    "text": "a text",
    "boolean": "true or false",
    "reference": "a pool or subset",
}


def _written(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return _bound(value)
    return str(value)


def _bound(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:g}"
