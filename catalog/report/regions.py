"""Regions of a map, named by the words that tell their members from the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import SignalError
from catalog.query.executor import Limits
from catalog.report.columns import Array
from catalog.report.places import places
from catalog.report.reading import read
from catalog.store.references import Reference, resolve
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.subsets.compare import Comparison

MOST = 30
"""Regions of a large map."""

N_READ = 50_000
"""Members whose prompts are read at most, drawn by their fingerprints."""

N_NAMED = 8
"""Regions of a small picture."""

MEMBERS_PER_SIDE = 3.5


@dataclass(frozen=True)
class Regions:
    """Regions of a map.

    Attributes:
        of: the region of each place, (n,).
        rows: a table with region, n_members, x, y and words; the largest region first.
    """

    of: Array
    rows: pa.Table


def regions(
    store: Store,
    text: str,
    *,
    k: int | None = None,
    n_words: int = 3,
    limits: Limits | None = None,
) -> pa.Table:
    """Return the regions of a pool's or subset's map, the largest first.

    Regions are clusters of places by k-means. Their words are those of
    `catalog.kernels.cluster_words` over the prompts of at most 50,000 members.

    Args:
        store: the catalog's files and database.
        text: the pool or subset; without a map, its first two principal components.
        k: how many regions; None takes a number that grows with the members, 30 at most.
        n_words: words of a region at most.
        limits: memory and time of each query.

    Returns:
        region (from 0), n_members, x and y (the median place), words.

    Raises:
        SignalError: there is neither a map nor an embedding.
    """
    limits = limits or Limits()
    with store.reading() as connection:
        reference = resolve(connection, text)
    notes: list[str] = []
    placed, _ = places(store, reference, limits, notes)
    if placed is None:
        raise SignalError(notes[0])
    return named_regions(store, reference, placed, k=k, n_words=n_words, limits=limits).rows


def landscape_regions(store: Store, comparison: Comparison) -> list[dict[str, Any]]:
    """Return the regions of a comparison's landscape; none without one. See `regions`."""
    if comparison.landscape is None:
        return []
    with store.reading() as connection:
        parent = resolve(connection, comparison.parent)
    placed = comparison.landscape.select("fingerprint", "x", "y").to_arrow()
    found = named_regions(store, parent, placed, k=N_NAMED, n_words=2, limits=Limits())
    rows: list[dict[str, Any]] = found.rows.to_pylist()
    return rows


def named_regions(
    store: Store,
    reference: Reference,
    placed: pa.Table,
    *,
    k: int | None = None,
    n_words: int = 3,
    limits: Limits,
) -> Regions:
    """Return the regions of places; see `regions`.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        placed: ``fingerprint``, ``x`` and ``y`` of the members.
        k: how many regions.
        n_words: words of a region at most.
        limits: memory and time of each query.
    """
    import pyarrow as pa

    n = placed.num_rows
    clusters = _clusters(placed, k or max(2, min(MOST, round(np.sqrt(n) / MEMBERS_PER_SIDE))))
    words = _words(store, reference, placed, clusters, n_words, limits)
    x, y = (placed[name].to_numpy() for name in ("x", "y"))
    rows = []
    for region in range(int(clusters.max(initial=-1)) + 1):
        inside = clusters == region
        middle = {"x": float(np.median(x[inside])), "y": float(np.median(y[inside]))}
        named = {"words": words.get(region, [])}
        rows.append({"region": region, "n_members": int(inside.sum())} | middle | named)
    schema = pa.schema(
        [
            ("region", pa.int32()),
            ("n_members", pa.int64()),
            ("x", pa.float64()),
            ("y", pa.float64()),
            ("words", pa.list_(pa.string())),
        ]
    )
    return Regions(clusters, pa.Table.from_pylist(rows, schema))


def _clusters(placed: pa.Table, k: int) -> Array:
    """Return the cluster of each place, (n,) int32."""
    import pyarrow as pa

    from catalog.kernels.kmeans import kmeans

    flat = np.column_stack([placed["x"].to_numpy(), placed["y"].to_numpy()]).astype(np.float32)
    points = pa.table(
        {
            "fingerprint": placed["fingerprint"],
            "index": np.arange(len(flat)),
            "place": pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), 2),
        }
    )
    found = kmeans(points, k=k, start="k-means++")
    clusters = np.empty(len(flat), dtype=np.int32)
    clusters[found["index"].to_numpy()] = found["cluster"].to_numpy()
    return clusters


def _words(
    store: Store,
    reference: Reference,
    placed: pa.Table,
    clusters: Array,
    n_words: int,
    limits: Limits,
) -> dict[int, list[str]]:
    """Return the words of each region."""
    import pyarrow as pa

    from catalog.kernels.cluster_words import cluster_words

    fingerprints = placed["fingerprint"].cast(pa.string())
    named: dict[str, Any] = {"fingerprint": fingerprints, "cluster": clusters}
    texts = read(store, "prompts", reference, limits=limits, n=N_READ)
    joined = texts.join(pa.table(named), "fingerprint", join_type="inner")
    if not joined.num_rows:
        return {}
    answer = cluster_words(joined, n=n_words)
    return dict(zip(answer["cluster"].to_pylist(), answer["words"].to_pylist(), strict=True))
