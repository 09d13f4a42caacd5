"""List pools, describe their versions, and compare versions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.errors import OptionError
from catalog.frames import to_polars
from catalog.notebook import NotebookResult
from catalog.store.database import Connection
from catalog.store.drop_subset import drop_subset, refuse_dependents
from catalog.store.members import without_empty
from catalog.store.queries import query
from catalog.store.references import Reference, check_tag, resolve

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True)
class Diff(NotebookResult):
    """Difference between the members of two references: left is before, right is after.

    ``members`` has the columns change, fingerprint, prompt and response, and rejected and media
    if a member has them. ``n_media_changed`` counts the kept members with a media file that had
    other content when the right side was registered.
    """

    left: str
    right: str
    n_added: int
    n_removed: int
    n_kept: int
    n_media_changed: int
    members: pl.DataFrame


@dataclass(frozen=True)
class Description(NotebookResult):
    """Version of a pool: its load, its contents, its first members."""

    reference: str
    tags: list[str]
    version: dict[str, Any]
    shape: dict[str, Any]
    sources: pl.DataFrame
    quarantine: pl.DataFrame
    examples: pl.DataFrame


def list_pools(connection: Connection) -> pa.Table:
    """Return every pool at its newest version, by name."""
    return connection.sql(query("pools/list")).to_arrow_table()


def history(connection: Connection, name: str) -> pa.Table:
    """Return every version of a pool, oldest first.

    Raises:
        ReferenceNotFoundError: no pool of that name.
    """
    resolve(connection, name, kind="pool")
    return connection.sql(
        query("pools/history"), params={"name": name.partition("@")[0]}
    ).to_arrow_table()


def describe(connection: Connection, reference: Reference, *, n_examples: int = 3) -> Description:
    """Describe one version of a pool."""
    params = {"pool_id": reference.id, "version": reference.version}
    version = connection.sql(query("pools/version"), params=params).to_arrow_table().to_pylist()[0]
    for key in ("files", "options"):
        version[key] = json.loads(version[key])
    tags = connection.sql(query("references/tags"), params={"name": reference.name}).fetchall()
    return Description(
        reference=str(reference),
        tags=sorted(tag for tag, tagged in tags if tagged == reference.version),
        version=version,
        shape=connection.sql(query("pools/shape"), params=params).to_arrow_table().to_pylist()[0],
        sources=to_polars(connection.sql(query("pools/sources"), params=params).to_arrow_table()),
        quarantine=to_polars(
            connection.sql(query("pools/quarantine_reasons"), params=params).to_arrow_table()
        ),
        examples=without_empty(
            connection.sql(
                query("pools/examples"), params=params | {"n": n_examples}
            ).to_arrow_table()
        ),
    )


def diff(connection: Connection, left: Reference, right: Reference, *, n_members: int = 20) -> Diff:
    """Return the members that only one of two references has."""
    sides = {
        f"{side}_{key}": value
        for side, reference in (("left", left), ("right", right))
        for key, value in (
            ("kind", reference.kind),
            ("id", reference.id),
            ("version", reference.version),
        )
    }
    connection.execute(query("relations/changed_media"), sides)
    ((n_media_changed,),) = connection.sql("SELECT count(*) FROM changed_media").fetchall()
    n_added, n_removed, n_kept = connection.sql(
        query("relations/diff_counts"), params=sides
    ).fetchall()[0]
    members = connection.sql(
        query("relations/diff_members"), params=sides | {"n": n_members}
    ).to_arrow_table()
    return Diff(
        str(left), str(right), n_added, n_removed, n_kept, n_media_changed, without_empty(members)
    )


def quarantined(
    connection: Connection, reference: Reference, *, reason: str | None = None, n_records: int = 100
) -> pa.Table:
    """Return the quarantined records of the loads that make up a version."""
    params = {"pool_id": reference.id, "version": reference.version}
    return connection.sql(
        query("pools/quarantine"), params=params | {"reason": reason, "n": n_records}
    ).to_arrow_table()


def tag(connection: Connection, reference: Reference, tag: str) -> None:
    """Name one version of a pool or subset. An existing tag moves.

    Raises:
        OptionError: the tag is invalid.
    """
    check_tag(tag)
    connection.execute(query("tags/remove"), {"name": reference.name, "tag": tag})
    connection.execute(
        query("tags/add"), {"name": reference.name, "tag": tag, "version": reference.version}
    )


def drop(connection: Connection, text: str) -> Reference:
    """Remove a pool with its history, a subset, or one version of a subset.

    The instructions stay until `gc`. Exports and runs stay recorded under the name and the hash of
    the members, since the files and the models are still there.

    Raises:
        OptionError: the text names a version of a pool, or subsets depend on it.
    """
    reference = resolve(connection, text)
    if reference.kind == "subset":
        drop_subset(connection, reference.name, reference.version if "@" in text else None)
        return reference
    if "@" in text:
        raise OptionError(
            f"{text} is one version of a pool, and a pool keeps its history: "
            f"drop the whole pool {reference.name}"
        )
    params = {"pool_id": reference.id}
    rows = connection.sql(query("pools/subsets_made_from"), params=params).fetchall()
    refuse_dependents([row[0] for row in rows], reference.name)
    for table in ("folded", "media_files", "members", "quarantine", "versions", "pool"):
        connection.execute(query(f"pools/drop_{table}"), {"pool_id": reference.id})
    connection.execute(query("tags/drop"), {"name": reference.name, "version": None})
    return reference
