"""How often S2L draws rare trajectories, by the published procedure on faiss: golden numbers.

Run: python benchmarks/s2l_start.py [--seeds N]      (needs faiss-cpu)

``faiss.Kmeans(d, K, niter=20)`` starts at random rows. Every cluster gets the same share of the
budget, so the start decides how often rare shapes are drawn. The numbers stand in
``tests/kernels/test_kmeans_start.py``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.kernels.test_kmeans_start import BUDGET, K, inclusion, shapes

Array = np.ndarray[Any, Any]


def clusters(losses: Array, seed: int) -> Array:
    """Return the cluster of every row, (n,), as the authors' code asks faiss for it."""
    import faiss

    fit = faiss.Kmeans(losses.shape[1], K, niter=20, seed=seed + 1)
    fit.train(losses)
    labels: Array = fit.index.search(losses, 1)[1][:, 0]
    return labels


def main() -> None:
    n_seeds = int(sys.argv[sys.argv.index("--seeds") + 1]) if "--seeds" in sys.argv else 200
    losses, kinds = shapes()
    shares = [
        inclusion(clusters(losses, seed), kinds, budget=BUDGET, seed=seed)
        for seed in range(n_seeds)
    ]
    mean, error = np.mean(shares, axis=0), np.std(shares, axis=0) / n_seeds**0.5
    sys.stdout.write(
        json.dumps({"mean": mean.round(4).tolist(), "error": error.round(4).tolist()}) + "\n"
    )


if __name__ == "__main__":
    main()
