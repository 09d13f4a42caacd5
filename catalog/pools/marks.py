"""Marks that people give to members: good, bad, or a note.

A mark belongs to a fingerprint. It stays when a pool is dropped, swept or registered again, and
every pool that has the instruction shows it. Changes are only ever added, so that a selection which
reads ``marks(ref)`` can be made again from the marks of its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.errors import NotFoundError, OptionError
from catalog.messages import listed
from catalog.notebook import NotebookResult
from catalog.pools.modes import MARKS, Mark
from catalog.store.database import Connection
from catalog.store.members import DIGITS, find_member
from catalog.store.queries import query
from catalog.store.references import Reference, resolve
from catalog.store.store import Store

LONGEST_NOTE = 10_000
"""Characters."""


@dataclass(frozen=True, kw_only=True)
class Marked(NotebookResult):
    """Result of a change of marks.

    Attributes:
        reference: the pool or subset as ``name@version``.
        change: the number of the change.
        fingerprints: of the members whose marks changed.
        undone: the number of the change that it took back, or None.
    """

    reference: str
    change: int
    fingerprints: tuple[str, ...]
    undone: int | None = None


def mark_members(
    store: Store,
    text: str,
    fingerprints: Sequence[str],
    *,
    mark: Mark | None = None,
    note: str | None = None,
) -> Marked:
    """Mark members of a pool or subset; what is not given stays as it was.

    Args:
        store: the catalog's files and database.
        text: the pool or subset.
        fingerprints: the members, by the first 8 or more digits of each.
        mark: ``good`` or ``bad``; ``none`` removes the mark.
        note: any text; an empty one removes the note.

    Raises:
        OptionError: neither a mark nor a note is given, the note is longer than 10,000 characters,
            or several members have the digits.
        NotFoundError: no member has a fingerprint.
    """
    if note is not None and len(note) > LONGEST_NOTE:
        raise OptionError(f"a note has at most {LONGEST_NOTE:,} characters, got {len(note):,}")
    if mark is None and note is None:
        raise OptionError("expected a mark (good, bad or none) or a note")
    if mark is not None and mark not in MARKS:
        raise OptionError(f"invalid mark {mark!r}: use {', '.join(MARKS)}")
    with store.reading() as connection:
        resolve(connection, text)  # before writing creates a catalog
    with store.writing() as connection:
        reference = resolve(connection, text)
        found = _members(connection, reference, fingerprints)
        change = _next_change(connection)
        values = {
            "change": change,
            "fingerprints": found,
            "has_mark": mark is not None,
            "mark": None if mark == "none" else mark,
            "has_note": note is not None,
            "note": note or None,
        }
        connection.execute(query("marks/add"), values)
    return Marked(reference=str(reference), change=change, fingerprints=tuple(found))


def undo_mark(store: Store, text: str) -> Marked:
    """Take back the newest change of marks of a pool's or subset's members; again, the one before.

    Raises:
        NotFoundError: there is no change to take back.
    """
    with store.reading() as connection:
        resolve(connection, text)
    with store.writing() as connection:
        reference = resolve(connection, text)
        ((undone,),) = connection.sql(
            query("marks/change_to_undo"), params=reference.parameters
        ).fetchall()
        if undone is None:
            raise NotFoundError(f"no member of {reference} has a mark to take back")
        change = _next_change(connection)
        rows = connection.execute(
            query("marks/undo"), {"change": change, "undone": undone}
        ).fetchall()
    fingerprints = tuple(sorted(row[0] for row in rows))
    return Marked(reference=str(reference), change=change, fingerprints=fingerprints, undone=undone)


def _next_change(connection: Connection) -> int:
    ((change,),) = connection.sql(query("marks/next_change")).fetchall()
    return int(change)


def _members(connection: Connection, reference: Reference, texts: Sequence[str]) -> list[str]:
    """Return the whole fingerprints of some members, each once.

    Raises:
        OptionError: none is given, or several members have the digits.
        NotFoundError: no member has one.
    """
    wanted = dict.fromkeys(text.strip().lower() for text in texts)
    if not wanted:
        raise OptionError("expected the fingerprint of at least one member")
    whole = [text for text in wanted if len(text) == DIGITS]
    found = connection.sql(
        query("marks/members"), params=reference.parameters | {"fingerprints": whole}
    ).fetchall()
    there = {row[0] for row in found}
    missing = [text for text in whole if text not in there]
    if missing:
        raise NotFoundError(f"{reference} has no member {listed(missing)}")
    short = (text for text in wanted if len(text) != DIGITS)
    return sorted({*there, *(find_member(connection, reference, text)[1] for text in short)})
