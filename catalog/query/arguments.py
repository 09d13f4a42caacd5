"""A call's arguments against the signature of the Python function that answers it."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import chain, count
from typing import Any, Literal

from catalog.errors import QueryError
from catalog.query.calls import Argument, Call
from catalog.store.references import nearest

FILLED = {"seed", "memory"}
"""Options that the executor sets if the function takes them and the query does not set them."""


def parameters_of(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return a function's parameters by name, annotations evaluated."""
    return dict(inspect.signature(function, eval_str=True).parameters)


def is_relation(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter takes a relation."""
    import pyarrow as pa

    return parameter.annotation is pa.Table


def is_variadic(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter takes any number of arguments without a name."""
    return parameter.kind is inspect.Parameter.VAR_POSITIONAL


def bind(call: Call, accepted: Mapping[str, inspect.Parameter]) -> dict[str, Argument]:
    """Assign a call's arguments to parameters.

    The arguments of a variadic parameter ``more`` are ``more``, ``more 2`` and so on.

    Raises:
        QueryError: an unknown, repeated, missing or surplus argument.
    """
    positional = [
        name
        for name, parameter in accepted.items()
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    bound: dict[str, Argument] = {}
    variadic = next((name for name in positional if is_variadic(accepted[name])), None)
    free = chain(positional, (f"{variadic} {number}" for number in count(2)) if variadic else ())
    for argument in call.arguments:
        name = argument.name or next(free, None)
        if name is None:
            takes = "takes named arguments only"
            if positional:
                takes = f"takes {len(positional)} argument(s) without a name"
            raise QueryError(
                f"{call.location_of(argument)}: {call.name} {takes}; "
                f"write name => value: {signature(call.name, accepted)}"
            )
        if name.partition(" ")[0] not in accepted:
            raise QueryError(
                f"{call.location_of(argument)}: {call.name} has no argument {name}"
                f"{nearest(name, list(accepted))}"
            )
        if name in bound:
            raise QueryError(f"{call.location_of(argument)}: {call.name} is given {name} twice")
        bound[name] = argument
    for name, parameter in accepted.items():
        is_required = parameter.default is inspect.Parameter.empty and not is_variadic(parameter)
        if is_required and name not in bound:
            raise QueryError(
                f"{call.location}: {call.name} needs {name}: {signature(call.name, accepted)}"
            )
    return bound


def signature(name: str, accepted: Mapping[str, inspect.Parameter]) -> str:
    """Return a function's call as a message shows it."""
    shown = (key for key, parameter in accepted.items() if not _is_filled(parameter))
    return f"{name}({', '.join(_shown(accepted[key]) for key in shown)})"


def _is_filled(parameter: inspect.Parameter) -> bool:
    return parameter.name in FILLED and parameter.default is not inspect.Parameter.empty


def _shown(parameter: inspect.Parameter) -> str:
    if is_relation(parameter):
        return "(SELECT ...)"
    if is_variadic(parameter):
        return "..."
    is_required = parameter.default is inspect.Parameter.empty
    if is_required and parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
        return parameter.name
    named = f"{parameter.name} => {expected(parameter.annotation)}"
    return named if is_required else f"[{named}]"


def converted(value: Any, annotation: Any) -> Any:
    """Convert a SQL value to the type that a parameter is annotated with.

    Raises:
        ValueError: it does not have that type; the message names the expected type.

    >>> converted(3, float), converted(3.0, int), converted(None, int | None)
    (3.0, 3, None)
    >>> converted("ten", int)
    Traceback (most recent call last):
    ...
    ValueError: expects an integer, not 'ten'
    """
    for choice in _choices(annotation):
        fitted = _fit(value, choice)
        if fitted is not None or (value is None and choice is type(None)):
            return fitted
    raise ValueError(f"expects {expected(annotation)}, not {value!r}")


def expected(annotation: Any) -> str:
    """Return what a parameter takes, in words.

    >>> expected(int), expected(Literal["tsne", "pca"]), expected(float | None)
    ('an integer', "'tsne' or 'pca'", 'a number')
    """
    words: list[str] = []
    for choice in _choices(annotation):
        if typing.get_origin(choice) is Literal:
            words.extend(repr(option) for option in typing.get_args(choice))
        elif choice is not type(None):
            words.append(NAMES.get(typing.get_origin(choice) or choice, "a value"))
    return " or ".join(words)


NAMES: dict[Any, str] = {
    int: "an integer",
    float: "a number",
    str: "a text",
    bool: "true or false",
    list: "a list",
    tuple: "a list",
}


def _choices(annotation: Any) -> tuple[Any, ...]:
    is_union = typing.get_origin(annotation) in {typing.Union, types.UnionType}
    return typing.get_args(annotation) if is_union else (annotation,)


def _fit(value: Any, choice: Any) -> Any:
    """Return the value as one type; None if it does not fit."""
    if typing.get_origin(choice) is Literal:
        return value if value in typing.get_args(choice) else None
    kind = typing.get_origin(choice) or choice
    if kind in {list, tuple}:
        return kind(value) if isinstance(value, list | tuple) else None
    if kind is bool or isinstance(value, bool):
        return value if kind is bool and isinstance(value, bool) else None
    if kind is str:
        return value if isinstance(value, str) else None
    if (
        kind in {int, float}
        and isinstance(value, int | float | Decimal)
        and (kind is float or float(value).is_integer())
    ):
        return kind(value)
    return value if choice is Any else None
