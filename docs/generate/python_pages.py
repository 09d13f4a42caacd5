"""The reference of the Python API: the methods of Catalog, their results, and the errors."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import docstrings

from catalog import Catalog, errors

HEAD = """# Python API

```python
from catalog import Catalog

catalog = Catalog.open()  # ./.catalog, or the folder that CATALOG_HOME names
```

The methods do what the commands of the same names do. Tables are polars frames. A catalog holds no
connection between calls, so several processes can use one folder.
"""


def pages() -> dict[str, str]:
    """Return the page of the Python API by its path."""
    methods = sorted(public_methods(Catalog), key=lambda item: item[0] != "open")
    parts = [HEAD, "## Methods\n", *[_method(name, method) for name, method in methods]]
    results = {type_.__name__: type_ for _, method in methods for type_ in result_types(method)}
    parts += ["## Results\n", *[_result(results[name]) for name in sorted(results)]]
    parts += ["## Errors\n", _errors()]
    return {"reference/python.md": "\n".join(parts)}


def public_methods(owner: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public methods of a class with their names, those of its groups included."""
    for name in dir(owner):
        attribute = inspect.getattr_static(owner, name)
        if name.startswith("_"):
            continue
        if isinstance(attribute, property) or hasattr(attribute, "attrname"):
            getter = getattr(attribute, "fget", None) or attribute.func
            for group in result_types(getter):
                yield from ((f"{name}.{inner}", item) for inner, item in public_methods(group))
        elif callable(getattr(owner, name)):
            yield name, getattr(owner, name)


def result_types(method: Callable[..., Any]) -> list[type]:
    """Return the package's own classes in a method's return annotation."""
    function = inspect.unwrap(getattr(method, "__func__", method))
    module = sys.modules[function.__module__]
    names = re.findall(r"\w+", str(function.__annotations__.get("return", "")))
    imported = _imports(inspect.getsource(module))
    loaded = [_load(imported[name], name) for name in names if name in imported]
    return [item for item in loaded if isinstance(item, type)]


def _load(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


@cache
def _imports(source: str) -> dict[str, str]:
    """Return which of the package's modules each name of a module is imported from."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname or alias.name: node.module
        for node in nodes
        if node.module and node.module.startswith("catalog.")
        for alias in node.names
    }


def _method(name: str, method: Callable[..., Any]) -> str:
    parsed = docstrings.parse(method.__doc__)
    parts = [
        f"### {name}\n",
        f"```python\n{_signature(name, method)}\n```\n",
        f"{re.sub(r'; see `[^`]+`', '', parsed.prose)}\n",
    ]
    parts += [f"{part}\n" for part in docstrings.markdown(parsed)]
    target = re.search(r"see `(catalog[\w.]+)\.(\w+)`", method.__doc__ or "")
    parts += _delegated(*target.groups(), method) if target else []
    return "\n".join(parts)


def _delegated(module: str, name: str, method: Callable[..., Any]) -> list[str]:
    """Return what the docstring of the function behind a method adds to the method's own."""
    parsed = docstrings.parse(_load(module, name).__doc__)
    taken = inspect.signature(method).parameters
    hidden = {entry for entry, _ in docstrings.entries(parsed.sections.get("Args", ""))} - {*taken}
    parsed.example = ""
    paragraphs = parsed.prose.split("\n\n")[1:]
    parts = [*paragraphs, *docstrings.markdown(parsed, skip=frozenset(hidden))]
    return [f"{part}\n" for part in parts]


def _signature(name: str, method: Callable[..., Any]) -> str:
    """Write a method's signature, one parameter a line where it is long."""
    signature = inspect.signature(method)
    written: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in "".join(written):
            written.append("*")
        if parameter.name != "self":
            written.append(_parameter(parameter))
    answer = signature.return_annotation
    line = f"catalog.{name}({', '.join(written)}) -> {answer}"
    if len(line) <= 90:
        return line
    lines = [f"    {item}," for item in written]
    return "\n".join([f"catalog.{name}(", *lines, f") -> {answer}"])


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    text = f"{stars}{parameter.name}: {parameter.annotation}"
    has_default = parameter.default is not parameter.empty
    return f"{text} = {parameter.default!r}" if has_default else text


def _result(type_: type) -> str:
    parsed = docstrings.parse(type_.__doc__)
    parts = [f"### {type_.__name__}\n", f"{parsed.prose}\n"]
    described = dict(docstrings.entries(parsed.sections.get("Attributes", "")))
    if dataclasses.is_dataclass(type_):
        rows = [
            f"| `{field.name}` | `{docstrings.inline(str(field.type))}` "
            f"| {docstrings.inline(described.get(field.name, ''))} |"
            for field in dataclasses.fields(type_)
            if not field.name.startswith("_")
        ]
        parts.append("\n".join(["| field | type | meaning |", "|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _errors() -> str:
    """Return the tree of errors as a nested list."""
    lines = ["Every error that the package raises on purpose descends from `CatalogError`.\n"]

    def add(type_: type, depth: int) -> None:
        text = docstrings.first_sentence(type_.__doc__)
        lines.append(f"{'    ' * depth}- `{type_.__name__}`: {text}")
        for child in type_.__subclasses__():
            if child.__module__ == errors.__name__:
                add(child, depth + 1)

    add(errors.CatalogError, 0)
    return "\n".join(lines) + "\n"
