"""Add, replace and remove the selectors that a catalog keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.errors import OptionError, SelectionError, SelectorNotFoundError
from catalog.notebook import NotebookResult
from catalog.selection.lint import lint
from catalog.selection.selector import Selector, find_selector
from catalog.store.paths import package_data_dir
from catalog.store.queries import query
from catalog.store.references import nearest
from catalog.store.store import Store


@dataclass(frozen=True)
class AddedSelector(NotebookResult):
    """Added selector, and what it replaced.

    Attributes:
        selector: as it is kept now.
        replaced_at: when the one that had its name was added, in UTC; None if none had it.
        is_same: whether that one had the same text.
        warnings: what its text leaves to chance, as `catalog.selection.lint` finds it.
    """

    selector: Selector
    replaced_at: datetime | None = None
    is_same: bool = False
    warnings: tuple[str, ...] = ()


def add_selector(
    store: Store,
    file: str,
    *,
    is_strict: bool = False,
) -> AddedSelector:
    """Keep a selector's file in the catalog, under its name; one of that name is replaced.

    Args:
        store: the catalog's files and database.
        file: the path of a ``.sql`` file.
        is_strict: refuse a selector that `catalog.selection.lint` finds fault with.

    Raises:
        SelectorNotFoundError: no such file.
        SelectionError: under ``is_strict``, there is a finding.
        HeaderError: its header is wrong.
        OptionError: a built-in selector has that name.
    """
    found = find_selector(store, file)
    if _is_built_in(found.name):
        raise OptionError(
            f"{found.name} is a selector that comes with the catalog: rename the file"
        )
    warnings = tuple(map(str, lint(store, found.text, file=found.file).findings))
    if warnings and is_strict:
        raise SelectionError("; ".join(warnings))
    with store.writing() as connection:
        rows = connection.sql(query("selectors/get"), params={"name": found.name}).fetchall()
        connection.execute(query("selectors/remove"), {"name": found.name})
        connection.execute(query("selectors/add"), {"name": found.name, "text": found.text})
    if rows:
        return AddedSelector(found, rows[0][1], rows[0][0] == found.text, warnings)
    return AddedSelector(found, warnings=warnings)


def remove_selector(
    store: Store,
    name: str,
) -> None:
    """Remove a selector that the catalog keeps.

    Subsets that it made keep its text, and verify as before.

    Raises:
        SelectorNotFoundError: the catalog keeps none of that name.
        OptionError: it is built in.
    """
    if _is_built_in(name):
        raise OptionError(
            f"{name} is a selector that comes with the catalog, and cannot be removed"
        )
    known: list[str] = []
    if store.database.exists():
        with store.reading() as connection:
            known = [row[0] for row in connection.sql(query("selection/selectors")).fetchall()]
    if name not in known:
        raise SelectorNotFoundError(
            f"this catalog keeps no selector named {name}{nearest(name, known)}"
        )
    with store.writing() as connection:
        connection.execute(query("selectors/remove"), {"name": name})


def _is_built_in(name: str) -> bool:
    return (package_data_dir("selectors") / f"{name}.sql").exists()
