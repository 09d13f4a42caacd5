"""Signals on Ray: two workers against one, and what the driver can hand out and commit.

Run: python benchmarks/engine.py [--records N] [--members N] [--pairs N] [--json FILE]
     python benchmarks/engine.py --slots N [--json FILE]

The first row embeds Alpaca with MiniLM on one thread a worker; ours has two workers, theirs one, of
one cluster of two processors. Its bar is 1.7: 0.85 of twice one worker's rate. The other rows
compute an embedding of 64 zeros for generated members, from reading texts to the committed and
compacted table, in shards of 4,096: of prompts, as ``embed`` reads them by default, and of whole
conversations, as a language model does. Their bar is 150,000 members a second, of everything on
the machine: the driver, and two workers of one thread. The driver's queries have as many threads as
there are processors. Each row is printed when it is known.

``--slots`` simulates a cluster of that many slots on this machine: shards that sleep 2 seconds,
four a slot, so that what is left is what handing out and fetching costs. Its bar is 0.85 of the
time without any cost.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pyarrow as pa
from kept import kept
from pairs import alpaca, alternate, arguments, report

from catalog import Catalog
from catalog.compute.embeddings import TEXTS_OF
from catalog.compute.shard_runner import TEXTS, compute
from catalog.compute.shard_writer import Values
from catalog.engine import Shard
from catalog.engine.lazy import Lazy
from catalog.engine.ray import RayEngine
from catalog.models.encoder import load_encoder
from catalog.signals.registry import ensure_signal

SCALING, RATE, DIMENSION = 1.7, 150_000, 64
ASLEEP, SHARDS, EFFICIENCY = 2.0, 4, 0.85


def scaling(texts: list[str], *, shard: int, pairs: int) -> dict[str, Any]:
    """Return the row about two workers and one."""
    loaded = Lazy(load_encoder)

    def work(each: Shard[list[str]]) -> Any:
        return loaded().encode(each.content).vectors

    def embed(workers: int) -> Any:
        shards = (
            Shard(number, "", texts[first : first + shard])
            for number, first in enumerate(range(0, len(texts), shard))
        )
        return np.concatenate([*RayEngine(workers=workers).run(work, shards)])

    embed(2)  # starts the cluster and both workers
    ours, theirs, figures = alternate(lambda _: embed(2), lambda _: embed(1), pairs=pairs)
    is_same = np.array_equal(ours[0], theirs[0])
    return {
        "what": f"{len(texts):,} texts of Alpaca, MiniLM, {shard} a shard",
        "peer": "one worker",
        **figures,
        "bar": SCALING,
        "is_met": is_same and figures["ratio"] >= SCALING,
    }


def simulated(slots: int) -> dict[str, Any]:
    """Return the row about many slots whose work needs no processor."""

    def work(each: Shard[float]) -> int:
        time.sleep(each.content)
        return each.number

    def asleep(n: int, seconds: float) -> float:
        shards = (Shard(number, "", seconds) for number in range(n))
        start = time.perf_counter()
        found = [*RayEngine(workers=slots).run(work, shards)]
        assert found == [*range(n)]
        return time.perf_counter() - start

    asleep(2 * slots, 4 * ASLEEP)  # starts the cluster and every worker
    seconds = asleep(SHARDS * slots, ASLEEP)
    efficiency = SHARDS * ASLEEP / seconds
    return {
        "what": f"{SHARDS * slots:,} shards that sleep {ASLEEP:g} s, {slots} simulated slots",
        "peer": "no cost",
        "ours_seconds": seconds,
        "theirs_seconds": SHARDS * ASLEEP,
        "ratio": efficiency,
        "ratio_least": efficiency,
        "ratio_greatest": efficiency,
        "bar": EFFICIENCY,
        "is_met": efficiency >= EFFICIENCY,
    }


def bookkeeping(n: int) -> Iterator[dict[str, Any]]:
    """Yield the rows about the driver: shards of prompts, and of whole conversations."""
    os.environ["OMP_NUM_THREADS"] = str(os.cpu_count())  # torch keeps its one
    with tempfile.TemporaryDirectory() as folder:
        catalog = generated(Path(folder), n)
        for what, columns in (("prompts", TEXTS_OF["prompt"]), ("conversations", TEXTS)):
            wall, cpu = driven(catalog, what, columns)
            yield {
                "what": f"{n:,} generated members, their {what}, a stub of {DIMENSION} dimensions",
                "seconds": wall,
                "bar_seconds": n / RATE,
                "cpu_seconds": cpu,
                "members_a_second": n / wall,
                "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
                "is_met": wall <= n / RATE,
            }


def driven(catalog: Catalog, name: str, columns: Sequence[str]) -> tuple[float, float]:
    """Return the seconds of a signal whose values cost nothing, and the driver's processor time."""

    def values(texts: pa.Table) -> Values:
        numbers = pa.array(np.zeros(texts.num_rows * DIMENSION, dtype=np.float32))
        vector = pa.FixedSizeListArray.from_arrays(numbers, DIMENSION)
        return Values(pa.table({"instruction_id": texts["instruction_id"], "vector": vector}))

    with catalog.store.writing() as connection:
        signal = ensure_signal(
            connection,
            kind="embedding",
            name=name,
            identity={},
            dimension=DIMENSION,
            has_vectors=True,
        )
    start, start_cpu = time.perf_counter(), time.process_time()
    found, engine = catalog.find("p"), RayEngine(workers=2)
    compute(catalog.store, found, signal, values, columns=columns, engine=engine)
    return time.perf_counter() - start, time.process_time() - start_cpu


def generated(folder: Path, n: int) -> Catalog:
    """Return a catalog with a pool of generated members, of Alpaca's mean length."""
    file = folder / "pool.jsonl"
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in records(n))
    catalog = Catalog.open(folder / "home", isolated=False)
    catalog.register(file, pool="p")
    return catalog


def records(n: int) -> Iterator[dict[str, str]]:
    for i in range(n):
        question = f"question {i} " + "word " * (i % 20)
        yield {"instruction": question, "output": f"answer {i} " + "text " * (i % 90)}


def main() -> int:
    options = arguments(
        __doc__ or "",
        records={"type": int, "default": 512},
        members={"type": int, "default": 1_600_000},
        slots={"type": int, "help": "slots to simulate, in place of the other rows"},
    )
    if options.slots:
        return report([simulated(options.slots)], options.json)
    texts = [
        "\n".join(part for part in (each["instruction"], each["input"], each["output"]) if part)
        for each in alpaca()[: options.records]
    ]
    rows = [scaling(texts, shard=32, pairs=options.pairs)]
    rows += kept("bookkeeping", lambda: [*bookkeeping(options.members)])
    return report(rows, options.json)


if __name__ == "__main__":
    sys.exit(main())
