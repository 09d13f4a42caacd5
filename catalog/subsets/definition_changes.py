"""Describe how the definitions of two subsets differ, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.errors import HeaderError, SelectorNotFoundError
from catalog.query.tokens import canonical
from catalog.selection.selector import find_selector
from catalog.signals.kinds import KINDS
from catalog.store.database import Connection
from catalog.store.references import Reference
from catalog.store.store import Store
from catalog.subsets.store import stored

VALUES = {"selector": "selector", "pool": "pool", "budget": "budget", "seed": "seed"}
VERSIONS = {"functions": "kernel", "macros": "macro"}


def definition_changes(connection: Connection, left: Reference, right: Reference) -> list[str]:
    """Return one sentence for each difference between two definitions; none if there is none.

    Args:
        connection: a reader's.
        left: a subset at its version.
        right: another one.
    """
    before, after = (stored(connection, reference)["definition"] for reference in (left, right))
    return content_changes(connection, before, after)


def content_changes(
    connection: Connection, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[str]:
    """Return one sentence for each difference between the contents of two definitions."""
    found = [
        _change(title, before.get(key), after.get(key))
        for key, title in VALUES.items()
        if before.get(key) != after.get(key)
    ]
    found += _of_mapping("parameter", before["parameters"], after["parameters"])
    found += _of_sql(connection, before["sql"], after["sql"])
    found += _of_names("pool or subset", _references(before), _references(after))
    found += _of_names("signal", _signals(before), _signals(after))
    found += _of_mapping("newest mark of", before.get("marks", {}), after.get("marks", {}))
    for key, title in VERSIONS.items():
        found += _of_mapping(title, before.get(key) or {}, after.get(key) or {})
    return found


def selector_changes(store: Store, content: Mapping[str, Any]) -> list[str]:
    """Say clause by clause how the selector of a definition's name differs from its text.

    Args:
        store: the catalog's files and database.
        content: the stored definition, whose own text runs when it runs again.

    Returns:
        one sentence a change; none if the text is the same, or no selector has that name now.
    """
    name = content["selector"]
    try:
        now = canonical(find_selector(store, name).text)
    except (SelectorNotFoundError, HeaderError):
        return []
    with store.reading() as connection:
        found = _of_sql(connection, content["sql"], now)
    return [f"the selector {name} is another now, the stored text ran: {each}" for each in found]


def _of_sql(connection: Connection, before: str, after: str) -> list[str]:
    from catalog.query.meaning.changes import changes

    if before == after:
        return []
    found = changes(connection, before, after)
    if found is None:
        return ["the SQL differs"]
    return found


def _of_mapping(title: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys((*before, *after))
    return [
        _change(f"{title} {name}", before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _of_names(title: str, before: list[str], after: list[str]) -> list[str]:
    gone = [f"{title} {name} is no longer read" for name in before if name not in after]
    return gone + [f"{title} {name} is read now" for name in after if name not in before]


def _references(content: Mapping[str, Any]) -> list[str]:
    """Return the pools and subsets that are read besides the one that is selected from."""
    read = [reference["reference"] for reference in content.get("references", ())]
    return [reference for reference in read if reference != content["pool"]]


def _signals(content: Mapping[str, Any]) -> list[str]:
    return [
        f"{KINDS[signal['kind']].title(signal['name'])} ({signal['identity_sha256'][:12]})"
        for signal in content["signals"]
    ]


def _change(title: str, before: Any, after: Any) -> str:
    return f"{title} was {_shown(before)}, is {_shown(after)}"


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    text = str(value)
    is_hash = isinstance(value, str) and len(text) == 64
    return text[:12] if is_hash else text
