"""Types of arguments of the public Python API: an error names the argument that has another.

The annotations decide. A name in them that only type checkers import allows every value.
"""

from __future__ import annotations

import builtins
import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from catalog.errors import OptionError
from catalog.messages import shortened

Function = TypeVar("Function", bound=Callable[..., Any])
Class = TypeVar("Class", bound=type)

NOUNS: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    NoneType: "None",
    os.PathLike: "a path",
    Path: "a path",
    Mapping: "a mapping of texts",
    Sequence: "a list",
    Callable: "a function",
}
"""What an annotation expects. Any other annotation allows every value."""

_LONGEST_VALUE = 60


class _AnyAttribute(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __getitem__(cls, item: Any) -> Any:
        return cls


class _Unknown(metaclass=_AnyAttribute):
    """A name that only type checkers import, or a part of such a module."""


class _Names(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        if name.startswith("__"):
            raise KeyError(name)
        return _Unknown


def check_arguments(function: Function) -> Function:
    """Return a function that refuses arguments of other types than those of its annotations.

    Raises:
        OptionError: an argument has another type; the message names it.

    >>> @check_arguments
    ... def take(n: int | str, *, names: Sequence[str] = ()) -> None: ...
    >>> take(5, names=["a"])
    >>> take(5.5)
    Traceback (most recent call last):
    catalog.errors.OptionError: n: expected a whole number or a text, got 5.5
    >>> take(5, names="a")
    Traceback (most recent call last):
    catalog.errors.OptionError: names: expected a list of texts, got 'a'
    """

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        signature, hints = _declared(function)
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # Python names what is missing or unknown
        for name, value in given.items():
            kind = signature.parameters[name].kind
            values = value if kind is inspect.Parameter.VAR_POSITIONAL else (value,)
            if kind is not inspect.Parameter.VAR_KEYWORD:
                for each in values:
                    _require(name, each, hints.get(name, Any))
        return function(*args, **kwargs)

    return checked  # type: ignore[return-value]


def check_methods(owner: Class) -> Class:
    """Let all public methods that a class defines check their arguments."""
    for name, value in vars(owner).copy().items():
        if name.startswith("_"):
            continue
        if inspect.isfunction(value):
            setattr(owner, name, check_arguments(value))
        elif isinstance(value, classmethod):
            setattr(owner, name, classmethod(check_arguments(value.__func__)))
    return owner


@cache
def _declared(function: Callable[..., Any]) -> tuple[inspect.Signature, dict[str, Any]]:
    plain: Any = inspect.unwrap(function)
    names = _Names(vars(builtins) | plain.__globals__)
    return inspect.signature(function), get_type_hints(plain, localns=names)


def _require(name: str, value: Any, type_: Any) -> None:
    if not _is(value, type_):
        shown = shortened(repr(value), _LONGEST_VALUE)
        raise OptionError(f"{name}: expected {_noun(type_)}, got {shown}")
    if isinstance(value, str) and not _is_storable(value) and not _is_path(type_):
        shown = shortened(repr(value), _LONGEST_VALUE)
        raise OptionError(
            f"{name}: expected a text in UTF-8, got half of a surrogate pair: {shown}"
        )


def _is_path(type_: Any) -> bool:
    paths = (os.PathLike, Path)
    return any((get_origin(each) or each) in paths for each in _alternatives(type_))


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # as Python reads an argument or a file's name of other bytes
        return False
    return True


def _alternatives(type_: Any) -> tuple[Any, ...]:
    """Return the types that a union or a literal allows; any other type alone.

    >>> _alternatives(Literal["bfd"] | None)
    (<class 'str'>, <class 'NoneType'>)
    """
    if get_origin(type_) in (Union, UnionType):
        return tuple(each for part in get_args(type_) for each in _alternatives(part))
    if get_origin(type_) is Literal:
        return tuple(dict.fromkeys(map(type, get_args(type_))))
    return (type_,)


def _is(value: Any, type_: Any) -> bool:
    return any(_is_of(value, each) for each in _alternatives(type_))


def _is_of(value: Any, type_: Any) -> bool:
    """Return whether a value is of a type that is no union."""
    origin, parts = get_origin(type_) or type_, get_args(type_)
    if origin is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if origin is float:
        return isinstance(value, Real) and not isinstance(value, bool)
    if origin is bool:
        return isinstance(value, bool) or type(value).__name__ == "bool"  # numpy's
    if origin is Sequence:
        return _is_list(value, parts[0] if parts else Any)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(
            _is(key, parts[0]) and _is(each, parts[1]) for key, each in value.items()
        )
    if origin in (str, NoneType, os.PathLike, Path):
        return isinstance(value, origin)
    return not (origin is Callable and not callable(value))


def _is_list(value: Any, item: Any) -> bool:
    """Return whether a value can be read as a list; what can be read once only is not read."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return False
    return not isinstance(value, Sequence | Set) or all(_is(each, item) for each in value)


def _noun(type_: Any) -> str:
    """Return what a type expects.

    >>> _noun(str | os.PathLike[str] | None), _noun(Sequence[str])
    ('a text, a path or None', 'a list of texts')
    """
    nouns = list(dict.fromkeys(_noun_of(each) for each in _alternatives(type_)))
    return " or ".join(part for part in (", ".join(nouns[:-1]), nouns[-1]) if part)


def _noun_of(type_: Any) -> str:
    noun, parts = NOUNS[get_origin(type_) or type_], get_args(type_)
    if noun == "a list" and parts and parts[0] is str:
        return "a list of texts"
    return noun
