"""Kernels on Ray: blocks on two workers against one process, with the same bits.

Run: python benchmarks/engine_kernels.py [--pairs N] [--json FILE]      (needs the Alpaca file,
CATALOG_TEST_DATA or ../shared/data)

Ours has two workers of one thread each, of a cluster that runs already; theirs is one thread of
this process. ``driver_seconds`` is the processor time that the driver takes for ours,
``alone_seconds`` that of theirs, and ``moved_mib`` what travels: arrays that are shared, contents
of shards and answers. The bar is 1.5 on a machine of two processors, where the driver takes a part
of one.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pyarrow as pa
from pairs import alpaca, alternate, arguments, report, table, topics

from catalog.engine import Shard
from catalog.engine.local import Local
from catalog.engine.ray import RayEngine
from catalog.kernels._common.spread import on_engine
from catalog.kernels.density import density
from catalog.kernels.kmeans import kmeans
from catalog.kernels.near_duplicates import near_duplicates
from catalog.kernels.nearest import nearest

BAR = 1.5
D = 384


class Counting(RayEngine):
    """Two workers, and the bytes that travelled to and from them."""

    moved = 0

    def share(self, value: Any) -> Any:
        """Share a value, and count it."""
        Counting.moved += len(pickle.dumps(value, protocol=5))
        return super().share(value)

    def run(self, work: Callable[..., Any], shards: Iterable[Shard[Any]]) -> Iterator[Any]:
        """Yield the answers, counted as the contents of their shards are."""
        for answer in super().run(work, map(_counted, shards)):
            Counting.moved += len(pickle.dumps(answer, protocol=5))
            yield answer


def _counted(shard: Shard[Any]) -> Shard[Any]:
    columns = getattr(shard.content, "columns", shard.content)
    Counting.moved += len(pickle.dumps(columns, protocol=5))
    return shard


def kernels() -> dict[str, Callable[[], pa.Table]]:
    """Return each kernel over its rows, by what it does."""
    many, some = table(topics(400_000, 64, 500)), table(topics(40_000, D, 500))
    texts = ["\n".join((r["instruction"], r["input"], r["output"])) for r in alpaca()]
    names = [f"{row:06}" for row in range(len(texts))]
    written = pa.table({"fingerprint": names, "text": texts})
    return {
        "kmeans, 500 clusters of 400,000 x 64": partial(kmeans, many, k=500, iterations=10),
        f"nearest, 10,000 among 40,000 x {D}": partial(nearest, some, some.slice(0, 10_000)),
        f"density, 40,000 x {D}, 10,000 kernels": partial(density, some, sample=10_000),
        f"near_duplicates, 40,000 x {D}": partial(near_duplicates, some, threshold=0.95),
        f"near_duplicates, {len(texts):,} texts": partial(near_duplicates, written, by="text"),
    }


def compare(what: str, compute: Callable[[], pa.Table], *, pairs: int) -> dict[str, Any]:
    """Return the row of one kernel."""

    def ours(_: int) -> tuple[pa.Table, float, float]:
        start, Counting.moved = time.process_time(), 0
        with on_engine(lambda: Counting(workers=2)):
            answer = compute()
        return answer, time.process_time() - start, Counting.moved / 2**20

    def theirs(_: int) -> tuple[pa.Table, float]:
        start = time.process_time()
        with on_engine(Local):
            answer = compute()
        return answer, time.process_time() - start

    answers, others, figures = alternate(ours, theirs, pairs=pairs)
    is_same = all(a[0].equals(b[0]) for a, b in zip(answers, others, strict=True))
    return {
        "what": what,
        "peer": "one process",
        **figures,
        "bar": BAR,
        "driver_seconds": float(np.median([each[1] for each in answers])),
        "alone_seconds": float(np.median([each[1] for each in others])),
        "moved_mib": answers[-1][2],
        "is_met": is_same and figures["ratio"] >= BAR,
    }


def main() -> int:
    """Compare every kernel."""
    options = arguments(__doc__ or "")
    engine = RayEngine(workers=2)
    list(engine.run(_number, (Shard(number, "", None) for number in range(4))))  # starts both
    rows = []
    for what, compute in kernels().items():
        rows.append(compare(what, compute, pairs=options.pairs))
    return report(rows, options.json)


def _number(shard: Shard[None]) -> int:
    return shard.number


if __name__ == "__main__":
    sys.exit(main())
