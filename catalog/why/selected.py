"""Why a row of a pool is in a subset, or what it lacked to be in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from catalog.messages import shortened
from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import resolve
from catalog.store.store import Store
from catalog.subsets.store import pools_of, ranked_members, stored
from catalog.why.account import LeftOut
from catalog.why.lookup import Row, find_row
from catalog.why.not_selected import left_out

# What the columns that selectors return mean to a person; a column that is not here goes by its
# name alone.
MEANINGS = {
    "cell": "its cell of the map",
    "cluster": "its cluster",
    "cluster_size": "members of that cluster",
    "confidence": "how sure the model is of its response",
    "density": "how many rows are similar to it",
    "depth": "how much it can teach",
    "distance": "to the nearest member selected before it",
    "sampled": "its random number, in [0, 1)",
    "gain": "what it added when it was selected",
    "information": "of all members up to it",
    "learnability": "how far the proxy's loss on it fell",
    "loss": "the proxy's loss on it",
    "shuffle_key": "its random number, by which the order is shuffled",
    "n_new_tags": "tags that it added to the pass",
    "n_places": "rows that were ranked",
    "n_tags": "tags that it has",
    "n_tokens": "its length in tokens",
    "nearest_similarity": "to the most similar member selected before it",
    "pass_number": "the pass over the pool that selected it",
    "perplexity": "of its response",
    "place": "its place in the ranking",
    "place_in_source": "its place in its source",
    "score": "its score",
    "sensitivity": "its weight in sampling",
    "source": "where in the pool it came from",
    "stage": "its stage",
    "round": "its place in the order of picks",
}
# What some of them mean beside another column of the selector.
MEANINGS_IN = {
    ("distance", "cluster"): "to its cluster's centre",
    ("round", "cell"): "its round within its cell",
    ("round", "cluster"): "its round within its cluster",
    ("round", "stage"): "its round within its stage",
}


@dataclass(frozen=True)
class Why(NotebookResult):
    """Why a row is a subset's member, or why not.

    Attributes:
        reference: the subset, ``name@version``.
        selector: the method.
        source: the pool or subset that it was selected from, ``name@version``.
        n_members: of the subset.
        row: the row in question.
        rank: among the members, from 1; None for one left out.
        columns: of a member, what the selector returned of it.
        left_out: of one left out, what it lacked.
        copies: how many rows the member is.
    """

    reference: str
    selector: str
    source: str
    n_members: int
    row: Row
    rank: int | None
    columns: dict[str, Any] = field(default_factory=dict)
    left_out: LeftOut | None = None
    copies: int = 1

    @property
    def is_member(self) -> bool:
        """Return whether it is in the subset."""
        return self.rank is not None

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as JSON shows it."""
        row = {key: value for key, value in vars(self.row).items() if key != "instruction_id"}
        plain = {
            "reference": self.reference,
            "selector": self.selector,
            "source_reference": self.source,
            "n_members": self.n_members,
        }
        left = self.left_out.as_dict() if self.left_out else {}
        return (
            plain
            | row
            | {"is_member": self.is_member, "rank": self.rank, "copies": self.copies}
            | {"why": self.columns}
            | left
        )

    def lines(self) -> list[str]:
        """Return the answer as lines of text; ``left_out.beside`` has the rows to compare with."""
        row = self.row
        is_named = "," in self.source and row.pool != row.source
        pool = f" of {row.pool}" if is_named else ""
        first = f"row {row.row_number:,} of {row.source}{pool}: {row.fingerprint}"
        prompt = f"  {_one_line(row.prompt, 110)}"
        how = f"selected by {self.selector} from {self.source}"
        if self.rank is not None:
            rank = f"rank {self.rank:,} of {self.n_members:,}"
            if self.copies > 1:
                rank += f", {self.copies:,} times"
            return [first, prompt, f"in {self.reference}: {rank}, {how}", *self._column_lines()]
        assert self.left_out is not None  # a row is a member or left out
        outside = f"not in {self.reference}: {self.n_members:,} members, {how}"
        return [first, prompt, outside, *(f"  {line}" for line in self.left_out.sentences)]

    def _column_lines(self) -> list[str]:
        """Return one line for each of the selector's columns: name, value, meaning."""
        name_width = max((len(name) for name in self.columns), default=0)
        values = [f"  {name:{name_width}}  {_value(value)}" for name, value in self.columns.items()]
        width = max((len(value) for value in values), default=0)
        meanings = [meaning(name, self.columns) for name in self.columns]
        pairs = zip(values, meanings, strict=True)
        return [f"{value:{width}}  {meaning}".rstrip() for value, meaning in pairs]


def meaning(column: str, columns: Iterable[str]) -> str:
    """Return what a selector's column means beside the others; "" if it goes by its name alone.

    >>> meaning("distance", ["cluster", "distance"]), meaning("distance", ["distance"])
    ("to its cluster's centre", 'to the nearest member selected before it')
    """
    beside = (MEANINGS_IN[column, other] for other in columns if (column, other) in MEANINGS_IN)
    return next(beside, MEANINGS.get(column, ""))


def why(
    store: Store,
    text: str,
    which: str | int,
    *,
    limits: Limits | None = None,
    is_all: bool = False,
) -> Why:
    """Explain why a row is in a subset, or why it is not.

    For a member this is what was written when it was selected. For another row the definition is
    run again on the same pool version, and a difference, such as in a signal, is reported.

    Args:
        store: the catalog's files and database.
        text: the subset.
        which: a row number in the subset's pool version, or eight or more digits that a fingerprint
            begins with.
        limits: what running it again may take.
        is_all: whether every place where the row fails is listed, as if it had passed those before,
            not only the first.

    Raises:
        ReferenceNotFoundError: no such subset, or what it was made from is gone.
        NotFoundError: the pool version has no such row; the message names where it went.
        OptionError: it is not a row number or a fingerprint, or several rows match.
    """
    limits = limits or Limits()
    with store.reading() as connection:
        reference = resolve(connection, text, kind="subset")
        record = stored(connection, reference)
        row = find_row(connection, which, pools=pools_of(record))
        rank, columns, copies = _member(connection, reference.id, row)
        before = ranked_members(connection, reference)
    content = record["definition"]
    account = None
    if rank is None:
        account = left_out(store, record, row, members=before, limits=limits, is_all=is_all)
    return Why(
        str(reference),
        record["selector"],
        content["pool"],
        record["n_members"],
        row,
        rank,
        columns,
        account,
        copies,
    )


def _member(
    connection: Connection, subset_id: int, row: Row
) -> tuple[int | None, dict[str, Any], int]:
    """Return the rank of a row, the selector's columns, and how many rows the member is."""
    at = {"subset_id": subset_id, "instruction_id": row.instruction_id}
    found = connection.sql(query("why/member"), params=at).fetchall()
    if found:
        rank, columns, copies = found[0]
        return rank, json.loads(columns or "{}"), copies
    return None, {}, 0


def _one_line(text: str, length: int) -> str:
    return shortened(" ".join(text.split()), length)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if value is None:
        return "none"
    return str(value)
