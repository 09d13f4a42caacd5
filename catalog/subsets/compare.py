"""Pools and subsets side by side, with random draws of the same size as the yardstick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import OptionError, ReferenceNotFoundError
from catalog.frames import to_polars
from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.store.references import Reference, listed_references, resolve, resolve_all
from catalog.store.store import Store
from catalog.subsets.measures import Ids, Parent, mean_and_spread
from catalog.subsets.store import pools_of, stored

if TYPE_CHECKING:
    import polars as pl

Sources = tuple[Reference, ...]

FACTS = ("selector", "budget", "seed")
"""Facts about how a subset was selected, by which `Comparison.grouped` groups."""


@dataclass(frozen=True)
class Comparison(NotebookResult):
    """References side by side.

    Attributes:
        rows: one for each reference and its yardstick: name, size, and every number that the
            signals allow. A yardstick has the means of its draws.
        overlap: Jaccard index of each pair of references, of all their members.
        landscape: instruction_id, x, y and cell of all members of the parent; None without
            embeddings.
        members: who belongs to each row, by its name; of a yardstick, those of the first draw.
        notes: what could not be measured, and the command that would make it so.
        parent: the pool or subset that the references have in common, or several pools; what the
            draws are from.
        spread: the standard deviation of every number over the draws of a yardstick, by its name.
        facts: selector, budget and seed of each subset, by its name.
    """

    rows: list[dict[str, Any]]
    overlap: dict[tuple[str, str], float]
    landscape: pl.DataFrame | None
    members: dict[str, Ids] = field(repr=False)
    notes: tuple[str, ...] = ()
    parent: str = ""
    spread: dict[str, dict[str, float]] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers for JSON, without the landscape and the members."""
        overlap = [
            {"left": left, "right": right, "jaccard": value}
            for (left, right), value in self.overlap.items()
        ]
        names = ("rows", "spread", "parent", "facts", "notes")
        return {name: getattr(self, name) for name in names} | {"overlap": overlap}

    def grouped(self, by: Sequence[str]) -> list[dict[str, Any]]:
        """Return the mean and the deviation of every number of subsets with equal facts.

        Args:
            by: some of `FACTS`.

        Returns:
            One row a group: the facts, ``n_subsets``, and of each number its mean and, under
            ``NAME_sd``, its standard deviation.

        Raises:
            OptionError: another name.
        """
        for name in by:
            if name not in FACTS:
                raise OptionError(f"cannot group by {name!r}: use {', '.join(FACTS)}")
        groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in self.rows:
            facts = self.facts.get(row["name"])
            if facts:
                numbers = {key: value for key, value in row.items() if key != "name"}
                groups.setdefault(tuple(facts[name] for name in by), []).append(numbers)
        return [
            dict(zip(by, key, strict=True)) | {"n_subsets": len(rows)} | _with_deviations(rows)
            for key, rows in groups.items()
        ]


