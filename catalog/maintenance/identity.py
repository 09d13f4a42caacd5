"""Instructions and subsets against the hashes that name them."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.maintenance.database_doctor import Issue
from catalog.pools.fingerprint import fingerprint
from catalog.selection.run import members_sha256
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.storage_errors import RESTORE
from catalog.store.store import Store

BATCH = 10_000  # instructions at a time


def changed_instructions(connection: Connection, _home: Store) -> Iterator[Issue]:
    """Find instructions whose messages no longer give their fingerprint."""
    changed: list[str] = []
    for batch in connection.sql(query("maintenance/instructions")).to_arrow_reader(BATCH):
        for row in batch.to_pylist():
            known = row.pop("fingerprint")
            messages = [(one["role"], one["content"], one["extra"]) for one in row.pop("messages")]
            if _fingerprint(messages, row) != known:
                changed.append(known)
    if changed:
        problem = (
            f"{len(changed):,} instructions do not have the text of their fingerprint, "
            f"such as {changed[0]}"
        )
        yield Issue("fingerprints", problem, RESTORE)


def changed_subsets(connection: Connection, _home: Store) -> Iterator[Issue]:
    """Find subsets whose members are not those that were written."""
    for subset_id, name, version, sha256 in connection.sql(query("maintenance/subsets")).fetchall():
        rows = connection.sql(query("subsets/members"), params={"subset_id": subset_id}).fetchall()
        if members_sha256(row[0] for row in rows) != sha256:
            problem = (
                f"the members of {name}@{version} are not those that were written: "
                "members_sha256 differs"
            )
            yield Issue(
                "members_sha256", problem, f"{RESTORE}; or drop the subset and select it again"
            )


def _fingerprint(
    messages: list[tuple[str, str, str | None]], rest: dict[str, str | None]
) -> str | None:
    try:
        return fingerprint(messages, **rest)
    except ValueError:  # what should be JSON is not
        return None
