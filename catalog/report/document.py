"""Write a report: the page with its data inside, one file that opens without a network."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from catalog.errors import OptionError
from catalog.json_text import json_text
from catalog.messages import listed
from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.report.comparisons import compared
from catalog.report.definitions import definitions
from catalog.report.duplicates import MOST_COMPARED, duplicates
from catalog.report.page import one_document
from catalog.report.page_data import PageData, read_page_data
from catalog.report.plain import plain_rows
from catalog.report.quarantine import quarantine
from catalog.report.reading import read
from catalog.store.atomic import new_file, require_writable
from catalog.store.references import resolve
from catalog.store.store import Store
from catalog.subsets.store import pools_of, stored

N_TEXTS = 4_000
N_OF_GROUP = 3
"""Members of a group of near-duplicates whose texts the page shows."""

SEED = 0


@dataclass(frozen=True)
class Document:
    """Page with its data inside.

    Attributes:
        html: the whole text, which needs no other file.
        reference: the pool or subset whose members it shows.
        n_members: how many they are.
        n_texts: how many of them it holds with their texts.
        notes: what it lacks.
    """

    html: str
    reference: str
    n_members: int
    n_texts: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Report(NotebookResult):
    """Report that was written.

    Attributes:
        path: of the file.
        reference: the pool or subset whose members it shows.
        n_members: how many they are.
        n_texts: how many of them it holds with their texts.
        n_bytes: of the file.
        notes: what it lacks.
    """

    path: Path
    reference: str
    n_members: int
    n_texts: int
    n_bytes: int
    notes: tuple[str, ...]


def report(
    store: Store,
    references: Sequence[str],
    path: Path,
    *,
    n_texts: int = N_TEXTS,
    is_overwriting: bool = False,
    limits: Limits | None = None,
) -> Report:
    """Write a report of pools and subsets of one pool as one HTML file.

    Args:
        store: the catalog's files and database.
        references: the first that is a pool is the one whose members are shown; without one, the
            pool that the first subset comes from.
        path: the file to write.
        n_texts: how many members are written with their texts: those of the subsets first, then a
            random draw.
        is_overwriting: replace an existing file.
        limits: memory and time of each query.

    Raises:
        OptionError: the file exists, or no reference is given, or they come from several pools.
        ReferenceNotFoundError: one of the references is not there.
    """
    require_writable(path, overwrite=is_overwriting)
    made = document(store, references, n_texts=n_texts, limits=limits)
    with new_file(path, overwrite=is_overwriting) as unfinished:
        unfinished.write_text(made.html, encoding="utf-8")
    n_bytes = path.stat().st_size
    return Report(path, made.reference, made.n_members, made.n_texts, n_bytes, made.notes)


def document(
    store: Store,
    references: Sequence[str],
    *,
    n_texts: int = N_TEXTS,
    limits: Limits | None = None,
) -> Document:
    """Return a report as one HTML text; the arguments are those of `report`.

    Raises:
        OptionError: no reference is given.
        ReferenceNotFoundError: one of the references is not there.
    """
    if not references:
        raise OptionError("expected at least one pool or subset")
    pool, exact = _pool_and_references(store, references)
    subsets = [reference for reference in exact if reference != pool]
    has_words = n_texts > 0
    page = read_page_data(store, pool, subsets=subsets, has_words=has_words, limits=limits)
    near: dict[str, Any] | None = None
    if len(page.fingerprints) <= MOST_COMPARED:
        near = duplicates(store, page.reference, page.positions, limits=limits)
    ids = text_ids(page, n_texts, near)
    answers: dict[str, Any] = {
        "rows": _rows(store, page, ids, limits),
        "compare": compared(store, subsets, limits=limits),
        "clusters": page.loss_clusters.rows if page.loss_clusters else [],
        "duplicates": near,
        "definitions": definitions(store, subsets),
        "quarantine": quarantine(store, page.reference, has_texts=has_words),
    }
    blocks = {
        "page-data": gzip.compress(page.packed(), 9, mtime=0),
        "page-answers": gzip.compress(json_text(answers).encode(), 9, mtime=0),
    }
    notes = tuple(page.header["notes"])
    return Document(one_document(blocks), pool, len(page.fingerprints), len(ids), notes)


def text_ids(page: PageData, n_texts: int, near: Mapping[str, Any] | None = None) -> list[int]:
    """Return the members that keep their texts.

    Those are the first of the groups of near-duplicates, a tenth at most, an equal share of each
    subset, and then a draw.
    """
    n = len(page.fingerprints)
    order = np.random.default_rng(SEED).permutation(n)
    masks = [column.values[order] > 0 for column in page.columns if column.kind == "subset"]
    share = n_texts // (len(masks) + 1)
    groups = near["groups"] if near else ()
    listed = [index for group in groups for index in group["ids"][:N_OF_GROUP]]
    chosen: dict[int, None] = dict.fromkeys(listed[: n_texts // 10])
    for mask in masks:
        chosen |= dict.fromkeys(order[mask][:share].tolist())
    for index in order.tolist():
        if len(chosen) >= n_texts:
            break
        chosen[index] = None
    return sorted(chosen)


def _rows(
    store: Store, page: PageData, ids: Sequence[int], limits: Limits | None
) -> list[dict[str, Any]]:
    fingerprints = [page.fingerprints[index] for index in ids]
    table = read(store, "rows", page.reference, limits=limits, fingerprints=fingerprints)
    rows = [row | {"id": page.positions[row["fingerprint"]]} for row in plain_rows(table)]
    for row in rows:
        if len(row["messages"] or ()) <= 2:
            row["messages"] = None  # the prompt and the response hold all of it
    return sorted(rows, key=lambda row: row["id"])


def _pool_and_references(store: Store, references: Sequence[str]) -> tuple[str, list[str]]:
    """Return whose members are shown, and all references with their versions.

    Raises:
        OptionError: they come from pools that are not one.
    """
    with store.reading() as connection:
        found = [resolve(connection, reference) for reference in references]
        sources = [
            pools_of(stored(connection, each)) if each.kind == "subset" else [each]
            for each in found
        ]
    exact = [str(reference) for reference in found]
    pools = [name for name, each in zip(exact, found, strict=True) if each.kind == "pool"]
    if len(set(pools)) > 1:
        raise OptionError(f"a report shows the members of one pool, got {listed(pools)}")
    own = sources[exact.index(pools[0])] if pools else sources[0]
    names = {pool.name for pool in own}
    for name, others in zip(exact, sources, strict=True):
        if names.isdisjoint(pool.name for pool in others):
            origin, shown = listed(map(str, others)), listed(map(str, own))
            raise OptionError(f"{name} comes from {origin}: a report shows what comes from {shown}")
    return str(own[0]) if len(own) == 1 else exact[0], exact
