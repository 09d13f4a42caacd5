"""Time search under a condition: rows by id, against all rows and against LanceDB's filter.

Run: python benchmarks/search.py [--pairs N] [--json FILE]

150,000 vectors of 384 numbers; 0.1, 1 and 10 % of them satisfy a condition. The first peer reads
and hashes every shard, as the search did before and still does for most of a pool; the second is
the search of LanceDB with the ids as its filter, which has no bar but to be slower. All sides get
the ids and find the same members.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pairs import Array, alternate, arguments, report, topics

from catalog import Catalog
from catalog.compute.shard_runner import SHARD_ROWS
from catalog.compute.shard_writer import Values, commit_shard
from catalog.compute.similarity import committed_shards, each_batch, exact_nearest, largest
from catalog.signals.registry import Signal, ensure_signal
from catalog.store.store import Store

N, D, K = 150_000, 384, 10
BARS = {0.001: 10.0, 0.01: 5.0, 0.1: 3.0}


def planted(store: Store, x: Array) -> Signal:
    """Write vectors (n, d) as an embedding of instructions 1 to n."""
    with store.writing() as connection:
        signal = ensure_signal(
            connection,
            kind="embedding",
            name="planted",
            identity={"rows": len(x)},
            dimension=x.shape[1],
            has_vectors=True,
        )
    for first in range(0, len(x), SHARD_ROWS):
        part = x[first : first + SHARD_ROWS]
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(part.ravel()), x.shape[1])
        ids = pa.array(np.arange(first, first + len(part)) + 1)
        rows = pa.table({"instruction_id": ids, "vector": vectors})
        commit_shard(store, signal, Values(rows), seconds=0.0)
    return signal


def lancedb_search(store: Store, signal: Signal, wanted: Array, members: Array) -> list[int]:
    """Search by LanceDB, with the ids as the filter before it."""
    import lancedb

    table = lancedb.connect(str(store.vectors)).open_table(signal.lance_table)
    condition = f"instruction_id in ({', '.join(map(str, members.tolist()))})"
    search = table.search(wanted, vector_column_name="vector").distance_type("cosine")
    search = search.where(condition, prefilter=True).bypass_vector_index().limit(K)
    return search.select(["instruction_id", "_distance"]).to_arrow()["instruction_id"].to_pylist()


def verified_scan(store: Store, signal: Signal, wanted: Array, members: Array) -> list[int]:
    """Read and hash every shard, and compare the members among its rows."""
    best = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)

    def process(ids: Array, rows: Array) -> None:
        nonlocal best
        every = np.concatenate([best[0], ids]), np.concatenate([best[1], rows @ wanted])
        best = largest(*every, k=K)

    each_batch(store, signal, members, process)
    return best[0].tolist()


def main() -> int:
    options = arguments(__doc__ or "", pairs=5)
    x = topics(N, D, 1000)
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        store = Catalog.open(Path(folder) / "home", isolated=False).store
        signal = planted(store, x)
        shards = committed_shards(store, signal)  # a search knows them
        generator = np.random.default_rng(1)
        wanted = x[7] + 0.1 * generator.standard_normal(D).astype(np.float32) / np.sqrt(D)
        wanted = (wanted / np.linalg.norm(wanted)).astype(np.float32)
        peers: dict[str, Callable[..., list[int]]] = {
            "every shard, hashed": verified_scan,
            "LanceDB, filter first": lancedb_search,
        }
        for share, bar in BARS.items():
            members = np.sort(generator.choice(N, round(N * share), replace=False)) + 1
            for peer, theirs in peers.items():
                ours, answers, figures = alternate(
                    lambda _, ids=members: exact_nearest(
                        store, signal, wanted[None], ids, k=K, shards=shards
                    )[0][0].tolist(),
                    lambda _, ids=members, search=theirs: search(store, signal, wanted, ids),
                    pairs=options.pairs,
                )
                is_same = ours[0][:K] == answers[0][:K]
                least = bar if theirs is verified_scan else 1.0
                results.append(
                    {
                        "what": f"{share:.1%} of {N:,} x {D}",
                        "peer": peer,
                        **figures,
                        "bar": least,
                        "same_members": is_same,
                        "is_met": is_same and figures["ratio"] >= least,
                    }
                )
    return report(results, options.json)


if __name__ == "__main__":
    sys.exit(main())
