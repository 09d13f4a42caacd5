"""Maps by t-SNE against openTSNE, and placing new rows on a map against its ``transform``: how much
faster, at which divergence and recall?

Run: python benchmarks/map.py [--large] [--million] [--pairs N] [--json FILE]      (needs opentsne)

Without an option: 10,000 x 384, and 10,000 new rows on a map of 10,000. ``--large`` times 52,000 x
384, and 10,000 new rows on a map of 50,000. ``--million`` times 1,000,000 rows placed on a map of
50,000, without a peer. openTSNE runs with ``n_jobs=1``, as its sums depend on the number of
threads; ours are the same with any. Both sides start from the 50 widest principal components.

What bounds the placing on 50,000, where the bar is missed by a hundredth: two thirds of the time is
the product of 51 columns with all rows, 56 GFLOP/s a thread of 94 on AMD EPYC, as it writes 4 bytes
for each 102 operations. The least of each group takes 2.1 ms of 18 a block, and to compare all with
the bound 3.2. Tiles that stay in the cache took 0.89 s and more for 0.75, as threads wait for
Python's lock; to look only into groups within the bound saved 2 % here and lost a third with 90
neighbours.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pyarrow as pa
from pairs import Array, alternate, arguments, report, table, timed, topics

from catalog.kernels._common.near_rows import NearRows, median_places
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.pca import onto, principal_components
from catalog.kernels._common.tsne import affinities
from catalog.kernels.project import WIDTH, project

PERPLEXITY = 30


def narrow(x: Array) -> Array:
    with row_blocks() as for_blocks:
        return onto(x, principal_components(x, WIDTH, for_blocks), for_blocks)


def opentsne(x: Array) -> Array:
    from openTSNE import TSNE

    rows = narrow(x)
    first = rows[:, :2] * (1e-4 / rows[:, 0].std())
    peer = TSNE(n_jobs=1, random_state=42, perplexity=PERPLEXITY)
    return np.asarray(peer.fit(rows, initialization=first))


def divergence(rows: Array, places: Array) -> float:
    """Return the Kullback-Leibler divergence of a map, over exact neighbours and all pairs."""
    with row_blocks() as for_blocks:
        near = affinities(rows, float(PERPLEXITY), for_blocks)
        totals = for_blocks(lambda a, b: _kernels(places[a:b], places), len(places), 100)
    row = np.repeat(np.arange(len(places)), np.diff(near.indptr))
    apart = np.square(places[row] - places[near.indices]).sum(axis=1)
    total = np.log(sum(totals) - len(places))
    return float((near.data * (np.log(near.data) + np.log1p(apart) + total)).sum())


def _kernels(some: Array, places: Array) -> float:
    apart = np.square(some[:, None, 0] - places[None, :, 0])
    apart += np.square(some[:, None, 1] - places[None, :, 1])
    apart += 1
    return float((1 / apart).sum())


def recall(rows: Array, places: Array, *, k: int = 10, n_asked: int = 1_000) -> float:
    """Return the share of the 10 nearest rows of some rows that are also nearest on the map."""
    first = len(rows) // 2
    asked = slice(first, first + n_asked)
    with row_blocks() as for_blocks:
        near, on_map = (
            NearRows(points).nearest(points[asked], k, for_blocks, first_row=first)[0]
            for points in (rows, places)
        )
    return float((near[:, :, None] == on_map[:, None]).any(axis=2).mean())


def laid_out(n: int, pairs: int, bar: float) -> dict[str, Any]:
    x = topics(n, 384, n // 50)
    relation = table(x)
    ours, peers, figures = alternate(
        lambda _: project(relation, sample=n), lambda _: opentsne(x), pairs=pairs
    )
    rows = narrow(x)
    places = np.column_stack([ours[0]["x"].to_numpy(), ours[0]["y"].to_numpy()])
    divergences = divergence(rows, places), divergence(rows, peers[0])
    recalls = recall(rows, places), recall(rows, peers[0])
    is_as_good = divergences[0] <= divergences[1] + 0.01 and recalls[0] >= recalls[1] - 0.01
    return {
        "what": f"t-SNE, {n:,} x 384",
        "peer": "openTSNE, one thread",
        **figures,
        "bar": bar,
        "divergence": divergences[0],
        "divergence_theirs": divergences[1],
        "recall": recalls[0],
        "recall_theirs": recalls[1],
        "is_met": is_as_good and figures["ratio"] >= bar,
    }


def placed(n: int, n_new: int, pairs: int) -> dict[str, Any]:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    rows = narrow(topics(n + n_new, 384, n // 50))
    new, old = rows[:n_new], rows[n_new:]
    # Any map does for a time; recall is compared on the same map.
    answer = project(table(old.astype(np.float32)), sample=n)
    places = np.column_stack([answer["x"].to_numpy(), answer["y"].to_numpy()])
    near = PerplexityBasedNN(old, perplexity=PERPLEXITY, n_jobs=1, random_state=42)
    embedding = TSNEEmbedding(places.copy(), near, n_jobs=1, random_state=42)

    def ours(_: int) -> Array:
        with row_blocks() as for_blocks:
            return median_places(old, places, new, k=10, for_blocks=for_blocks)

    mine, peers, figures = alternate(
        ours, lambda _: np.asarray(embedding.transform(new)), pairs=pairs
    )
    recalls = [_recall_of_placed(old, places, new, on_map) for on_map in (mine[0], peers[0])]
    return {
        "what": f"{n_new:,} rows placed on a map of {n:,}",
        "peer": "openTSNE's transform, one thread",
        **figures,
        "bar": 5.0,
        "recall": recalls[0],
        "recall_theirs": recalls[1],
        "is_met": figures["ratio"] >= 5 and recalls[0] >= recalls[1] - 0.01,
    }


def _recall_of_placed(old: Array, places: Array, new: Array, on_map: Array, k: int = 10) -> float:
    with row_blocks() as for_blocks:
        near, _ = NearRows(old).nearest(new[:1_000], k, for_blocks)
        around, _ = NearRows(places).nearest(on_map[:1_000], k, for_blocks)
    return float((near[:, :, None] == around[:, None]).any(axis=2).mean())


def million() -> dict[str, Any]:
    """Place 1,000,000 rows of 50 components on a map of 50,000, as ``project`` places them."""
    generator = np.random.default_rng(0)
    old = topics(50_000, WIDTH, 1000).astype(np.float64)
    places = generator.normal(size=(len(old), 2)) * 50

    def place() -> pa.Table:
        last = np.empty((0, 2))
        for turn in range(100):
            drawn = old[np.random.default_rng(turn).integers(0, len(old), 10_000)]
            new = drawn + 0.02 * np.random.default_rng(turn).normal(size=drawn.shape)
            with row_blocks() as for_blocks:
                last = median_places(old, places, new, k=10, for_blocks=for_blocks)
        return pa.table({"x": last[:, 0]})

    what = "1,000,000 rows placed on a map of 50,000"
    return timed(place, seconds=600.0, gib=4.0, last="x", what=what)


def main() -> int:
    flag = {"action": "store_true"}
    options = arguments(__doc__ or "", large=flag, million=flag)
    if options.million:
        return report([million()], options.json)
    if options.large:
        return report(
            [laid_out(52_000, options.pairs, 1.7), placed(50_000, 10_000, options.pairs)],
            options.json,
        )
    rows = [laid_out(10_000, options.pairs, 1.7), placed(10_000, 10_000, options.pairs)]
    return report(rows, options.json)


if __name__ == "__main__":
    sys.exit(main())
