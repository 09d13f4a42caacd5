"""Registry of record formats: one function a file, each under the name of its function.

A format takes one record and returns an `Instruction`, a `Rejection`, or None when the record has
another shape. Other packages add formats through the entry-point group ``catalog.formats``, whose
entry points name modules that use `record_format`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog.errors import OptionError
from catalog.plugins import load_plugins, plugins
from catalog.pools.conversation import Instruction
from catalog.pools.reasons import Rejection

ENTRY_POINTS = "catalog.formats"

Format = Callable[[Any], Instruction | Rejection | None]


@dataclass(frozen=True, kw_only=True)
class RecordFormat:
    """Registered record format.

    Attributes:
        name: the name of its function, which ``format=`` takes.
        read: the function.
        order: its place among the formats that detection tries.
        summary: the first line of the function's docstring.
    """

    name: str
    read: Format
    order: int
    summary: str


REGISTRY: dict[str, RecordFormat] = {}
"""The formats registered so far, by name. `record_formats` completes it first."""


def record_format(*, order: int) -> Callable[[Format], Format]:
    """Register a function as the record format of its name.

    Args:
        order: detection tries the formats in ascending order. A special format needs a lower
            number than a general one that also fits its records; the built-in formats use the
            numbers from 10 to 140.

    Raises:
        OptionError: another module registers a format of the same name.
    """

    def register(read: Format) -> Format:
        name = read.__name__
        earlier = REGISTRY.get(name)
        if earlier is not None and earlier.read.__module__ != read.__module__:
            raise OptionError(
                f"two record formats are named {name}: "
                f"one in {earlier.read.__module__}, one in {read.__module__}"
            )
        summary = (read.__doc__ or "").strip().partition("\n")[0]
        REGISTRY[name] = RecordFormat(name=name, read=read, order=order, summary=summary)
        return read

    return register


def record_formats() -> tuple[RecordFormat, ...]:
    """Return every record format, in the order in which detection tries them."""
    load_plugins(ENTRY_POINTS, package="catalog.pools.formats")
    return tuple(sorted(REGISTRY.values(), key=lambda item: (item.order, item.name)))


def formats() -> tuple[Format, ...]:
    """Return the function of every record format, in the same order."""
    return tuple(item.read for item in record_formats())


def are_importable() -> bool:
    """Return whether another process has the same formats, because modules register them."""
    known = [point.point.module for point in plugins(ENTRY_POINTS)]
    return all(
        any(
            module == name or module.startswith(f"{name}.")
            for name in ("catalog.pools.formats", *known)
        )
        for module in (item.read.__module__ for item in record_formats())
    )


def format_names() -> tuple[str, ...]:
    """Return the name of every record format, in the same order.

    >>> format_names()[:3]
    ('exported', 'preference', 'sharegpt')
    """
    return tuple(item.name for item in record_formats())


def named(name: str) -> Format | None:
    """Return the function of the format with that name, or None.

    >>> named("alpaca").__name__, named("nothing")
    ('alpaca', None)
    """
    record_formats()
    if name in REGISTRY:
        return REGISTRY[name].read
    return None
