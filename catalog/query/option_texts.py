"""The texts in a kernel's options, each of which may name a column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.query.arguments import parameters_of
from catalog.query.plan import Apply
from catalog.query.tokens import tokens


def option_texts(step: Apply, given: Mapping[str, Any]) -> set[str]:
    """Return the texts of a kernel's options and of their defaults, in lower case.

    Args:
        step: the kernel's call.
        given: the values of the text's parameters.
    """
    found: list[Any] = [parameter.default for parameter in parameters_of(step.function).values()]
    for token in (token for option in step.options.values() for token in tokens(str(option))):
        if token.kind == "string":
            found.append(token.text[1:-1].replace("''", "'"))
        elif token.kind == "parameter":
            found.append(given.get(token.text[1:]))
    return {value.lower() for value in found if isinstance(value, str)}