def _with_deviations(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    mean, spread = mean_and_spread(rows)
    numbers: dict[str, Any] = {}
    for name, value in mean.items():
        numbers[name] = value
        if len(rows) > 1 and name in spread:
            numbers[f"{name}_sd"] = spread[name]
    return numbers


def compare(
    store: Store,
    texts: Sequence[str],
    *,
    projection: str = "tsne",
    depth: str = "depth",
    scores: Sequence[str] = (),
    encoder: str | None = None,
    proxy: str | None = None,
    limits: Limits | None = None,
) -> Comparison:
    """Measure references side by side, over the nearest pool or subset that they come from.

    References of several versions of a pool are measured over the newest. Members that are not in
    it are left out of all but the overlap, and a note says how many they are. Signals are read of
    that parent, or of the references alone if they cover no more.

    Args:
        store: the catalog's files and database.
        texts: references that come from one pool, of whatever versions.
        projection: how the landscape is drawn: tsne, umap or pca. The parent's map by that method
            is read if it has one and no encoder is named.
        depth: the score that says how deep a member is.
        scores: further scores to measure.
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
        lines = [_ancestors(connection, reference) for reference in found]
        records = {str(each): stored(connection, each) for each in found if each.kind == "subset"}
    facts = {name: {key: record[key] for key in FACTS} for name, record in records.items()}
    has_repeats = any(record["n_rows"] != record["n_members"] for record in records.values())
    n_rows = {name: record["n_rows"] for name, record in records.items()} if has_repeats else {}
    parent = _common(lines, texts)
    names = [str(reference) for reference in found]
    measured = Parent(
        store,
        parent,
        names,
        limits,
        projection=projection,
        depth=depth,
        scores=scores,
        encoder=encoder,
        proxy=proxy,
    )
    whole = {name: measured.ids_of(name) for name in names}
    members = {name: measured.still_there(name, ids) for name, ids in whole.items()}
    rows = [_of(name, measured.row(name, ids), n_rows) for name, ids in members.items()]
    spread = {}
    for size in sorted({len(ids) for ids in members.values() if len(ids) < len(measured.ids)}):
        draws, name = measured.draws(size), f"random {size:,}"
        mean, spread[name] = measured.baseline(draws)
        rows.append(_of(name, mean, n_rows and {name: size}))
        members[name] = draws[0]
    overlap = {
        (a, b): _jaccard(whole[a], whole[b]) for i, a in enumerate(names) for b in names[i + 1 :]
    }
    landscape = None if measured.landscape is None else to_polars(measured.landscape)
    notes = measured.all_notes()
    return Comparison(rows, overlap, landscape, members, notes, parent, spread, facts)


def _of(name: str, measures: Mapping[str, Any], n_rows: Mapping[str, int]) -> dict[str, Any]:
    """Return a row of the comparison, with the rows that its members are if some stand repeatedly.

    A pool has each member once.
    """
    row = {"name": name, "n_members": measures["n_members"]}
    if n_rows:
        row["n_rows"] = n_rows.get(name, measures["n_members"])
    return row | dict(measures)


def _jaccard(left: Ids, right: Ids) -> float:
    both = len(np.intersect1d(left, right, assume_unique=True))
    return both / max(1, len(left) + len(right) - both)


def _ancestors(connection: Any, reference: Reference) -> list[Sources]:
    """Return a reference, what it was selected from, and the pools that its members come from."""
    if reference.kind == "pool":
        return [(reference,)]
    record = stored(connection, reference)
    try:
        sources = resolve_all(connection, record["definition"]["pool"])
    except ReferenceNotFoundError:  # dropped; its pools are still there
        sources = pools_of(record)
    pools = tuple(sorted(pools_of(record), key=str))
    if len(sources) > 1:
        return [(reference,), sources, pools]
    above = _ancestors(connection, sources[0])
    if {pool.name for pool in above[-1]} == {pool.name for pool in pools}:
        return [(reference,), *above]
    return [(reference,), pools]  # its text reads other pools too


def _common(lines: Sequence[Sequence[Sources]], texts: Sequence[str]) -> str:
    """Return the nearest pool or subset that all references come from, or all their pools.

    Raises:
        OptionError: no reference comes from all of several pools.
    """
    pools = {line[-1] for line in lines}
    names = {frozenset(pool.name for pool in each) for each in pools}
    widest = max(names, key=len)
    if not all(each <= widest for each in names):
        every = sorted({str(pool) for each in pools for pool in each})
        raise OptionError(
            f"{', '.join(texts)} come from {len(every)} pools ({', '.join(every)}): compare what "
            "comes from one, or add a mixture of all"
        )
    if len({line[0] for line in lines}) == 1:
        lines = [line[1:] or line for line in lines]
    for ancestor in lines[0]:
        if all(ancestor in line for line in lines):
            return listed_references(ancestor)
    newest: dict[str, Reference] = {}
    for pool in sorted((pool for each in pools for pool in each), key=lambda pool: pool.version):
        newest[pool.name] = pool
    return listed_references(newest[name] for name in sorted(newest))
