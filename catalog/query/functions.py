"""A description of every table function of SQL, read from its signature and its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from catalog.errors import NotFoundError
from catalog.notebook import NotebookResult
from catalog.query.arguments import FILLED, expected, is_relation, is_variadic, parameters_of
from catalog.query.kernels import Kernels, kernels_of
from catalog.query.sources import DECLARED_SOURCES, SOURCES
from catalog.store.references import nearest
from catalog.store.store import Store

_HIDDEN = ("connection", "pins")  # parameters of a source that SQL does not see
_SOURCE_ARGUMENTS = {
    "ref": "A pool or subset, such as alpaca, alpaca@2 or alpaca@tag.",
    "more": "Further pools and subsets; one text may list several, such as 'alpaca,gsm@1'.",
    "name": "Name of the score, or of the labels; without it, the labels of the records.",
    "identity": "Beginning of the score's identity_sha256, where several have one name.",
    "proxy": "Name of the trained model; required if there are several.",
    "incomplete": "What to do with members that lack losses.",
    "include_start": "Whether the loss before training comes first.",
    "encoder": "Name of the embedding model; required if there are several.",
    "field": "The text that was embedded; the preferred one if both were.",
    "prefer": "The text whose embedding is read if both were embedded.",
    "model": "Name of the language model; required if there are several.",
    "target_of": "The pool whose gradients a target's are compared with; NULL for no target.",
    "text": "Text to look for.",
    "method": "How the map was laid out; required if there are several maps.",
}
_SECTION = re.compile(r"^(Args|Returns|Raises):\n", flags=re.MULTILINE)
_ARGUMENT = re.compile(r"^    (\w+): (.*(?:\n {5,}.*)*)", flags=re.MULTILINE)


@dataclass(frozen=True)
class FunctionArgument:
    """One argument of a table function.

    Attributes:
        name: that SQL gives it by.
        type: what it takes, in words.
        default: its value as SQL writes it; None if the argument is required.
        meaning: a sentence; empty where the docstring has none.
        notes: what is known of its values beside that, such as an optimizer's guarantee.
    """

    name: str
    type: str
    default: str | None
    meaning: str
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FunctionDescription(NotebookResult):
    """A table function: how to call it and what it returns.

    Attributes:
        name: that SQL calls.
        kind: ``source`` for stored data, ``kernel`` for a computation over relations.
        summary: the first sentence of its docstring.
        arguments: in order.
        returns: a description of the columns.
        adds: the columns that a kernel adds, with their DuckDB types.
        example: of a call, with its answer where the docstring has one.
    """

    name: str
    kind: Literal["source", "kernel"]
    summary: str
    arguments: tuple[FunctionArgument, ...]
    returns: str
    adds: dict[str, str]
    example: str

    @property
    def call(self) -> str:
        """Return the form of a call, with the defaults of optional arguments."""
        parts = [_part(argument) for argument in self.arguments]
        return f"{self.name}({', '.join(parts)})"


def describe_functions(store: Store) -> list[FunctionDescription]:
    """Return a description of each table function that the catalog's SQL can call, by name."""
    kernels = kernels_of(store)
    return [_described(name, kernels) for name in sorted({*SOURCES, *kernels.names})]


def describe_function(store: Store, name: str) -> FunctionDescription:
    """Return a description of one table function.

    Raises:
        NotFoundError: there is none of that name.
    """
    kernels = kernels_of(store)
    names = sorted({*SOURCES, *kernels.names})
    if name not in names:
        raise NotFoundError(f"no table function is named {name}{nearest(name, names)}")
    return _described(name, kernels)


def _described(name: str, kernels: Kernels) -> FunctionDescription:
    if name in DECLARED_SOURCES:
        source = DECLARED_SOURCES[name]
        return _description(source.function, name, "source", {}, example=source.example)
    kernel = kernels.find(name)
    described = _description(kernel.function, name, "kernel", dict(kernel.adds))
    noted = (replace(each, notes=kernel.notes.get(each.name, {})) for each in described.arguments)
    return replace(described, arguments=tuple(noted))


def _description(
    function: Callable[..., Any],
    name: str,
    kind: Literal["source", "kernel"],
    adds: dict[str, str],
    *,
    example: str = "",
) -> FunctionDescription:
    sections = _sections(inspect.getdoc(function) or "")
    meanings = dict(_SOURCE_ARGUMENTS) if kind == "source" else {}
    for match in _ARGUMENT.finditer(sections.get("Args", "")):
        meanings[match[1]] = _one_line(match[2])
    arguments = tuple(
        _argument(parameter, meanings.get(parameter.name, ""))
        for parameter in parameters_of(function).values()
        if parameter.name not in _HIDDEN
    )
    returns = _one_line(sections.get("Returns", "")) or sections[""]
    example = example or sections["doctest"].rstrip()
    return FunctionDescription(name, kind, sections[""], arguments, returns, adds, example)


def _sections(text: str) -> dict[str, str]:
    """Return the parts of a docstring by their title: the summary has none.

    >>> _sections("Add.\\n\\nArgs:\\n    a: one.\\n\\n>>> add(1)\\n1")["Args"]
    '    a: one.\\n'
    """
    body, mark, doctest = text.partition("\n>>> ")
    introduction, *rest = _SECTION.split(body)
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    sections[""] = _one_line(introduction.split("\n\n")[0])
    sections["doctest"] = f"{mark.strip()} {doctest}" if mark else ""
    return sections


def _argument(parameter: inspect.Parameter, meaning: str) -> FunctionArgument:
    default = None if parameter.default is parameter.empty else _literal(parameter.default)
    if is_variadic(parameter):
        return FunctionArgument(parameter.name, "any number of texts", None, meaning)
    if parameter.name in FILLED:
        default = "the query's"
    type_ = "a relation" if is_relation(parameter) else expected(parameter.annotation)
    return FunctionArgument(parameter.name, type_, default, meaning)


def _part(argument: FunctionArgument) -> str:
    if argument.type == "a relation":
        return "(SELECT ...)"
    if argument.default is None:
        if argument.name == "more":
            return "..."
        return argument.name if argument.name == "ref" else f"{argument.name} => ..."
    return f"[{argument.name} => {argument.default}]"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "").split())
