"""kmeans against faiss-cpu Kmeans without subsampling: not slower, and an inertia of at most 1.005
times theirs.

k = 100, 20 iterations, the same float32 arrays: loss-like trajectories and plain normal noise. Both
sides fit with a new seed in every pair; ours also returns labels and distances, for theirs they are
one more search, timed apart. Each inertia is of the final centres over all rows, in float64.

Run: python benchmarks/kmeans.py [--json FILE] [--pairs N]    (needs faiss-cpu)
"""

from __future__ import annotations

import sys
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
from pairs import alternate, arguments, report

from catalog.kernels.kmeans import kmeans

K, ITERATIONS = 100, 20


def trajectories(n: int, d: int) -> np.ndarray:
    """Return losses (n, d), float32, that fall from a start to a floor at each row's own rate."""
    rng = np.random.default_rng(0)
    start = rng.gamma(4, 0.5, n)
    floor, rate = start * rng.beta(2, 3, n), rng.gamma(2, 0.15, n)
    curves = floor[:, None] + (start - floor)[:, None] * np.exp(-rate[:, None] * np.arange(d))
    return (curves + rng.normal(0, 0.05, (n, d)) * (0.3 + curves * 0.2)).astype(np.float32)


def noise(n: int, d: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(n, d)).astype(np.float32)


def inertia(x: np.ndarray, centres: np.ndarray) -> float:
    index = faiss.IndexFlatL2(x.shape[1])
    index.add(np.ascontiguousarray(centres, dtype=np.float32))
    labels = index.search(x, 1)[1][:, 0]
    return sum(
        float(np.square(x[i : i + 65_536] - centres[labels[i : i + 65_536]]).sum())
        for i in range(0, len(x), 65_536)
    )


def compare(name: str, x: np.ndarray, pairs: int) -> dict[str, Any]:
    n, d = x.shape
    points = pa.table(
        {
            "instruction_id": np.arange(n),
            "losses": pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), d),
        }
    )

    def theirs(turn: int) -> np.ndarray:
        fit = faiss.Kmeans(d, K, niter=ITERATIONS, seed=turn + 1, max_points_per_centroid=n)
        fit.train(x)
        return fit.centroids.astype(np.float64)

    kmeans(points.slice(0, 1_000), k=10)  # imports its libraries
    answers, centres, figures = alternate(
        lambda turn: kmeans(points, k=K, iterations=ITERATIONS, seed=turn), theirs, pairs=pairs
    )
    ours = np.median([np.square(answer["distance"].to_numpy()).sum() for answer in answers])
    inertia_ratio = float(ours / np.median([inertia(x, c) for c in centres]))
    return {
        "what": f"{n:,} x {d} {name}, k = {K}, {ITERATIONS} iterations",
        "peer": "faiss-cpu Kmeans",
        **figures,
        "bar": 1.0,
        "inertia_ratio": inertia_ratio,
        "is_met": figures["ratio"] >= 1 and inertia_ratio <= 1.005,
    }


def main() -> int:
    options = arguments(__doc__ or "", pairs=5)
    rows = [
        compare(name, make(n, d), options.pairs)
        for n, d in ((262_144, 12), (1_000_000, 20))
        for name, make in (("trajectories", trajectories), ("noise", noise))
    ]
    return report(rows, options.json)


if __name__ == "__main__":
    sys.exit(main())
