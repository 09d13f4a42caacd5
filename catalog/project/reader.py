"""Read nodes of YAML as the types of an entry's fields, and keep the place of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from catalog.errors import CatalogError, Location, ProjectError
from catalog.messages import listed, shortened
from catalog.project import fields
from catalog.store.references import nearest

if TYPE_CHECKING:
    from yaml import Node
    from yaml.nodes import MappingNode

NOUNS = {
    str: "a text",
    int: "an integer",
    float: "a number",
    bool: "true or false",
}
TRUE = ("true", "yes", "on")


class Reader:
    """Reads nodes as types, and keeps their places."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[tuple[str | int, ...], Location] = {}

    def location(self, mark: Any) -> Location:
        """Return the place of a mark of YAML."""
        if mark is None:
            return Location(self.file)
        return Location(self.file, mark.line + 1, mark.column + 1)

    def read(self, node: Node, type_: Any, path: tuple[str | int, ...]) -> Any:
        """Return a node's value as a type.

        Raises:
            ProjectError: it has another type, or is out of range.
        """
        self.places.setdefault(path, self.location(node.start_mark))
        if _is_null(node):
            return self._nothing(node, type_, path)
        chosen = self._alternative(node, type_)
        if (item := fields.item_type(chosen)) is not None:
            return self._list(node, item, path)
        if (value := fields.value_type(chosen)) is not None:
            pairs = self._pairs(self._mapping(node), path)
            return {key: self.read(each, value, (*path, key)) for key, each in pairs}
        if is_dataclass(chosen):
            return self._entry(node, chosen, path)
        return self._scalar(node, chosen)

    def _nothing(self, node: Node, type_: Any, path: tuple[str | int, ...]) -> Any:
        """Return what an empty value means: an empty section, or an option that is not set."""
        for each in fields.alternatives(type_):
            if fields.value_type(each) is not None:
                return {}
            if fields.item_type(each) is not None:
                return []
            if is_dataclass(each):
                return self._entry(_empty(node), each, path)
        if not fields.is_optional(type_):
            self._refuse(node, type_)
        return None

    def _alternative(self, node: Node, type_: Any) -> Any:
        """Return the type of a union that a node is."""
        types = fields.alternatives(type_)
        if len(types) == 1:
            return types[0]
        if all(hasattr(each, "verb") for each in types):
            return self._verb(node, types)
        if _kind(node) == "mapping":
            fitting = [each for each in types if fields.value_type(each) or is_dataclass(each)]
        elif _kind(node) == "sequence":
            fitting = [each for each in types if fields.item_type(each)]
        else:
            fitting = [each for each in types if each in NOUNS] or [
                each for each in types if fields.item_type(each)
            ]
        if not fitting:
            self._refuse(node, type_)
        return fitting[0] if len(fitting) == 1 else _Any

    def _verb(self, node: Node, types: tuple[Any, ...]) -> Any:
        verbs = {each.verb: each for each in types}
        keys = [key for key, _ in self._pairs(self._mapping(node))]
        named = [verbs[key] for key in keys[:1] if key in verbs]
        if not named:
            first = keys[0] if keys else ""
            hint = nearest(first, list(verbs)) if first else ""
            raise ProjectError(
                f"expected a signal's verb as the first key, got {first!r}{hint}",
                location=self.location(node.start_mark),
                next_step=f"write one of {', '.join(verbs)} with its pool",
            )
        return named[0]

    def _list(self, node: Node, item: Any, path: tuple[str | int, ...]) -> list[Any]:
        """Return a list; one item alone is a list of it."""
        if _kind(node) != "sequence":
            return [self.read(node, item, path)]
        return [self.read(each, item, (*path, index)) for index, each in enumerate(node.value)]

    def _entry(self, node: Node, owner: Any, path: tuple[str | int, ...]) -> Any:
        known = {each.key: each for each in fields.entry_fields(owner)}
        if _kind(node) != "mapping" and getattr(owner, "shorthand", None):
            short = known[owner.shorthand]
            value = self.read(node, short.type, (*path, short.key))
            return self._made(node, owner, {short.name: value}, path)
        given: dict[str, Any] = {}
        for key, value in self._pairs(self._mapping(node), path):
            if key not in known:
                location = self.places.get((*path, key)) or self.location(node.start_mark)
                hint = nearest(key, list(known))
                raise ProjectError(f"unknown key {key!r}{hint}", location=location)
            given[known[key].name] = self.read(value, known[key].type, (*path, key))
        lacking = [
            each.key for each in known.values() if each.is_required and not _has(given, each)
        ]
        if lacking:
            raise ProjectError(f"expected {listed(lacking)}", location=self.places[path])
        return self._made(node, owner, given, path)

    def _made(
        self, node: Node, owner: Any, given: dict[str, Any], path: tuple[str | int, ...]
    ) -> Any:
        try:
            return owner(**given)
        except CatalogError as error:  # an option is out of its range
            key = str(error).partition(":")[0]
            location = self.places.get((*path, key)) or self.places[path]
            raise ProjectError(str(error), location=location) from None

    def _mapping(self, node: Node) -> MappingNode:
        import yaml

        if not isinstance(node, yaml.MappingNode):
            location = self.location(node.start_mark)
            raise ProjectError(f"expected keys and values, got {_shown(node)}", location=location)
        return node

    def _pairs(
        self, node: MappingNode, path: tuple[str | int, ...] | None = None
    ) -> Iterator[tuple[str, Node]]:
        """Yield keys and values, merged ones included.

        Raises:
            ProjectError: a key is no text, or stands twice.
        """
        import yaml

        written: set[str] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is None or name in written:
                problem = "a key must be a text" if name is None else f"{name!r} stands twice"
                raise ProjectError(problem, location=self.location(key.start_mark))
            written.add(name)
            if path is not None:
                self.places[(*path, name)] = self.location(key.start_mark)
        copy = yaml.MappingNode(node.tag, list(node.value), node.start_mark, node.end_mark)
        yaml.constructor.SafeConstructor().flatten_mapping(copy)
        yield from {key.value: value for key, value in copy.value}.items()

    def _scalar(self, node: Node, type_: Any) -> Any:
        if _kind(node) != "scalar":
            self._refuse(node, type_)
        known = fields.choices(type_)
        if known and node.value not in known:
            self._refuse(node, type_)
        if known or type_ is str:
            return str(node.value)
        value = _typed(node)
        if type_ is _Any:
            return value
        if type_ is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, type_) or (type_ is int and isinstance(value, bool)):
            self._refuse(node, type_)
        return value

    def _refuse(self, node: Node, type_: Any) -> NoReturn:
        expected = " or ".join(_noun(each) for each in fields.alternatives(type_))
        location = self.location(node.start_mark)
        raise ProjectError(f"expected {expected}, got {_shown(node)}", location=location)


