"""Is a subset what its definition gives? It is made again, and compared member by member."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from catalog.selection.execution import Limits
from catalog.store.database import reading
from catalog.store.folders import Home
from catalog.store.queries import query
from catalog.store.references import resolve
from catalog.subsets.select import Request, answer, code_of, signals_of
from catalog.subsets.store import content_of, members_sha256, ranked, stored

FIRST = 10  # differences that are shown


@dataclass(frozen=True)
class Verification:
    """Whether a subset was made again as it is, and where it first differs.

    Attributes:
        reference: ``name@version``.
        is_same: the same members in the same order.
        n_members: as stored.
        n_different: ranks at which the two differ.
        differences: the first of them: (rank, stored fingerprint or None, fingerprint now or None).
        causes: what is not as it was when the subset was made: the pool, a signal, the code.
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
        before = [row[1] for row in connection.sql(query("subsets/members"), params={"subset_id": reference.id}).fetchall()]
        definition = record["definition"]
        source = resolve(connection, definition["reference"])
        content = content_of(connection, source)
    rows, plan = answer(home, Request.again(definition, source=source, content=content), limits)
    with reading(home, wait=limits.wait) as connection:
        connection.register("chosen", ranked(rows))
        now = [row[1] for row in connection.sql(query("subsets/fingerprints")).fetchall()]
    pairs = enumerate(zip_longest(before, now), start=1)
    differences = [(rank, old, new) for rank, (old, new) in pairs if old != new]
    causes = []
    if content != definition["content"]:
        causes.append(f"{source} holds other instructions now")
    if [dict(signal, lance=None) for signal in signals_of(plan)] != [dict(signal, lance=None) for signal in definition["signals"]]:
        causes.append("another signal is read now")
    if code_of(plan) != definition["code"]:
        causes.append("the code of a kernel has changed")
    if members_sha256(before) != record["members_sha256"]:
        causes.append("the stored members are not those that were written")
    is_same = not differences and members_sha256(before) == record["members_sha256"]
    return Verification(str(reference), is_same, len(before), len(differences), tuple(differences[:FIRST]), tuple(causes))
