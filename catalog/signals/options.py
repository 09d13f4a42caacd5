"""Options of computations, each declared once.

A default, its range and its help text come from here, and so do the command line's options, a
signal's identity, and the command that continues a signal with the options that it was made with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, get_type_hints

from catalog.errors import OptionError

TINY = "tiny"
"""The proxy that is made from the pool itself, and whose training has defaults of its own."""

NESTED = ("start", "recipe", "projection")
"""The parts of an identity that hold settings of their own."""

_SAME: Any = object()


@dataclass(frozen=True)
class OptionRule:
    """Rule for one option: its range, its help text, and its place in an identity.

    Attributes:
        help: a noun phrase or an imperative.
        min: the smallest value.
        max: the largest value.
        is_min_open: whether ``min`` itself is refused.
        is_max_open: whether ``max`` itself is refused.
        choices: the possible values.
        identity: the key in a signal's identity; None if the option is not part of it.
        effective: the value that holds when nobody sets the option.
        tiny: the same for the proxy `TINY`.
        metavar: what the command line's help calls the value; None is its type.
    """

    help: str
    min: float | None
    max: float | None
    is_min_open: bool
    is_max_open: bool
    choices: tuple[str, ...]
    identity: str | None
    effective: Any
    tiny: Any
    metavar: str | None = None

    def accepts(self, value: Any) -> bool:
        """Return whether a value is in the range."""
        if self.choices:
            return value in self.choices
        above = self.min is None or value > self.min or (value == self.min and not self.is_min_open)
        below = self.max is None or value < self.max or (value == self.max and not self.is_max_open)
        return bool(above and below)

    def expected(self) -> str:
        """Return the range as text."""
        if self.choices:
            return " or ".join(self.choices)
        parts = []
        if self.min is not None:
            parts.append(f"{'more than' if self.is_min_open else 'at least'} {self.min:g}")
        if self.max is not None:
            parts.append(f"{'less than' if self.is_max_open else 'at most'} {self.max:g}")
        return " and ".join(parts)


def option(
    default: Any = MISSING,
    *,
    help: str,
    min: float | None = None,
    max: float | None = None,
    is_min_open: bool = False,
    is_max_open: bool = False,
    choices: tuple[str, ...] = (),
    identity: str | None = _SAME,
    effective: Any = _SAME,
    tiny: Any = _SAME,
    metavar: str | None = None,
) -> Any:
    """Declare one field of an `Options` class; see `OptionRule`.

    Args:
        default: of the Python argument and of the command line; None if the computation decides.
            An option without one must be given.
        help: as `OptionRule` has it, and so on.
        min: the smallest value.
        max: the largest value.
        is_min_open: whether ``min`` itself is refused.
        is_max_open: whether ``max`` itself is refused.
        choices: the possible values.
        identity: the field's own name if not given.
        effective: ``default`` if not given.
        tiny: ``effective`` if not given.
        metavar: as `OptionRule` has it.
    """
    usual = default if effective is _SAME else effective
    of_tiny = usual if tiny is _SAME else tiny
    in_identity = (identity, usual, of_tiny)
    rule = OptionRule(
        help, min, max, is_min_open, is_max_open, choices, *in_identity, metavar=metavar
    )
    return field(default=default, metadata={"rule": rule})


def tuned_share(help: str) -> Any:
    """Declare the share of a pool that a model is tuned on: between 0 and 1, both excluded."""
    bounds: dict[str, Any] = {"min": 0, "max": 1, "is_min_open": True, "is_max_open": True}
    return option(0.05, help=help, identity="share", **bounds)


@dataclass(frozen=True)
class DeclaredOption:
    """Field of an `Options` class with its rule."""

    name: str
    type: Any
    default: Any
    rule: OptionRule

    @property
    def identity(self) -> str | None:
        """Return the key in a signal's identity."""
        if self.rule.identity is _SAME:
            return self.name
        return self.rule.identity

    @property
    def is_required(self) -> bool:
        """Return whether the option has no default."""
        return self.default is MISSING


@dataclass(frozen=True, kw_only=True)
class Options:
    """Base of the options of one computation: its fields are checked when it is made."""

    def __post_init__(self) -> None:
        for declared in self.declared():
            value = getattr(self, declared.name)
            if value is not None and not declared.rule.accepts(value):
                raise OptionError(
                    f"{declared.name}: expected {declared.rule.expected()}, got {value!r}"
                )

    @classmethod
    def declared(cls) -> Iterator[DeclaredOption]:
        """Yield the options in their order."""
        types = get_type_hints(cls)
        for each in fields(cls):
            yield DeclaredOption(each.name, types[each.name], each.default, each.metadata["rule"])

    def identity(self) -> dict[str, Any]:
        """Return what changes a signal's values, by the keys of its identity."""
        return {
            declared.identity: getattr(self, declared.name)
            for declared in self.declared()
            if declared.identity is not None
        }

    @classmethod
    def changed(cls, settings: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        """Return the options, by name, whose settings in a signal differ from the defaults.

        Args:
            settings: of the signal; see `effective_settings`.
        """
        is_tiny = settings.get("model") == TINY
        changed = []
        for declared in cls.declared():
            usual = declared.rule.tiny if is_tiny else declared.rule.effective
            if declared.identity is not None:
                value = settings.get(declared.identity, usual)
                if value != usual:
                    changed.append((declared.name, value))
        return tuple(changed)


def effective_settings(
    identity: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return every setting of a signal by name, including those of its inputs.

    A setting of the signal itself takes precedence over one of an input.

    Args:
        identity: of the signal.
        others: identities of signals by their hash.

    >>> base = {"model": "tiny", "max_length": 256}
    >>> effective_settings({"inputs": {"base": "b3"}, "version": 1}, {"b3": base})
    {'model': 'tiny', 'max_length': 256, 'version': 1}
    """
    settings: dict[str, Any] = {}
    for sha256 in reversed(list((identity.get("inputs") or {}).values())):
        settings |= effective_settings(others.get(sha256, {}), others)
    for name in NESTED:
        settings |= identity.get(name) or {}
    for name, value in identity.items():
        if name not in (*NESTED, "inputs"):
            settings[name] = value
    return settings
