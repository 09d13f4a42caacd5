"""References: ``name``, ``name@3``, ``name@tag``. Pools and subsets share one namespace."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from catalog.errors import OptionError, ReferenceNotFoundError
from catalog.notebook import NotebookResult
from catalog.store.queries import query

if TYPE_CHECKING:
    from catalog.store.database import Connection

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
GROUP = "group:"


@dataclass(frozen=True)
class Reference(NotebookResult):
    """Version of a pool or a subset that exists."""

    kind: Literal["pool", "subset"]
    name: str
    version: int
    id: int  # pool_id, or the subset_id of this version

    def __str__(self) -> str:
        """Return the exact form, ``name@version``."""
        return f"{self.name}@{self.version}"

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters of queries: ``$kind``, ``$id`` and ``$version``.

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
        OptionError: the text is not a reference.
    """
    name, _, at = check_reference(text).partition("@")
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
    command = "subsets" if rows[0][0] == "subset" else f"history {name}"
    raise ReferenceNotFoundError(
        f"{name} has no version {version}; it has {known}: `catalog {command}` shows them"
    )


def resolve_all(connection: Connection, text: str) -> tuple[Reference, ...]:
    """Find what a list of references such as ``alpaca,gsm@1`` names, in its order.

    Raises:
        ReferenceNotFoundError: one names nothing.
        OptionError: one is not a reference, or two name the same version.
    """
    found = tuple(resolve(connection, each.strip()) for each in text.split(","))
    repeated = [str(each) for each in found if found.count(each) > 1]
    if repeated:
        raise OptionError(f"{text} names {repeated[0]} more than once: name it once")
    return found


def listed_references(references: Iterable[Reference]) -> str:
    """Return references as one text, which `resolve_all` reads.

    >>> listed_references([Reference("pool", "a", 1, 1), Reference("pool", "b", 2, 2)])
    'a@1,b@2'
    """
    return ",".join(map(str, references))


def bare_names(text: str) -> str:
    """Return a list of references without their versions, so that it means the newest.

    >>> bare_names("alpaca@1,gsm@3")
    'alpaca,gsm'
    """
    return ",".join(each.strip().partition("@")[0] for each in text.split(","))


def source_parameters(references: Iterable[Reference]) -> dict[str, Any]:
    """Return the parameter ``$sources`` of queries over several references.

    >>> source_parameters([Reference("pool", "alpaca", version=3, id=7)])
    {'sources': [{'kind': 'pool', 'id': 7, 'version': 3, 'position': 0}]}
    """
    listed = enumerate(references)
    return {"sources": [each.parameters | {"position": place} for place, each in listed]}


def count_distinct(connection: Connection, references: Iterable[Reference]) -> int:
    """Return the number of members of several references, those of two counted once."""
    found = connection.sql(query("selection/n_distinct"), params=source_parameters(references))
    ((n_members,),) = found.fetchall()
    return int(n_members)


def count_members(connection: Connection, reference: Reference) -> int:
    """Return the number of members of a pool or subset."""
    found = connection.sql(query("references/n_members"), params=reference.parameters)
    ((n_members,),) = found.fetchall()
    return int(n_members)


def check_reference(text: str) -> str:
    """Return a text that can refer to a pool or a subset.

    Raises:
        OptionError: the text is not a reference.

    >>> check_reference("gsm8k_dev@2")
    'gsm8k_dev@2'
    """
    name, _, at = text.partition("@")
    if not NAME.fullmatch(name) or (not at and "@" in text):
        raise OptionError(f"invalid reference {text!r}: write NAME, NAME@3 or NAME@TAG")
    return text


def is_glob(text: str) -> bool:
    """Return whether a text stands for several names: with ``*``, ``?`` or ``[``, or a group."""
    return text.startswith(GROUP) or any(sign in text for sign in "*?[")


def matching_subsets(connection: Connection, glob: str) -> list[str]:
    """Return the subsets that a glob matches, such as ``car-*`` or ``car-*@2``.

    ``group:study1`` stands for the subsets of a group. The youngest name comes first, so that a
    subset comes before those that it was made from.

    Raises:
        ReferenceNotFoundError: no subset matches.
    """
    if glob.startswith(GROUP):
        params = {"group": glob.removeprefix(GROUP)}
        rows = connection.sql(query("references/subsets_of_group"), params=params).fetchall()
        if not rows:
            raise ReferenceNotFoundError(f"no subset is in the group {params['group']!r}")
        return [row[0] for row in rows]
    name, at, version = glob.partition("@")
    known = [row[0] for row in connection.sql(query("references/subsets")).fetchall()]
    found = [f"{each}{at}{version}" for each in known if fnmatchcase(each, name)]
    if not found:
        raise ReferenceNotFoundError(f"no subset matches {glob!r}{nearest(name, known)}")
    return found


def check_name(name: str) -> str:
    """Return a name that a pool or a subset can have.

    Raises:
        OptionError: the name is not valid.

    >>> check_name("alpaca-52k")
    'alpaca-52k'
    """
    if not NAME.fullmatch(name):
        raise OptionError(
            f"invalid name {name!r}: use letters, digits, '.', '_' and '-', starting with a letter "
            "or digit (at most 100 characters)"
        )
    return name


def check_tag(tag: str) -> str:
    """Return a tag: a name that is not all digits, which would read as a version.

    Raises:
        OptionError: the tag is not valid.
    """
    if not NAME.fullmatch(tag) or tag.isdigit():
        raise OptionError(
            f"invalid tag {tag!r}: use letters, digits, '.', '_' and '-', and not digits alone"
        )
    return tag


def nearest(name: str, known: list[str]) -> str:
    """Return how a message goes on after an unknown name.

    >>> nearest("alpcaa", ["alpaca", "gsm8k"])
    '; did you mean alpaca?'
    >>> nearest("x", [])
    ''
    """
    import difflib

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]}?"
    if known:
        return f"; there are: {', '.join(sorted(known)[:10])}"
    return ""


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
        step = f"run `catalog {kind}s` to list {kind}s"
        if kind == "pool":
            step = (
                f"for a subset, `catalog subsets` lists its versions and `catalog show {name}` "
                f"describes one; {step}"
            )
        problem = f"expected a {kind}, but {name!r} is a {rows[0][0]}"
        raise ReferenceNotFoundError(problem, next_step=step)


def _unknown(connection: Connection, name: str, *, kind: str | None) -> str:
    known = [
        row[0]
        for row in connection.sql(query("references/names")).fetchall()
        if kind in (None, row[1])
    ]
    what = kind or "pool or subset"
    makes = "`catalog register FILE --pool NAME` makes one"
    suggestion = nearest(name, known) or f"; there is no {what} yet: {makes}"
    return f"no {what} named {name}{suggestion}"
