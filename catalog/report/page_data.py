"""What the page shows of a pool or subset: a row for each member, and columns of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.query.executor import Limits
from catalog.report.columns import (
    NONE,
    Array,
    Column,
    category_column,
    group_column,
    mark_column,
    number_column,
    pack,
    place_column,
    subset_column,
)
from catalog.report.loss_clusters import LossClusters, loss_clusters
from catalog.report.places import places
from catalog.report.reading import read
from catalog.report.regions import named_regions
from catalog.store.quoting import quoted
from catalog.store.references import Reference, resolve
from catalog.store.store import Store
from catalog.subsets.store import list_subsets

if TYPE_CHECKING:
    import pyarrow as pa

MARKED = "LEFT JOIN (SELECT instruction_id, mark FROM marks($pool)) USING (instruction_id)"
JOINED = "LEFT JOIN (SELECT instruction_id, {column} FROM {relation}($pool)) USING (instruction_id)"
"""What a selector reads beside the pool for a condition on a column."""


@dataclass(frozen=True)
class PageData:
    """Data of one page.

    Attributes:
        reference: whose members.
        fingerprints: of the members, in the order of the page.
        positions: the place of each fingerprint in that order.
        header: what the page knows of the whole.
        columns: one value for each member.
        loss_clusters: clusters of loss trajectories; None without losses.
    """

    reference: Reference
    fingerprints: Sequence[str]
    positions: Mapping[str, int]
    header: Mapping[str, Any]
    columns: Sequence[Column]
    loss_clusters: LossClusters | None = None

    def packed(self) -> bytes:
        """Return the data as the browser reads it; see `catalog.report.columns.pack`."""
        return pack(self.header, self.columns)


def read_page_data(
    store: Store,
    ref: str,
    *,
    subsets: Sequence[str] | None = None,
    is_saving: bool = False,
    has_words: bool = True,
    limits: Limits | None = None,
) -> PageData:
    """Read what the page shows of a pool or subset.

    Args:
        store: the catalog's files and database.
        ref: the pool or subset.
        subsets: references of the subsets to mark; None marks the newest version of each subset
            of the same pool.
        is_saving: whether the page offers to save a subset.
        has_words: whether regions are named by words of the members' texts.
        limits: memory and time of each query.

    Raises:
        ReferenceNotFoundError: there is no such pool or subset.
    """
    with store.reading() as connection:
        reference = resolve(connection, ref)
        known = {
            f"{row['name']}@{row['version']}": row for row in list_subsets(connection).to_pylist()
        }
    reader = _Reader(store, reference, limits or Limits())
    chosen = _newest(known, reference) if subsets is None else list(subsets)
    columns = [*reader.members(), *reader.places(has_words=has_words)]
    columns += reader.subsets(chosen, known)
    columns += [*reader.scores(), *reader.losses(), *reader.marks(is_saving=is_saving)]
    header = {
        "reference": str(reference),
        "kind": reference.kind,
        "n": len(reader.fingerprints),
        "map": reader.map,
        "regions": reader.regions,
        "notes": reader.notes,
        "is_saving": is_saving,
    }
    return PageData(
        reference, reader.fingerprints, reader.positions, header, columns, reader.loss_clusters
    )


def read_marks(
    store: Store, reference: Reference, positions: Mapping[str, int], *, limits: Limits
) -> Column:
    """Return the marks of a page's members, as they are now."""
    marks: list[str | None] = [None] * len(positions)
    for row in read(store, "marks", reference, limits=limits).to_pylist():
        marks[positions[row["fingerprint"]]] = row["mark"]
    return mark_column(marks, reads=MARKED)