class _Any:
    """Any scalar, as YAML types it."""


def _kind(node: Any) -> str:
    """Return ``scalar``, ``sequence`` or ``mapping``."""
    return str(node.id)


def _is_null(node: Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null"


def _empty(node: Node) -> MappingNode:
    """Return a mapping, which is empty for an empty value."""
    import yaml

    return yaml.MappingNode("tag:yaml.org,2002:map", [], node.start_mark, node.end_mark)


def _has(given: Mapping[str, Any], field: fields.EntryField) -> bool:
    return given.get(field.name) not in (None, "", [], {})


def _typed(node: Node) -> Any:
    """Return a scalar as YAML types it; a date stays a text."""
    kind = node.tag.rpartition(":")[2]
    text = str(node.value)
    if kind == "bool":
        return text.lower() in TRUE
    try:
        if kind == "int":
            return int(text.replace("_", ""), 0)
        number = float(text.replace("_", "")) if kind == "float" else math.nan
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _noun(type_: Any) -> str:
    if known := fields.choices(type_):
        return " or ".join(map(str, known))
    if fields.item_type(type_) is not None:
        return "a list"
    return NOUNS.get(type_, "keys and values")


def _shown(node: Node) -> str:
    if _kind(node) == "scalar":
        return repr(shortened(str(node.value), 40))
    return "a list" if _kind(node) == "sequence" else "keys and values"
