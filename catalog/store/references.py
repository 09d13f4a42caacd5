"""References: ``name``, ``name@3``, ``name@tag``. Pools and subsets share one namespace."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from catalog.errors import OptionError, ReferenceNotFoundError
from catalog.store.queries import query

if TYPE_CHECKING:
    from catalog.store.database import Connection

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Reference:
    """One version of a pool or a subset, found."""

    kind: Literal["pool", "subset"]
    name: str
    version: int
    id: int  # pool_id, or the subset_id of this version

    def __str__(self) -> str:
        """The exact form, ``name@version``."""
        return f"{self.name}@{self.version}"

    @property
    def parameters(self) -> dict[str, Any]:
        """What queries call it: ``$kind``, ``$id`` and ``$version``.

        >>> Reference("pool", "alpaca", version=3, id=7).parameters
        {'kind': 'pool', 'id': 7, 'version': 3}
        """
        return {"kind": self.kind, "id": self.id, "version": self.version}


def resolve(
    connection: Connection, text: str, *, kind: Literal["pool", "subset"] | None = None
) -> Reference:
    """Find what a reference names; without a version, the newest.

    Raises:
        ReferenceNotFoundError: no such name, version or tag; the message suggests the nearest.
        OptionError: the text is no reference.
    """
    name, _, at = text.partition("@")
    if not NAME.fullmatch(name) or (not at and "@" in text):
        raise OptionError(f"{text!r} is no reference: write NAME, NAME@3 or NAME@TAG")
    rows = connection.sql(query("references/versions"), params={"name": name}).fetchall()
    if kind:
        _refuse_other_kind(rows, name=name, kind=kind)
    if not rows:
        raise ReferenceNotFoundError(_unknown(connection, name, kind=kind))
    version = _version(connection, name, at, newest=max(row[2] for row in rows))
    for row_kind, row_id, row_version in rows:
        if row_version == version:
            return Reference(row_kind, name, version, row_id)
    known = ", ".join(str(row[2]) for row in rows[-10:])
    raise ReferenceNotFoundError(
        f"{name} has no version {version}; it has {known}: `catalog history {name}` shows them"
    )


def check_name(name: str) -> str:
    """A name fit for a pool or a subset.

    Raises:
        OptionError: it is not.

    >>> check_name("alpaca-52k")
    'alpaca-52k'
    """
    if not NAME.fullmatch(name):
        raise OptionError(
            f"{name!r} is no name: letters, digits, '.', '_' and '-', beginning with a letter or digit, 100 at most"
        )
    return name


def check_tag(tag: str) -> str:
    """A tag: a name that is not all digits, which would read as a version.

    Raises:
        OptionError: it is not.
    """
    if not NAME.fullmatch(tag) or tag.isdigit():
        raise OptionError(
            f"{tag!r} is no tag: letters, digits, '.', '_' and '-', and not digits alone"
        )
    return tag


def nearest(name: str, known: list[str]) -> str:
    """How a message goes on after an unknown name.

    >>> nearest("alpcaa", ["alpaca", "gsm8k"])
    '; did you mean alpaca?'
    >>> nearest("x", [])
    ''
    """
    import difflib

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there are: {', '.join(sorted(known)[:10])}" if known else ""


def _version(connection: Connection, name: str, at: str, *, newest: int) -> int:
    if not at:
        return newest
    if at.isdigit():
        return int(at)
    tags = dict(connection.sql(query("references/tags"), params={"name": name}).fetchall())
    if at not in tags:
        raise ReferenceNotFoundError(f"{name} has no tag {at!r}{nearest(at, list(tags))}")
    return int(tags[at])


def _refuse_other_kind(rows: list[tuple[str, int, int]], *, name: str, kind: str) -> None:
    if rows and rows[0][0] != kind:
        raise ReferenceNotFoundError(
            f"{name} is a {rows[0][0]}, and a {kind} is wanted here: `catalog {kind}s` lists them"
        )


def _unknown(connection: Connection, name: str, *, kind: str | None) -> str:
    known = [
        row[0]
        for row in connection.sql(query("references/names")).fetchall()
        if kind in (None, row[1])
    ]
    what = kind or "pool or subset"
    return f"no {what} named {name}{nearest(name, known) or f'; there is no {what} yet: `catalog register FILE --pool NAME` makes one'}"