class _Reader:
    """Reads one part of the page after another, each in the order of the members."""

    def __init__(self, store: Store, reference: Reference, limits: Limits) -> None:
        self.store, self.reference, self.limits = store, reference, limits
        self.notes: list[str] = []
        self.map: Mapping[str, Any] | None = None
        self.regions: list[dict[str, Any]] = []
        self.loss_clusters: LossClusters | None = None
        self.fingerprints: list[str] = []
        self.positions: dict[str, int] = {}

    def members(self) -> Iterator[Column]:
        """Yield the source and the lengths, and remember the order of the members."""
        table = self._run("members")
        self.fingerprints = table["fingerprint"].to_pylist()
        self.positions = {each: place for place, each in enumerate(self.fingerprints)}
        yield category_column("source", table["source"].to_pylist(), sql="source")
        for name in ("prompt", "response"):
            values = _numbers(table[f"{name}_characters"])
            yield number_column(f"{name}_characters", values, sql=f"length({name})", is_log=True)

    def places(self, *, has_words: bool) -> Iterator[Column]:
        """Yield x, y and the region of the map, or of the first two principal components."""
        placed, self.map = places(self.store, self.reference, self.limits, self.notes)
        if placed is None or not placed.num_rows:
            return
        for name in ("x", "y"):
            yield place_column(name, self._in_order(placed, name))
        found = named_regions(self.store, self.reference, placed, limits=self.limits)
        self.regions = found.rows.to_pylist()
        if not has_words:
            self.regions = [row | {"words": []} for row in self.regions]
        names = [", ".join(row["words"]) or f"region {row['region']}" for row in self.regions]
        yield self._groups("region", placed["fingerprint"].to_pylist(), found.of, names)

    def subsets(
        self, references: Sequence[str], known: Mapping[str, Mapping[str, Any]]
    ) -> Iterator[Column]:
        """Yield a column for each subset that holds a member of the page."""
        for ref in references:
            table = read(self.store, "subset_members", ref, limits=self.limits)
            members = table["fingerprint"].to_pylist()
            is_member = np.zeros(len(self.fingerprints), dtype=bool)
            is_member[[self.positions[each] for each in members if each in self.positions]] = True
            selector = str(known.get(ref, {}).get("selector", ""))
            yield subset_column(ref, is_member, selector=selector)

    def scores(self) -> Iterator[Column]:
        """Yield each score that a member has."""
        table = self._run("scores")
        for name in table.column_names:
            if name not in ("instruction_id", "fingerprint"):
                values = self._in_order(table, name)
                if not np.isnan(values).all():
                    reads = JOINED.format(column=quoted(name), relation="scores")
                    yield number_column(name, values, sql=quoted(name), reads=reads)

    def losses(self) -> Iterator[Column]:
        """Yield the last loss and the cluster, where every member has a trajectory."""
        self.loss_clusters = loss_clusters(self.store, self.reference, limits=self.limits)
        if self.loss_clusters is None:
            return
        found = self.loss_clusters
        values = self._placed(found.fingerprints, found.last, np.nan)
        reads = JOINED.format(column="losses", relation="trajectories")
        yield number_column("last_loss", values, sql="losses[-1]", reads=reads)
        names = [f"{row['cluster']}" for row in found.rows]
        yield self._groups("loss_cluster", found.fingerprints, found.of, names)

    def marks(self, *, is_saving: bool) -> Iterator[Column]:
        """Yield the marks, where there are any or the page can make some."""
        column = read_marks(self.store, self.reference, self.positions, limits=self.limits)
        if column.values.any() or is_saving:
            yield column

    def _groups(
        self, name: str, fingerprints: Sequence[str], groups: Array, names: Sequence[str]
    ) -> Column:
        return group_column(name, self._placed(fingerprints, groups, -1), [*names, NONE])

    def _in_order(self, table: pa.Table, name: str) -> Array:
        return self._placed(table["fingerprint"].to_pylist(), _numbers(table[name]), np.nan)

    def _placed(self, fingerprints: Sequence[str], values: Array, absent: float) -> Array:
        """Return values in the order of the page, (n,)."""
        placed = np.full(len(self.fingerprints), absent)
        placed[[self.positions[each] for each in fingerprints]] = values
        return placed

    def _run(self, name: str, **values: Any) -> pa.Table:
        return read(self.store, name, self.reference, limits=self.limits, **values)


def _numbers(column: pa.ChunkedArray) -> Array:
    """Return a column as float64 (n,), NaN for NULL."""
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64()).to_numpy())


def _newest(known: Mapping[str, Mapping[str, Any]], reference: Reference) -> list[str]:
    """Return the newest version of each subset made from a pool of a reference."""
    pools = {reference.name}
    own = known.get(str(reference))
    if own:
        pools = _pools(own)
    newest = {
        row["name"]: ref
        for ref, row in known.items()
        if not pools.isdisjoint(_pools(row)) and ref != str(reference)
    }
    return list(newest.values())


def _pools(row: Mapping[str, Any]) -> set[str]:
    """Return the names of the pools that a subset's members come from."""
    return {each.partition("@")[0] for each in str(row["pool"]).split(", ")}
