"""Numbers about the members of a reference, over what all compared references come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.errors import AmbiguousSignalError, OptionError, QueryError, SignalError
from catalog.messages import argument, listed, quantity
from catalog.query.executor import Limits
from catalog.query.stream import run
from catalog.store.queries import query
from catalog.store.store import Store

Ids = np.ndarray[Any, np.dtype[np.int64]]
NEAR = 0.95  # cosine from which two prompts count as near-duplicates
N_DRAWS = 20


class Parent:
    """Pool or subset that all references come from; each part of it is read once."""

    def __init__(
        self,
        store: Store,
        parent: str,
        references: Sequence[str],
        limits: Limits,
        *,
        projection: str,
        depth: str,
        scores: Sequence[str],
        encoder: str | None,
        proxy: str | None,
    ) -> None:
        self.store, self.name, self.limits = store, parent, limits
        self.references = references
        self.notes: list[str] = []
        self._without: dict[str, list[str]] = {}  # by column, the members that have no number
        self.table = self._run(query("compare/members")).sort_by("instruction_id")
        self.ids: Ids = self.table["instruction_id"].to_numpy()
        self.columns = {name: self._score(name) for name in ("n_tokens", *scores)}
        self.columns["depth"] = self._score(depth)
        self.columns["last_loss"] = self._numbers(query("compare/last_loss"), proxy=proxy)
        self.landscape = None
        if "," in parent:
            self.notes.append("the landscape, since the members come from several pools")
        else:
            self.landscape = self._landscape(projection, encoder)
        self.vectors = self._read_parts(query("compare/vectors"), encoder=encoder)

    def _landscape(self, projection: str, encoder: str | None) -> pa.Table | None:
        """Read the parent's map by that method; project its embeddings if it has none."""
        try:
            if encoder is None:
                return self._run(query("compare/map"), projection=projection)
        except (SignalError, QueryError):
            pass  # no map, or one that lacks members
        return self._read(
            query("compare/landscape"), projection=projection, perplexity=30.0, encoder=encoder
        )

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
        """Return the members of a reference that the parent still has, ascending.

        Raises:
            OptionError: it has none of them.
        """
        kept = ids[np.isin(ids, self.ids)]
        if len(kept) < len(ids):
            self.notes.append(
                f"{len(ids) - len(kept):,} of the {quantity(len(ids), 'member')} of {reference}, "
                "which "
                f"{self.name} no longer has"
            )
        if not len(kept):
            raise OptionError(
                f"{self.name} has no member of {reference} any more: compare it with subsets of "
                "its own version"
            )
        return kept

    def all_notes(self) -> tuple[str, ...]:
        """Return what could not be measured, a column's members without a number in one note."""
        without = (
            f"{column} of {listed(members)}, which have none"
            for column, members in self._without.items()
        )
        return tuple(dict.fromkeys([*self.notes, *without]))

    def draws(self, size: int) -> list[Ids]:
        """Return random draws, ascending, each with the parent's share of every source."""
        return [
            np.sort(self._run(query("compare/draw"), seed=seed, size=size)["id"].to_numpy())
            for seed in range(N_DRAWS)
        ]

    def baseline(self, draws: Sequence[Ids]) -> tuple[dict[str, Any], dict[str, float]]:
        """Return the mean and the standard deviation of every number over random draws."""
        return mean_and_spread([self.row("", ids) for ids in draws])

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
                if n_unknown and name:
                    n_of = f"{n_unknown:,} of the {quantity(len(ids), 'member')} of {name}"
                    self._without.setdefault(column, []).append(n_of)
        if self.landscape is not None:
            row["coverage"] = _coverage(self.landscape, ids)
        if self.vectors is not None:
            row |= _geometry(self.vectors, ids)
        return row

    def _score(self, name: str) -> Any:
        return self._numbers(
            "SELECT instruction_id, value FROM score($pool, name => $name)", name=name
        )

    def _numbers(self, sql: str, **values: Any) -> Any:
        """Return one number a member in the order of ``ids``; None if no signal can be read.

        Members without a number have NaN.
        """
        table = self._read_parts(sql, **values)
        if table is None:
            return None
        table = table.filter(pa.array(np.isin(table["instruction_id"].to_numpy(), self.ids)))
        numbers = np.full(len(self.ids), np.nan)
        numbers[np.searchsorted(self.ids, table["instruction_id"].to_numpy())] = table[
            "value"
        ].to_numpy(zero_copy_only=False)
        return numbers

    def _read_parts(self, sql: str, **values: Any) -> pa.Table | None:
        """Read a signal of the parent, or of each reference if it covers no more than those.

        A parent of several pools is read pool by pool.
        """
        notes = list(self.notes)
        pools = self.name.split(",")
        table = self._read(sql, **values) if len(pools) == 1 else None
        if table is not None or self.references == [self.name]:
            return table
        try:
            parts = self._read_each(sql, pools, **values) if len(pools) > 1 else None
            parts = parts or [self._run(sql, pool=each, **values) for each in self.references]
        except (SignalError, QueryError):
            return None
        self.notes = notes
        every = pa.concat_tables(parts)
        _, first = np.unique(every["instruction_id"].to_numpy(), return_index=True)
        return every.take(pa.array(first))

    def _read_each(self, sql: str, pools: Sequence[str], **values: Any) -> list[pa.Table] | None:
        """Read a signal of each pool; None if one of them lacks it."""
        parts = [self._read(sql, pool=each, **values) for each in pools]
        found = [each for each in parts if each is not None]
        return found if len(found) == len(parts) else None

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
        parameters: Mapping[str, Any] = {"pool": self.name, **values}
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


def mean_and_spread(rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the mean and the standard deviation of every number of some rows.

    A number that a row lacks is None in the mean.

    >>> mean_and_spread([{"n": 1, "loss": 1.0}, {"n": 1, "loss": 2.0}, {"n": 1, "loss": 3.0}])
    ({'n': 1, 'loss': 2.0}, {'n': 0.0, 'loss': 1.0})
    """
    mean: dict[str, Any] = {}
    spread: dict[str, float] = {}
    for name in rows[0]:
        values: list[Any] = [row.get(name) for row in rows]
        if any(value is None for value in values):
            mean[name] = None
        elif len(set(values)) == 1:
            mean[name], spread[name] = values[0], 0.0
        else:
            mean[name], spread[name] = float(np.mean(values)), float(np.std(values, ddof=1))
    return mean, spread
