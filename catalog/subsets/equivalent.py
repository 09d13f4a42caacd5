"""The version of a subset that a definition differs from by names, comments or layout alone."""

from __future__ import annotations

import json

from catalog.selection.definition import Definition, definition_sha256
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference


def find_equivalent(
    connection: Connection, definition: Definition, *, name: str
) -> Reference | None:
    """Return the newest version of a subset whose selection means the same.

    Its definition is the same but for the text, and the texts differ only in the names of relations
    inside them, comments, brackets and layout. Names of parameters and of columns are kept with the
    members, and count.

    Args:
        connection: a reader's.
        definition: of the selection.
        name: of the subset.
    """
    text = definition.content["sql"]
    rows = connection.sql(query("subsets/definitions"), params={"name": name}).fetchall()
    for subset_id, version, stored in rows:
        content = json.loads(stored)
        is_close = "sql" in content and "signals" in content and content["sql"] != text
        if is_close and definition_sha256(content | {"sql": text}) == definition.sha256:
            from catalog.query.meaning.changes import ONLY_LAYOUT, changes

            if changes(connection, content["sql"], text) == [ONLY_LAYOUT]:
                return Reference("subset", name, version, subset_id)
    return None
