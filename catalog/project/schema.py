"""JSON Schema of a project file, from the classes that read it."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

from catalog.project import fields
from catalog.project.entries import Sections
from catalog.signals.options import OptionRule

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TYPES = {str: ["string", "number", "boolean"], int: "integer", float: "number", bool: "boolean"}
"""Types of scalars; where a text is expected, a number or truth value is read as it is written."""


def project_schema() -> dict[str, Any]:
    """Return the JSON Schema of a project file; editors complete and check the file with it."""
    defined: dict[str, Any] = {}
    root = _entry(Sections, defined)
    return {"$schema": DRAFT, "title": "catalog project", **root, "$defs": defined}


def _entry(owner: Any, defined: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object."""
    properties = {}
    for each in fields.entry_fields(owner):
        schema = _type(each.type, defined) | _range(each.rule)
        if each.help:
            schema["description"] = each.help
        if isinstance(each.default, str | int | float | bool):
            schema["default"] = each.default
        properties[each.key] = schema
    found = {
        "type": "object",
        "description": fields.summary(owner),
        "properties": properties,
        "additionalProperties": False,
    }
    required = list(fields.required_keys(owner))
    return found | ({"required": required} if required else {})


def _type(type_: Any, defined: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type; an object is defined once and referred to."""
    found = [_one(each, defined) for each in fields.alternatives(type_)]
    if fields.is_optional(type_):
        found.append({"type": "null"})
    return found[0] if len(found) == 1 else {"anyOf": found}


def _one(type_: Any, defined: dict[str, Any]) -> dict[str, Any]:
    if known := fields.choices(type_):
        return {"enum": list(known)}
    if (item := fields.item_type(type_)) is not None:
        schema = _type(item, defined)
        return {"anyOf": [{"type": "array", "items": schema}, schema, {"type": "null"}]}
    if (value := fields.value_type(type_)) is not None:
        schema = _type(value, defined)
        return {"anyOf": [{"type": "object", "additionalProperties": schema}, {"type": "null"}]}
    if not is_dataclass(type_):
        return {"type": TYPES[type_]}
    name = getattr(type_, "__name__", "")
    if name not in defined:
        defined[name] = {}  # an entry may hold its own type
        owner: Any = type_
        defined[name] = _entry(owner, defined)
    reference = {"$ref": f"#/$defs/{name}"}
    short = getattr(type_, "shorthand", None)
    if short is None:
        return reference
    entry: Any = type_
    (field,) = (each for each in fields.entry_fields(entry) if each.key == short)
    return {"anyOf": [reference, _type(field.type, defined)]}


def _range(rule: OptionRule | None) -> dict[str, Any]:
    """Return the range of an option of a computation."""
    if rule is None:
        return {}
    found: dict[str, Any] = {}
    if rule.min is not None:
        found["exclusiveMinimum" if rule.is_min_open else "minimum"] = rule.min
    if rule.max is not None:
        found["exclusiveMaximum" if rule.is_max_open else "maximum"] = rule.max
    return found
