"""Is the catalog whole? Every check is one SQL file that finds nothing in a healthy catalog."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.maintenance.vectors_doctor import faults
from catalog.notebook import NotebookResult
from catalog.store.database import Connection
from catalog.store.media import media_faults
from catalog.store.queries import query
from catalog.store.scratch import abandoned
from catalog.store.store import Store

# The check, and what to do when it finds something.
CHECKS: tuple[tuple[str, str], ...] = (
    ("duplicate_fingerprints", "restore a backup of the catalog's folder"),
    ("members_without_instruction", "restore a backup, or drop the pool and register it again"),
    ("overlapping_members", "restore a backup, or drop the pool and register it again"),
    ("member_counts", "restore a backup, or drop the pool and register it again"),
    ("version_gaps", "restore a backup, or drop the pool and register it again"),
    ("quarantine_counts", "restore a backup, or drop the pool and register it again"),
    ("folded_records", "restore a backup, or drop the pool and register it again"),
    ("marks", "restore a backup, or mark the instruction again with `catalog mark`"),
    ("dangling_tags", "move the tag with `catalog tag NAME@VERSION TAG`"),
    ("shared_names", "drop one of the two"),
    ("subset_counts", "drop the subset and select it again"),
    ("lost_references", "restore a backup to make it again; its members are kept"),
)


@dataclass(frozen=True)
class Issue(NotebookResult):
    """Fault of a catalog, and the next step."""

    check: str
    problem: str
    next_step: str


def doctor(connection: Connection, store: Store) -> list[Issue]:
    """Check the catalog; an empty answer is a healthy one."""
    issues = [
        Issue(check, str(problem), next_step)
        for check, next_step in CHECKS
        for (problem,) in connection.sql(query(f"doctor/{check}")).fetchall()
    ]
    issues += [
        Issue(fault.check, fault.problem, fault.next_step) for fault in faults(connection, store)
    ]
    issues += [Issue(*fault) for fault in media_faults(connection, store)]
    issues += [
        Issue("scratch", f"{path} was left by a job that died", "`catalog gc` removes it")
        for path in abandoned(store)
    ]
    return issues
