"""Is a subset what its definition gives? It is made again, from the signals that it was made from, and compared member by member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from catalog.selection.choose import choose, members_sha256
from catalog.selection.coverage import title
from catalog.selection.execution import Limits
from catalog.store.database import Connection, reading
from catalog.store.folders import Home
from catalog.store.queries import query
from catalog.store.references import resolve
from catalog.subsets.select import define_again
from catalog.subsets.store import members, stored

FIRST = 10  # differences that are shown


@dataclass(frozen=True)
class Verification:
    """Whether a subset was made again as it is, and where it first differs.

    Attributes:
        reference: ``name@version``.
        is_same: the same members in the same order.
        n_members: as stored.
        n_different: ranks at which the two differ; all, where it cannot be made again.
        differences: the first of them: (rank, stored fingerprint or None, fingerprint now or None).
        causes: what is not as it was when the subset was made: a signal that is gone, the code, the stored members.
    """

    reference: str
    is_same: bool
    n_members: int
    n_different: int
    differences: tuple[tuple[int, str | None, str | None], ...]
    causes: tuple[str, ...]


def verify(home: Home, text: str, *, limits: Limits | None = None) -> Verification:
    """Run a subset's definition again and compare.

    Raises:
        ReferenceNotFoundError: no such subset, or what it was made from is gone.
    """
    limits = limits or Limits(is_memoised=False)
    with reading(home, wait=limits.wait) as connection:
        reference = resolve(connection, text, kind="subset")
        record = stored(connection, reference)
        before = members(connection, reference)
        content = record["definition"]
        gone = _gone(connection, content)
    if gone:
        return Verification(str(reference), False, len(before), len(before), (), gone)
    definition = define_again(home, content, limits=limits)
    now = choose(home, definition, limits=limits).members["fingerprint"].to_pylist()
    pairs = enumerate(zip_longest(before, now), start=1)
    differences = [(rank, old, new) for rank, (old, new) in pairs if old != new]
    is_as_written = members_sha256(before) == record["members_sha256"]
    causes = _causes(content, definition.content) + (() if is_as_written else ("the stored members are not those that were written",))
    return Verification(
        str(reference), is_as_written and not differences, len(before), len(differences), tuple(differences[:FIRST]), causes
    )


def _gone(connection: Connection, content: Mapping[str, Any]) -> tuple[str, ...]:
    """The signals that the definition read and the catalog no longer has; vectors of labels are embedded as they are asked for."""
    signals = [signal for signal in content["signals"] if signal["kind"] != "label_embedding"]
    keys = ({"identity_sha256": signal["identity_sha256"]} for signal in signals)
    found = [connection.sql(query("signals/find"), params=key).fetchall() for key in keys]
    return tuple(
        f"the {title(one['kind'], one['name'])} it was made from: gone" for one, rows in zip(signals, found, strict=True) if not rows
    )


def _causes(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    causes = []
    if _signals(before) != _signals(now):
        causes.append("another signal is read now")
    kept = {kind: before.get(kind, now[kind]) for kind in ("functions", "macros")}
    changed = sorted(name for kind, codes in kept.items() for name, code in now[kind].items() if codes.get(name) != code)
    if changed:
        causes.append(f"the code of {', '.join(changed)} has changed")
    return tuple(causes)


def _signals(content: Mapping[str, Any]) -> list[str]:
    """Which signals were read; their Lance versions may grow."""
    return sorted(signal["identity_sha256"] for signal in content["signals"])
