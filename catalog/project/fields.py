"""Fields of the entries of a project file: their keys, types, help texts, and which are required.

The reader and the JSON Schema share this view of the classes.
"""

from __future__ import annotations

import re
from collections import abc
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from inspect import cleandoc
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from catalog.signals.options import OptionRule

_ENTRY = re.compile(r"^    (\w+): (.*(?:\n {8,}\S.*)*)", re.MULTILINE)


@dataclass(frozen=True)
class EntryField:
    """Field of an entry.

    Attributes:
        name: of the Python attribute.
        key: in the file.
        type: as annotated.
        is_required: whether it has no default.
        default: else.
        help: one sentence.
        rule: its range, if it is an option of a computation.
    """

    name: str
    key: str
    type: Any
    is_required: bool
    default: Any
    help: str
    rule: OptionRule | None


@cache
def entry_fields(owner: type) -> tuple[EntryField, ...]:
    """Return the fields of an entry by key, those without a default first."""
    hidden = getattr(owner, "hidden", ())
    types, texts = get_type_hints(owner), _described(owner)
    found = [
        _field(each, types[each.name], texts, owner)
        for each in fields(owner)
        if each.name not in hidden
    ]
    return tuple(sorted(found, key=lambda each: not each.is_required))


def _field(each: Any, type_: Any, texts: Mapping[str, str], owner: type) -> EntryField:
    rule = each.metadata.get("rule")
    has_default = each.default is not MISSING or each.default_factory is not MISSING
    is_named = each.name in (*getattr(owner, "required", ()), getattr(owner, "verb", None))
    default = each.default if each.default is not MISSING else None
    if each.default_factory is not MISSING:
        default = each.default_factory()
    return EntryField(
        name=each.name,
        key=each.name.rstrip("_"),
        type=type_,
        is_required=is_named or not has_default,
        default=default,
        help=rule.help if rule else texts.get(each.name, ""),
        rule=rule,
    )


def _described(owner: type) -> dict[str, str]:
    """Return the help of each attribute from the docstrings of a class and its bases."""
    texts: dict[str, str] = {}
    for base in reversed(owner.__mro__):
        _, _, section = cleandoc(base.__doc__ or "").partition("Attributes:\n")
        section = section.split("\n\n")[0]
        texts |= {name: _sentence(text) for name, text in _ENTRY.findall(section)}
    return texts


def _sentence(text: str) -> str:
    line = " ".join(text.split()).replace("``", "`")
    return line[:1].upper() + line[1:]


def summary(owner: type) -> str:
    """Return the first line of a class's docstring."""
    return cleandoc(owner.__doc__ or "").splitlines()[0]


def alternatives(type_: Any) -> tuple[Any, ...]:
    """Return the types of a union, None left out; of any other type itself.

    >>> alternatives(str | int | None)
    (<class 'str'>, <class 'int'>)
    """
    if get_origin(type_) in (Union, UnionType):
        return tuple(each for each in get_args(type_) if each is not type(None))
    return (type_,)


def is_optional(type_: Any) -> bool:
    """Return whether a type has the value None."""
    return type(None) in get_args(type_)


def choices(type_: Any) -> tuple[Any, ...]:
    """Return the values of a literal; none of any other type."""
    if get_origin(type_) is not Literal:
        return ()
    return get_args(type_)


def item_type(type_: Any) -> Any | None:
    """Return the type of a list's items; None for any other type."""
    if get_origin(type_) not in (list, tuple):
        return None
    return get_args(type_)[0]


def value_type(type_: Any) -> Any | None:
    """Return the type of a mapping's values; None for any other type."""
    if get_origin(type_) not in (dict, abc.Mapping):
        return None
    return get_args(type_)[1]


def required_keys(owner: type) -> Iterator[str]:
    """Yield the keys that an entry must have."""
    return (each.key for each in entry_fields(owner) if each.is_required)
