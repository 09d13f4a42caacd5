"""Kernels over one made relation, on an engine; prints a line for each with the hash of its answer.

Run: python -m tests.kernels._common.run_kernels ENGINE N_DEATHS FOLDER

The first N_DEATHS shards of each kernel kill their worker once; FOLDER remembers which did.
"""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from catalog.engine import Engine
from catalog.engine.local import Local
from catalog.kernels._common import spread, text_pairs
from catalog.kernels.density import density
from catalog.kernels.kmeans import kmeans
from catalog.kernels.near_duplicates import near_duplicates
from catalog.kernels.nearest import nearest

N, D = 3_000, 48


def relation() -> pa.Table:
    """Vectors around topics, some of them nearly the same, and texts, some of them nearly so."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(50, D))[generator.integers(0, 50, N)]
    x = (x + generator.normal(size=(N, D)) * generator.choice([0.01, 1.0], (N, 1))).astype("f4")
    return pa.table(
        {
            "fingerprint": [
                hashlib.sha256(bytes([i % 256, i // 256])).hexdigest() for i in range(N)
            ],
            "v": pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), D),
        }
    )


def texts() -> pa.Table:
    generator = np.random.default_rng(1)
    words = np.array([f"w{i}" for i in range(300)])
    sentences = [" ".join(words[generator.integers(0, 300, 30)]) for _ in range(400)]
    kept = [sentences[i] + " x" * int(generator.integers(3)) for i in generator.integers(0, 400, N)]
    return pa.table({"fingerprint": relation()["fingerprint"], "text": kept})


def kernels() -> dict[str, Callable[[], pa.Table]]:
    """Return each kernel of the engine over that relation, by a name."""
    rows = relation()
    return {
        "kmeans": partial(kmeans, rows, k=40, iterations=6),
        "kmeans++": partial(kmeans, rows, k=10, iterations=4, start="k-means++", sample=2_000),
        "nearest": partial(nearest, rows, rows.slice(0, 1_500), k=7, others=True),
        "density": partial(density, rows, sample=1_000),
        "vectors": partial(near_duplicates, rows, threshold=0.97),
        "texts": partial(near_duplicates, texts(), by="text"),
    }


def answers(engine: Callable[[str], Engine]) -> dict[str, str]:
    """Return the hash of each kernel's answer on the engine of its name."""
    spread.SPAN_WORK = 2**20  # some shards for each
    text_pairs.BLOCK, text_pairs.WORK = 50_000, 5_000
    found = {}
    for name, compute in kernels().items():
        with spread.on_engine(partial(engine, name)):
            found[name] = _hash(compute())
    return found


def _hash(answer: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, answer.schema) as writer:
        writer.write_table(answer.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def on_ray(n_deaths: int, folder: Path, kernel: str) -> Engine:
    from tests.compute.run_engine import DeadlyRay

    signs = folder / kernel
    signs.mkdir(exist_ok=True)
    return DeadlyRay(workers=2, deaths=(n_deaths, str(signs)))


def main(name: str, n_deaths: str, folder: str) -> None:
    place = partial(on_ray, int(n_deaths), Path(folder)) if name == "ray" else _here
    for kernel, answer in answers(place).items():
        n_killed = len([*Path(folder, kernel).glob("death-*")])
        print(kernel, answer, n_killed, flush=True)


def _here(_: str) -> Engine:
    return Local()


if __name__ == "__main__":
    main(*sys.argv[1:])
