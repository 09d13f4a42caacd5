"""Pools and subsets side by side, with a random draw of the same size as the yardstick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from catalog.errors import AmbiguousSignalError, OptionError, QueryError, SignalError
from catalog.frames import to_polars
from catalog.messages import argument
from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.query.stream import run
from catalog.store.queries import query
from catalog.store.references import Reference, resolve
from catalog.store.store import Store
from catalog.subsets.store import stored

if TYPE_CHECKING:
    import polars as pl

Ids = np.ndarray[Any, np.dtype[np.int64]]
NEAR = 0.95  # cosine from which two prompts count as near-duplicates


@dataclass(frozen=True)
class Comparison(NotebookResult):
    """References side by side.

    Attributes:
        rows: one for each reference and its yardstick: name, size, and every number that the pool's
            signals allow.
        overlap: Jaccard index of each pair of references, of all their members.
        landscape: instruction_id, x, y and cell of the whole pool; None without embeddings.
        members: who belongs to each row, by its name.
        notes: what could not be measured, and the command that would make it so.
    """

    rows: list[dict[str, Any]]
    overlap: dict[tuple[str, str], float]
    landscape: pl.DataFrame | None
    members: dict[str, Ids] = field(repr=False)
    notes: tuple[str, ...] = ()


def compare(
    store: Store,
    texts: Sequence[str],
    *,
    projection: str = "tsne",
    depth: str = "depth",
    encoder: str | None = None,
    proxy: str | None = None,
    limits: Limits | None = None,
) -> Comparison:
    """Measure references side by side, over the newest of the versions of their pool.

    Members that are no longer in that version are left out of all but the overlap, and a note says
    how many they are.

    Args:
        store: the catalog's files and database.
        texts: references that come from one pool, of whatever versions.
        projection: how the landscape is drawn: tsne, umap or pca.
        depth: the score that says how deep a member is.
        encoder: whose embeddings, when there are several.
        proxy: whose losses, when there are several.
        limits: memory and time.

    Raises:
        OptionError: the references come from several pools, or nothing of one is left in the
            newest version.
        ReferenceNotFoundError: one is not there.
    """
    limits = limits or Limits()
    with store.reading() as connection:
        found = [resolve(connection, text) for text in texts]
        pools = {_pool_of(connection, reference) for reference in found}
    if len({name for name, _ in pools}) > 1:
        said = ", ".join(f"{name}@{version}" for name, version in sorted(pools))
        raise OptionError(
            f"{', '.join(texts)} come from {len(pools)} pools ({said}): compare what comes from one"
        )
    name, version = max(pools)
    measured = _Pool(
        store,
        f"{name}@{version}",
        limits,
        projection=projection,
        depth=depth,
        encoder=encoder,
        proxy=proxy,
    )
    whole = {str(reference): measured.ids_of(str(reference)) for reference in found}
    members = {reference: measured.still_there(reference, ids) for reference, ids in whole.items()}
    for size in sorted({len(ids) for ids in members.values() if len(ids) < len(measured.ids)}):
        members[f"random {size:,}"] = measured.drawn(size)
    names = [str(reference) for reference in found]
    overlap = {
        (a, b): _jaccard(whole[a], whole[b]) for i, a in enumerate(names) for b in names[i + 1 :]
    }
    rows = [{"name": name} | measured.row(name, ids) for name, ids in members.items()]
    landscape = None if measured.landscape is None else to_polars(measured.landscape)
    return Comparison(rows, overlap, landscape, members, tuple(dict.fromkeys(measured.notes)))


class _Pool:
    """What is known of the pool that all references come from; each part is read once."""

    def __init__(
        self,
        store: Store,
        pool: str,
        limits: Limits,
        *,
        projection: str,
        depth: str,
        encoder: str | None,
        proxy: str | None,
    ) -> None:
        self.store, self.pool, self.limits = store, pool, limits
        self.notes: list[str] = []
        self.table = self._run(query("compare/members")).sort_by("instruction_id")
        self.ids: Ids = self.table["instruction_id"].to_numpy()
        self.columns = {
            "n_tokens": self._score("n_tokens"),
            "depth": self._score(depth),
            "last_loss": self._optional(query("compare/last_loss"), proxy=proxy),
        }
        self.landscape = self._read(
            query("compare/landscape"), projection=projection, perplexity=30.0, encoder=encoder
        )
        self.vectors = self._read(query("compare/vectors"), encoder=encoder)

    def ids_of(self, reference: str) -> Ids:
        """Return the members of a reference, ascending."""
        table = run(
            self.store,
            "SELECT instruction_id FROM pool($ref) ORDER BY 1",
            parameters={"ref": reference},
            limits=self.limits,
        )
        ids: Ids = table["instruction_id"].to_numpy()
        return ids

    def still_there(self, reference: str, ids: Ids) -> Ids:
        """Those of some members that the pool has, ascending."""
        kept = ids[np.isin(ids, self.ids)]
        if len(kept) < len(ids):
            self.notes.append(
                f"{len(ids) - len(kept):,} of the {len(ids):,} members of {reference}, which "
                f"{self.pool} no longer has"
            )
        if not len(kept):
            raise OptionError(
                f"{self.pool} has no member of {reference} any more: compare it with subsets of "
                "its own version"
            )
        return kept

    def drawn(self, size: int) -> Ids:
        """Return a random draw, ascending: that of the selector `random` with seed 0."""
        table = self._run(
            "SELECT instruction_id FROM pool($pool) "
            f"ORDER BY uniform_hash(fingerprint, 0), fingerprint LIMIT {size}"
        )
        return np.sort(table["instruction_id"].to_numpy())

    def row(self, name: str, ids: Ids) -> dict[str, Any]:
        """Return every number about the members of a row; a note says how many lack a number."""
        at = np.searchsorted(self.ids, ids)
        sources = self.table["source"].take(pa.array(at)).value_counts().to_pylist()
        characters = self.table["n_characters"].to_numpy(zero_copy_only=False)[at]
        row: dict[str, Any] = {"n_members": len(ids), "n_sources": len(sources)}
        row["largest_source"] = max((each["counts"] for each in sources), default=0) / max(
            1, len(ids)
        )
        row["characters_median"] = _quantile(characters, 0.5)
        for column, values in self.columns.items():
            if values is not None:
                row |= _numbers(column, values[at])
                n_unknown = int(np.isnan(values[at]).sum())
                if n_unknown:
                    self.notes.append(
                        f"{column} of {n_unknown:,} of the {len(ids):,} members of {name}, "
                        "which have none"
                    )
        if self.landscape is not None:
            row["coverage"] = _coverage(self.landscape, ids)
        if self.vectors is not None:
            row |= _geometry(self.vectors, ids)
        return row

    def _score(self, name: str) -> Any:
        return self._optional(
            "SELECT instruction_id, value FROM score($pool, name => $name)", name=name
        )

    def _optional(self, sql: str, **values: Any) -> Any:
        """Return one number a member in the order of ``ids``; None when nobody computed it.

        Members without a number have NaN.
        """
        table = self._read(sql, **values)
        if table is None:
            return None
        numbers = np.full(len(self.ids), np.nan)
        numbers[np.searchsorted(self.ids, table["instruction_id"].to_numpy())] = table[
            "value"
        ].to_numpy(zero_copy_only=False)
        return numbers

    def _read(self, sql: str, **values: Any) -> pa.Table | None:
        try:
            return self._run(sql, **values)
        except AmbiguousSignalError as error:
            example = argument(error.argument, error.names[0])
            self.notes.append(f"{error.problem}: name one, as {example}")
        except (SignalError, QueryError) as error:
            self.notes.append(error.message)
        return None

    def _run(self, sql: str, **values: Any) -> pa.Table:
        parameters: Mapping[str, Any] = {"pool": self.pool, **values}
        return run(self.store, sql, parameters=parameters, name="compare", limits=self.limits)


def _coverage(landscape: pa.Table, ids: Ids) -> float:
    """Return the share of the pool's non-empty cells that hold one of the members."""
    cells = landscape["cell"].to_numpy()
    inside = np.isin(landscape["instruction_id"].to_numpy(), ids)
    return len(np.unique(cells[inside])) / len(np.unique(cells))


