"""Click options from an `Options` class, so that help, range and default stand in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import click

from catalog.signals.options import DeclaredOption, OptionRule, Options


def add_options(options: type[Options]) -> Callable[[Any], Any]:
    """Return a decorator that adds a click option for each option of a computation."""

    def decorate(command: Any) -> Any:
        for declared in reversed(list(options.declared())):
            command = _option(declared)(command)
        return command

    return decorate


def _option(declared: DeclaredOption) -> Callable[[Any], Any]:
    defaults: dict[str, Any] = {"required": True}
    if not declared.is_required:
        is_shown = declared.default is not None
        defaults = {"default": declared.default, "show_default": is_shown}
    return click.option(
        f"--{declared.name.replace('_', '-')}",
        type=_type(declared),
        **defaults,
        metavar=declared.rule.metavar,
        help=_help(declared),
    )


def _help(declared: DeclaredOption) -> str:
    """Return the help text, with the default that holds where the option itself has none."""
    rule = declared.rule
    if declared.default is not None or rule.effective is None:
        return rule.help
    of_tiny = f"; {rule.tiny:g} for tiny" if rule.tiny != rule.effective else ""
    return f"{rule.help} Default: {rule.effective:g}{of_tiny}."


def _type(declared: DeclaredOption) -> Any:
    rule = declared.rule
    if rule.choices:
        return click.Choice(rule.choices)
    types = {declared.type, *get_args(declared.type)}
    if float in types:
        return _range(click.FloatRange, rule)
    if int in types:
        return _range(click.IntRange, rule)
    return click.STRING


def _range(kind: Callable[..., Any], rule: OptionRule) -> Any:
    return kind(min=rule.min, max=rule.max, min_open=rule.is_min_open, max_open=rule.is_max_open)
