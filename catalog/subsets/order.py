"""Tell whether a subset's order is part of its definition."""

from __future__ import annotations

from catalog.selection.header import order_matters as says_order_matters
from catalog.store.database import Connection
from catalog.store.paths import package_data_dir
from catalog.store.queries import query
from catalog.store.references import Reference


def order_matters(connection: Connection, reference: Reference) -> bool:
    """Return whether a subset's selector says that the order of its members matters."""
    if reference.kind != "subset":
        return False
    ((name, kept),) = connection.sql(
        query("export/selector"), params={"subset_id": reference.id}
    ).fetchall()
    text = kept or _shipped_text(name)
    return text is not None and says_order_matters(text)


def _shipped_text(name: str) -> str | None:
    """Return a built-in selector's text, for the subsets that keep no text of their own."""
    path = package_data_dir("selectors") / f"{name}.sql"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    return None