def _geometry(vectors: pa.Table, ids: Ids) -> dict[str, Any]:
    """Return log det(I + X^T X) of the members' vectors, and how many have a near-duplicate."""
    from catalog.kernels._common.relation import matrix
    from catalog.kernels.near_duplicates import near_duplicates

    chosen = vectors.filter(pa.array(np.isin(vectors["instruction_id"].to_numpy(), ids)))
    x = matrix(chosen, "vector", function="compare").astype(np.float64)  # (n, d)
    groups = near_duplicates(chosen, threshold=NEAR)
    return {
        "log_det": float(np.linalg.slogdet(np.eye(x.shape[1]) + x.T @ x)[1]),
        "near_duplicates": int(np.count_nonzero(groups["group_size"].to_numpy() > 1)),
    }


def _numbers(name: str, values: np.ndarray[Any, Any]) -> dict[str, Any]:
    known = values[~np.isnan(values)]
    if not len(known):
        return {f"{name}_mean": None}
    summed = {"n_tokens": int(known.sum())} if name == "n_tokens" else {}
    quantiles = {
        f"{name}_{label}": _quantile(known, q)
        for label, q in (("p10", 0.1), ("median", 0.5), ("p90", 0.9))
    }
    return summed | {f"{name}_mean": float(known.mean())} | quantiles


def _quantile(values: np.ndarray[Any, Any], q: float) -> float | None:
    known = values[~np.isnan(values.astype(np.float64))]
    if len(known):
        return float(np.quantile(known, q))
    return None


def _jaccard(left: Ids, right: Ids) -> float:
    both = len(np.intersect1d(left, right, assume_unique=True))
    return both / max(1, len(left) + len(right) - both)


def _pool_of(connection: Any, reference: Reference) -> tuple[str, int]:
    """Return the pool that a reference's members come from in the end, and its version."""
    if reference.kind == "pool":
        return reference.name, reference.version
    record = stored(connection, reference)
    params = {"pool_id": record["pool_id"]}
    ((name,),) = connection.sql(query("pools/name"), params=params).fetchall()
    return name, record["pool_version"]
