"""S2L as a whole, from stored losses to a subset: 1,000,000 trajectories of 12, against the published procedure on faiss.

Run: python benchmarks/whole_s2l.py [--records N] [--pairs N] [--json FILE]    (needs faiss-cpu)

Ours is ``catalog select s2l POOL``: it reads the losses from the catalog, and writes the subset
with each member's rank, cluster and turn. Theirs reads one loss file a checkpoint (one tensor each,
which loads faster than the published list of tensors), clusters by ``faiss.Kmeans`` on all rows,
fills the budget from the smallest cluster up, and writes the rows' numbers. Both sides run as fresh
processes and in turn, with another seed in every pair, so that nothing is remembered.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pairs import alternate, arguments, report

K, CHECKPOINTS = 100, 12

THEIRS = f"""
import json, sys
import faiss, numpy as np, torch
folder, budget, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
losses = torch.stack([torch.load(f"{{folder}}/losses-{{i}}.pt") for i in range({CHECKPOINTS})], dim=1).numpy()
fit = faiss.Kmeans(losses.shape[1], {K}, niter=20, seed=seed + 1, max_points_per_centroid=len(losses))
fit.train(losses)
labels = fit.index.search(losses, 1)[1][:, 0]
random, chosen = np.random.default_rng(seed), []
clusters = sorted((np.flatnonzero(labels == k) for k in range({K})), key=len)
for k, cluster in enumerate(clusters):
    share = (budget - len(chosen)) // ({K} - k)
    chosen += (cluster if len(cluster) <= share else random.choice(cluster, share, replace=False)).tolist()
json.dump(chosen, open(f"{{folder}}/chosen.json", "w"))
print(json.dumps([len(chosen), np.bincount(labels[chosen], minlength={K}).tolist(), np.bincount(labels, minlength={K}).tolist()]))
"""


def trajectories(n: int) -> Any:
    """Losses that fall from a start to a floor at each row's own rate, with noise: (n, CHECKPOINTS) float32."""
    rng = np.random.default_rng(0)
    start = rng.gamma(4, 0.5, n)
    floor, rate = start * rng.beta(2, 3, n), rng.gamma(2, 0.15, n)
    curves = floor[:, None] + (start - floor)[:, None] * np.exp(
        -rate[:, None] * np.arange(CHECKPOINTS)
    )
    return np.abs(curves + rng.normal(0, 0.05, (n, CHECKPOINTS)) * (0.3 + curves * 0.2)).astype(
        np.float32
    )


def prepare(folder: Path, n: int) -> None:
    """Both sides' stores, outside the clock."""
    import torch

    losses = trajectories(n)
    for checkpoint in range(CHECKPOINTS):
        torch.save(
            torch.from_numpy(losses[:, checkpoint].copy()), folder / f"losses-{checkpoint}.pt"
        )
    with (folder / "pool.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(
            json.dumps({"instruction": f"question {row}", "output": f"answer {row}"}) + "\n"
            for row in range(n)
        )
    values = pa.FixedSizeListArray.from_arrays(pa.array(losses.ravel()), CHECKPOINTS)
    pq.write_table(pa.table({"losses": values}), folder / "losses.parquet")
    for command in (
        ["register", "pool.jsonl", "--pool", "p"],
        ["losses", "import", "p", "losses.parquet", "--proxy", "measured"],
    ):
        subprocess.run(
            [sys.executable, "-m", "catalog", "--home", "home", *command],
            cwd=folder,
            check=True,
            capture_output=True,
        )


def is_water_filled(taken: list[int], sizes: list[int]) -> bool:
    """Whether no cluster gave two fewer than another while it still had some: S2L's allocation, whatever the clusters."""
    level = max(taken)
    return all(n == size or n >= level - 1 for n, size in zip(taken, sizes, strict=True))


def main() -> int:
    asked = arguments(__doc__ or "", records={"type": int, "default": 1_000_000})
    budget = asked.records // 10
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, asked.records)

        def ours(turn: int) -> None:
            command = [
                "select",
                "s2l",
                "p",
                "--budget",
                str(budget),
                "--seed",
                str(turn),
                "--as",
                f"turn{turn}",
            ]
            subprocess.run(
                [sys.executable, "-m", "catalog", "--home", "home", *command],
                cwd=folder,
                check=True,
                capture_output=True,
            )

        def theirs(turn: int) -> Any:
            command = [sys.executable, "-c", THEIRS, str(folder), str(budget), str(turn)]
            return json.loads(
                subprocess.run(command, check=True, capture_output=True, text=True).stdout
            )

        _, answers, figures = alternate(ours, theirs, pairs=asked.pairs)
        rows = _clusters(folder)
    sizes, taken = [row["size"] for row in rows], [row["taken"] for row in rows]
    is_equal = (
        sum(taken) == answers[0][0] == budget
        and is_water_filled(taken, sizes)
        and is_water_filled(*answers[0][1:])
    )
    row = {
        "what": f"s2l, {asked.records:,} x {CHECKPOINTS}, k = {K}, budget {budget:,}, whole processes",
        "peer": "published procedure on faiss-cpu",
        **figures,
        "bar": 1.0,
        "both_water_filled": is_equal,
        "is_met": is_equal and figures["ratio"] >= 1,
    }
    return 0 if report([row], asked.json) else 1


def _clusters(folder: Path) -> list[dict[str, int]]:
    """Size and members taken of the clusters of our first answer; what gave none is not there."""
    from catalog import Catalog

    asked = (
        "SELECT any_value(CAST(why->>'cluster_size' AS BIGINT)) AS size, count(*) AS taken FROM "
        "subset('turn0') GROUP BY why->>'cluster'"
    )
    return Catalog.open(folder / "home").sql(asked).to_dicts()


if __name__ == "__main__":
    sys.exit(main())
