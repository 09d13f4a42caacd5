"""The texts in a kernel's options, each of which may name a column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.query.arguments import parameters_of
from catalog.query.plan import Apply
from catalog.query.source_text import SourceText
from catalog.query.tokens import tokens


def option_texts(step: Apply, given: Mapping[str, Any]) -> set[str]:
    """Return the texts of a kernel's options and of their defaults, in lower case.

    Args:
        step: the kernel's call.
        given: the values of the text's parameters.
    """
    found: list[Any] = [parameter.default for parameter in parameters_of(step.function).values()]
    for option in step.options.values():
        found += texts_in(option, given)
    return {value.lower() for value in found if isinstance(value, str)}


def texts_in(option: SourceText, given: Mapping[str, Any]) -> list[Any]:
    """Return the texts in one option, and the values of its parameters."""
    found: list[Any] = []
    for token in tokens(str(option)):
        if token.kind == "string":
            found.append(token.text[1:-1].replace("''", "'"))
        elif token.kind == "parameter":
            found.append(given.get(token.text[1:]))
    return found


def notes(step: Apply, given: Mapping[str, Any]) -> list[str]:
    """Return what the kernel notes of the values that a call's options name, a line for each."""
    return [
        f"{step.name}: {name} => '{value}': {note}"
        for name, by_value in step.kernel.notes.items()
        if name in step.options
        for value, note in by_value.items()
        if value in texts_in(step.options[name], given)
    ]
