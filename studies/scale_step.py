"""One measurement of `scale.py`, in its own process.

Run: python studies/scale_step.py STEP SIZE FOLDER

The cost is printed as JSON. The time is that of the verb alone. The peak is that of the whole
process, with Python and the imports of the verb.
"""

# ruff: noqa: T201 -- printing is its purpose
from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from catalog import Catalog

CHECKPOINTS, CLUSTERS = 12, 100
DIMENSIONS, CHOSEN = 128, 1000  # of log_det
PLACED = Path(__file__).parent / "selectors" / "ila_placed.sql"
WORDS = """
    a list the of sentence to write and number explain in words from is that an make short what
    story for each new describe with it river answer seven apple between because market blue code
    sum order letters teacher music second compare city reason garden law
"""

Timed = Callable[[], AbstractContextManager[None]]


def main() -> None:
    """Run one step; print its wall clock, processor time and peak memory."""
    step, size, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    cost: dict[str, float] = {}

    @contextmanager
    def timed() -> Any:
        wall, processor = time.perf_counter(), time.process_time()
        yield
        cost.update(wall=time.perf_counter() - wall, processor=time.process_time() - processor)

    STEPS[step](Catalog.open(folder / "catalog"), size, folder, timed)
    # In kilobytes on Linux; the parent is small, since a child's peak begins with its parent's.
    print(json.dumps(cost | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def register(catalog: Catalog, size: int, folder: Path, timed: Timed) -> None:
    """Register JSON Lines of some 300 bytes a record."""
    path = folder / "pool.jsonl"
    write_pool(path, size)
    with timed():
        catalog.register(path, pool="pool", source_column="source")
    path.unlink()


def embed(catalog: Catalog, size: int, folder: Path, timed: Timed) -> None:
    """Embed prompts with all-MiniLM-L6-v2."""
    with timed():
        catalog.embed("pool")


def import_losses(catalog: Catalog, size: int, folder: Path, timed: Timed) -> None:
    """Import twelve checkpoints of trajectories about a hundred centres."""
    generator = np.random.default_rng(0)
    centres = np.sort(generator.uniform(0, 5, (CLUSTERS, CHECKPOINTS)), axis=1)[:, ::-1]
    own_centres = centres[generator.integers(CLUSTERS, size=size)]
    losses = np.abs(own_centres + generator.normal(0, 0.2, (size, CHECKPOINTS)))
    path = _save(folder / "losses.npy", losses)
    with timed():
        catalog.import_losses("pool", path, proxy="generated")


def import_scores(catalog: Catalog, size: int, folder: Path, timed: Timed) -> None:
    """Import one number for each member; the places of ILA's map are imported outside the clock."""
    generator = np.random.default_rng(1)
    places = _save(folder / "places.npy", 10 + generator.normal(size=(size, 2)))
    catalog.import_losses("pool", places, proxy="places")
    path = _save(folder / "depth.npy", generator.gamma(2.0, size=size))
    with timed():
        catalog.import_scores("pool", path, name="depth")


def kmeans(catalog: Catalog, size: int, folder: Path, timed: Timed) -> None:
    """Cluster the trajectories in SQL: a hundred clusters, twenty of Lloyd's iterations."""
    query = f"""
    SELECT cluster, count(*) AS n
    FROM kmeans(
        (
            SELECT instruction_id, fingerprint, losses
            FROM trajectories('pool', proxy => 'generated')
        ),
        k => {CLUSTERS}, iterations => 20, seed => 0
    )
    GROUP BY cluster
    """
    with timed():
        catalog.sql(query)


def s2l(catalog: Catalog, size: int, folder: Path, timed: Timed) -> None:
    """Select a tenth of the pool, with another seed than `kmeans`, so that no cache helps."""
    with timed():
        catalog.select(
            "s2l", "pool", budget="10%", name="s2l", settings={"proxy": "generated"}, seed=1
        )


def ila(catalog: Catalog, size: int, folder: Path, timed: Timed) -> None:
    """Select a tenth of the pool from given places: the part of ILA that follows the projection."""
    with timed():
        catalog.select(str(PLACED), "pool", budget="10%", name="ila")


def select_random(catalog: Catalog, size: int, folder: Path, timed: Timed) -> None:
    """Select a random tenth of the pool: the cost of a selection without its method."""
    with timed():
        catalog.select("random", "pool", budget="10%", name="random")


def sql(catalog: Catalog, size: int, folder: Path, timed: Timed) -> None:
    """Query the count and the mean length by source."""
    with timed():
        catalog.sql(
            "SELECT source, count(*) AS n, avg(length(response)) AS characters FROM pool('pool') "
            "GROUP BY source ORDER BY source"
        )


def log_det(catalog: Catalog, size: int, folder: Path, timed: Timed) -> None:
    """Select a thousand generated vectors with the kernel on an Arrow table.

    Embeddings of so many members cannot be computed here.
    """
    import pyarrow as pa

    from catalog.kernels.log_det import log_det as kernel

    generator = np.random.default_rng(2)
    spectrum = (1.0 / np.sqrt(np.arange(1, DIMENSIONS + 1))).astype(np.float32)
    # (n, d), with some directions rarer than others
    vectors = generator.standard_normal((size, DIMENSIONS), dtype=np.float32) * spectrum
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), DIMENSIONS)
    rows = pa.table({"fingerprint": pa.array([f"{i:08x}" for i in range(size)]), "vector": column})
    with timed():
        kernel(rows, budget=min(CHOSEN, size // 10))


def write_pool(path: Path, size: int) -> None:
    """Write instructions of random words; each has its number, so that all differ."""
    generator = np.random.default_rng(0)
    words = np.array(WORDS.split())
    with path.open("w", encoding="utf-8") as file:
        for first in range(0, size, 10_000):
            indices = generator.integers(len(words), size=(min(10_000, size - first), 44))
            for number, row in enumerate(words[indices].tolist(), first):
                record = {
                    "instruction": f"{' '.join(row[:14])} {number}",
                    "output": " ".join(row[14:]),
                    "source": f"source {number % 7}",
                }
                file.write(json.dumps(record) + "\n")


def _save(path: Path, numbers: Any) -> Path:
    np.save(path, numbers.astype(np.float32))
    return path


STEPS: dict[str, Callable[[Catalog, int, Path, Timed], None]] = {
    "register": register,
    "embed": embed,
    "losses import": import_losses,
    "scores import": import_scores,
    "kmeans": kmeans,
    "select s2l": s2l,
    "select ila": ila,
    "select random": select_random,
    "sql": sql,
    "log_det": log_det,
}

if __name__ == "__main__":
    main()
