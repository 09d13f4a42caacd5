"""Parquet for Embedding Atlas: places, neighbours, scores, marks and membership of every member.

================  ==============================================================================
fingerprint       string
row_number        int64
source            string
prompt, response  string
x, y              float, the place on the map; of several maps, that of t-SNE
neighbors         struct<ids list<int64>, distances list<double>>: the 15 nearest members as rows
                  of the file, from 0, and 1 - cosine; without embeddings the column is not there
mark, note        string, or NULL
last_loss         float; not there if a member has no losses
SCORE             double, a column for each score that a member has
NAME@VERSION      bool, a column for the newest version of each subset of the pool
================  ==============================================================================

``embedding-atlas FILE --x x --y y --neighbors neighbors --text prompt`` shows it; the format of
neighbours is that of its option ``--neighbors``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from catalog.errors import AmbiguousSignalError, QueryError, SignalError
from catalog.export.registry import exporter
from catalog.query.stream import run
from catalog.signals.kinds.map import layouts
from catalog.store.queries import query
from catalog.store.references import Reference, bare_names, resolve
from catalog.store.store import Store
from catalog.subsets.store import list_subsets

if TYPE_CHECKING:
    from catalog.store.database import Connection


@exporter(
    "atlas",
    layout="catalog",
    suffixes=(".parquet",),
    loses="turns, tools, media, labels and metadata",
)
def atlas(store: Store, reference: str, file: IO[bytes]) -> list[str]:
    """Write the map for Embedding Atlas as Parquet, and return the fingerprints in order.

    Raises:
        SignalError: the members have no map.
    """
    import pyarrow.parquet as pq

    with store.reading() as connection:
        found = resolve(connection, reference)
        members = connection.sql(
            query("export/atlas_members"), params=found.parameters
        ).to_arrow_table()
        subsets = dict(_subsets(connection, found))
    rows = _Rows(store, reference, members)
    rows.add(rows.places())
    rows.add_neighbours()
    for name in ("marks", "last_loss", "scores"):
        rows.add(rows.read_if_there(name))
    for name, fingerprints in subsets.items():
        inside = set(fingerprints)
        rows.append(name, pa.array([each in inside for each in rows.fingerprints]))
    pq.write_table(rows.table, file, compression="zstd")
    return rows.fingerprints


class _Rows:
    """Columns of the members, joined by fingerprint in the order of the export."""

    def __init__(self, store: Store, reference: str, members: pa.Table) -> None:
        self.store, self.reference, self.table = store, reference, members
        self.fingerprints: list[str] = members["fingerprint"].to_pylist()
        self.positions = {each: place for place, each in enumerate(self.fingerprints)}

    def read(self, name: str, **more: str | None) -> pa.Table:
        """Return the answer of a statement of `sql/queries/export.sql`."""
        parameters = {"reference": self.reference} | more
        return run(self.store, query(f"export/atlas_{name}"), parameters=parameters)

    def places(self) -> pa.Table:
        """Return the places on the map; of several, on the one that the page shows."""
        try:
            try:
                return self.read("map", method=None)
            except AmbiguousSignalError as error:
                return self.read("map", method=layouts(error.names)[0])
        except SignalError as error:
            raise error.saying(error.message) from None  # its place is in no text of the user

    def read_if_there(self, name: str) -> pa.Table | None:
        """Return the answer of a statement; None if its signal is not there."""
        try:
            return self.read(name)
        except (SignalError, QueryError):
            return None

    def add(self, found: pa.Table | None) -> None:
        """Add the columns of a table that has a fingerprint, but no score of other members."""
        if found is None:
            return
        places = dict(zip(found["fingerprint"].to_pylist(), range(found.num_rows), strict=True))
        index = pa.array([places.get(each) for each in self.fingerprints], pa.int64())
        for name in found.column_names:
            if name in ("instruction_id", "fingerprint"):
                continue
            values = found[name].take(index)
            if name in ("mark", "note") or values.null_count < len(values):
                self.append(name, values)

    def add_neighbours(self) -> None:
        """Add the nearest members of each member, if all of them have embeddings."""
        found = self.read_if_there("neighbours")
        if found is None:
            return
        near: list[dict[str, list[Any]]] = [{"ids": [], "distances": []} for _ in self.fingerprints]
        names = ("query_fingerprint", "fingerprint", "similarity")
        for of, other, similarity in zip(*(found[name].to_pylist() for name in names), strict=True):
            neighbours = near[self.positions[of]]
            neighbours["ids"].append(self.positions[other])
            neighbours["distances"].append(1 - similarity)
        type_ = pa.struct([("ids", pa.list_(pa.int64())), ("distances", pa.list_(pa.float64()))])
        self.append("neighbors", pa.array(near, type_))

    def append(self, name: str, values: pa.Array | pa.ChunkedArray) -> None:
        """Append a column; a second of one name is numbered."""
        unique, number = name, 1
        while unique in self.table.column_names:
            number += 1
            unique = f"{name}_{number}"
        self.table = self.table.append_column(unique, values)


def _subsets(connection: Connection, reference: Reference) -> Iterator[tuple[str, list[str]]]:
    """Yield the newest version of each subset of a reference's pool, with its members."""
    rows = list_subsets(connection).to_pylist()
    pools = {f"{row['name']}@{row['version']}": row["pool"] for row in rows}
    own = {*bare_names(pools.get(str(reference), str(reference))).split(",")}
    newest = {row["name"]: f"{row['name']}@{row['version']}" for row in rows}
    for name in newest.values():
        listed = pools[name]
        if not own.isdisjoint(bare_names(listed).split(",")) and name != str(reference):
            found = resolve(connection, name)
            inside = connection.sql(query("export/fingerprints"), params=found.parameters)
            yield name, [fingerprint for (fingerprint,) in inside.fetchall()]
