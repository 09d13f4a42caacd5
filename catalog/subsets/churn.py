"""Churn of a refresh that keeps members: how many stay, come and go, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.notebook import NotebookResult
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference


@dataclass(frozen=True)
class Churn(NotebookResult):
    """Churn of a refresh that keeps members.

    Attributes:
        before: the version whose members are kept, ``name@version``.
        ranking: the subset of all that qualify now, in their order.
        n_kept: members that stay.
        n_added: members that replace others, or fill up a budget that has grown.
        n_gone: members that left the pool.
        n_unqualified: members that the selector does not take any more.
        n_surplus: members that still qualify and that a smaller budget has no room for.
    """

    before: str
    ranking: str
    n_kept: int
    n_added: int
    n_gone: int
    n_unqualified: int
    n_surplus: int

    def __str__(self) -> str:
        """Return what changed, as one sentence."""
        n_replaced = self.n_gone + self.n_unqualified
        text = f"{self.n_kept:,} of {self.before} kept, {self.n_added:,} added, {n_replaced:,} left"
        reasons = {
            "left the pool": self.n_gone,
            "do not qualify any more": self.n_unqualified,
            "have no room in the budget": self.n_surplus,
        }
        causes = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
        return f"{text} ({causes})" if causes else text


def churn(
    connection: Connection,
    *,
    before: Reference,
    ranking: Reference,
    sources: Iterable[Reference],
    n: int,
) -> Churn:
    """Return how many members of a version stay, come and go; those that stay come first.

    Args:
        connection: of the catalog.
        before: the version before.
        ranking: all that qualify now.
        sources: the pools and subsets that the ranking was selected from.
        n: members of the version after.
    """
    there = {each for source in sources for each in _ids(connection, source)}
    ids = _ids(connection, before)
    n_gone = len(ids - there)
    n_stay = len(ids & _ids(connection, ranking))
    n_kept = min(n_stay, n)
    return Churn(
        str(before),
        str(ranking),
        n_kept=n_kept,
        n_added=n - n_kept,
        n_gone=n_gone,
        n_unqualified=len(ids) - n_gone - n_stay,
        n_surplus=n_stay - n_kept,
    )


def _ids(connection: Connection, reference: Reference) -> set[int]:
    rows = connection.sql(query("subsets/member_ids"), params=reference.parameters).fetchall()
    return {instruction_id for (instruction_id,) in rows}
