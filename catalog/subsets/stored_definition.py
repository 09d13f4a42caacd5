"""Run a stored definition again on what it read: the same text, versions, signals and budget."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from catalog.errors import OptionError, ReferenceNotFoundError, SelectionError
from catalog.query.executor import Limits
from catalog.query.tokens import canonical
from catalog.selection.definition import Definition, define
from catalog.selection.parameters import Param
from catalog.selection.selector import Selector
from catalog.selection.targets import target_parameters
from catalog.selection.token_score import stored_score
from catalog.signals.coverage import PinnedSignals
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.store import Store

KEYS = (
    "selector",
    "sql",
    "parameters",
    "budget",
    "seed",
    "pool",
    "references",
    "signals",
)  # what running again takes
TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
)  # a bool is an int


def define_again(
    store: Store, content: Mapping[str, Any], *, limits: Limits, text: str | None = None
) -> Definition:
    """Return the definition that a stored one gives now: the same text, versions and signals.

    Args:
        store: the catalog's files and database.
        content: the stored definition.
        limits: of memory and time.
        text: the selector's file as the subset keeps it; places in messages are then those of the
            file.

    Raises:
        ReferenceNotFoundError: a pool or subset that it read is gone.
        SignalError: a signal that it reads is gone.
        SelectionError: it was made by 0.1 and lacks what it takes.
    """
    require_complete(content)
    with store.reading() as connection:
        lost = lost_references(connection, content)
    if lost:
        raise ReferenceNotFoundError(
            f"{', '.join(lost)} it was made from: gone; restore a backup of the catalog's folder"
        )
    at = {"ref": content["pool"], "budget": content["budget"], "seed": content["seed"]}
    selector = stored_selector(content, text=text)
    score = stored_score(content)
    if score:
        at["budget"] = f"{content['tokens']['n_tokens']}tok"
    return define(store, selector, **at, pins=stored_pins(content), tokens=score, limits=limits)


def is_of_0_1(record: Mapping[str, Any]) -> bool:
    """Return whether 0.1 made a subset: it kept no selector's text or no budget as asked for."""
    return record["selector_text"] is None or record["budget_asked"] is None


def require_complete(content: Mapping[str, Any]) -> None:
    """Refuse a stored definition that lacks what running it again takes.

    Raises:
        SelectionError: it does.
    """
    lacking = [key for key in KEYS if key not in content]
    if lacking:
        raise SelectionError(
            f"made by 0.1: its definition has no {', '.join(lacking)}, and it cannot be made "
            "again; its members are kept"
        )


def lost_references(connection: Connection, content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the pools and subsets that a definition read and the catalog no longer has.

    One of the same name that was registered or selected later is another.
    """
    recorded = content.get("references", [])
    known = connection.sql(query("references/exact")).fetchall()
    there = {(kind, number, f"{name}@{version}") for kind, number, name, version in known}
    return tuple(
        each["reference"]
        for each in recorded
        if (each["kind"], each["id"], each["reference"]) not in there
    )


def stored_pins(content: Mapping[str, Any], *, is_onto: bool = False) -> PinnedSignals:
    """Return what a stored definition read: signals, versions of pools and subsets, and marks.

    Versions and marks are left out when it is selected onto newer ones.
    """
    signals = frozenset(signal["identity_sha256"] for signal in content["signals"])
    if is_onto:
        return PinnedSignals(signals, is_onto)
    marks = content.get("marks", {})
    return PinnedSignals(signals, references=_recorded(content["references"]), marks=marks)


def _recorded(references: list[dict[str, Any]]) -> dict[str, str]:
    """Return the version that each reference was resolved to, by the reference's text.

    Where 0.1 kept no texts, a name alone meant the newest of its versions.
    """
    by_version = sorted(references, key=lambda each: int(each["reference"].rpartition("@")[2]))
    bare = {
        each["reference"].rpartition("@")[0]: each["reference"]
        for each in by_version
        if "written" not in each
    }
    return bare | {
        text: each["reference"] for each in references for text in each.get("written", ())
    }


def stored_selector(
    content: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
    *,
    text: str | None = None,
) -> Selector:
    """Return the method of a stored definition with its parameters as the defaults.

    A new value must have the type of the stored one.

    Args:
        content: the stored definition.
        settings: parameters that are to be others.
        text: the selector's file as the subset keeps it; it runs where it says the same as the
            definition.
    """
    types = {
        name: _type_of(value, (settings or {}).get(name))
        for name, value in content["parameters"].items()
    } | dict.fromkeys(target_parameters(content), "reference")
    params = tuple(
        Param(name, types[name], value, is_required=False)
        for name, value in content["parameters"].items()
    )
    is_same = text is not None and canonical(text) == content["sql"]
    name = content["selector"]
    sql = content["sql"]
    if text is not None and is_same:
        sql = text
    return Selector(name, f"{name} (as stored)", sql, summary="", paper="", needs=(), params=params)


def _type_of(value: Any, anew: Any) -> str:
    """Return the type of a parameter's value; of a NULL, the type that the new value reads as."""
    if value is not None:
        return next((name for type_, name in TYPES if isinstance(value, type_)), "text")
    for name in ("integer", "number"):
        with suppress(OptionError):
            Param("anew", name, None, is_required=False).value(anew)
            return name
    return "text"
