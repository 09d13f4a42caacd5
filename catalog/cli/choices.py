"""Choices that are looked up when a command runs, so that starting up imports none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click


class LazyChoice(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """Choice among names that a function returns when they are first needed.

    Attributes:
        names: returns the names.
    """

    name = "choice"

    def __init__(self, names: Callable[[], Sequence[str]]) -> None:
        self.names = names

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the names as a help text shows them."""
        return f"[{'|'.join(self.names())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value when it is one of the names."""
        names = self.names()
        if value in names:
            return value
        return self.fail(f"{value!r} is not one of {', '.join(names)}", param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Return the names that begin with a text."""
        matching = [name for name in self.names() if name.startswith(incomplete)]
        return [click.shell_completion.CompletionItem(name) for name in matching]


def record_formats() -> tuple[str, ...]:
    """Return what ``register --format`` takes."""
    from catalog.pools.formats.registry import format_names

    return ("auto", *format_names())


def tree_modes() -> tuple[str, ...]:
    """Return what ``register --tree`` takes."""
    from catalog.pools.modes import TREE_MODES

    return TREE_MODES


def exporters() -> tuple[str, ...]:
    """Return what ``export --format`` takes."""
    from catalog.export.registry import exporter_names

    return exporter_names()
