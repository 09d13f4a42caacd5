"""Runs of `s2l_theorem.py`: signals of the pool, gradients of a target, purity of clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pairs import distances, gradient_statistics
from sources import Record, as_messages, texts_of
from target import dev_loss, encode, gradients, train_steps, untrained

from catalog import Catalog
from catalog.models.tiny import TinyShape

Array = np.ndarray[Any, Any]

# 4.5 million parameters; the proxy has 1.06 million.
LARGE = TinyShape(vocabulary=2048, width=256, layers=5, heads=4, inner=704)
SKETCH = 16_384  # size of a gradient's sketch: distances are accurate to about 1 %
STAGES = ("half way", "end")
KINDS = [
    "trajectory",
    "trajectory, within clusters",
    "trajectory, across clusters",
    "trajectory, direction",
    "last loss",
    "embedding",
]

POOL, LENGTH, BATCH, RATE = "mixed", 256, 32, 1e-3


@dataclass(frozen=True)
class Size:
    """Sizes of the study; the defaults are those of the full one."""

    n: int = 5000
    sample: int = 600
    epochs: int = 2
    checkpoints: int = 6
    resamples: int = 200
    ks: tuple[int, ...] = (10, 30, 100)


SMOKE = Size(n=160, sample=40, epochs=1, checkpoints=3, resamples=20, ks=(4, 8))


def compute_signals(catalog: Catalog, size: Size) -> dict[str, Any]:
    """Compute trajectories and embeddings, and draw the sample of members for the gradients."""
    catalog.train_losses(POOL, epochs=size.epochs, checkpoints=size.checkpoints, max_length=LENGTH)
    catalog.embed(POOL)
    return {"sample": catalog.select("random", POOL, budget=size.sample, name="sample").reference}


def train_target(
    catalog: Catalog, records: list[Record], size: Size, *, shape: TinyShape, seed: int
) -> dict[str, Any]:
    """Train one target for an epoch; compare gradients with trajectories at both stages."""
    lm = untrained(texts_of(records), seed=seed, shape=shape)
    pool = encode(lm, [as_messages(record) for record in records], max_length=LENGTH)
    members = catalog.sql(
        "SELECT fingerprint, prompt, response FROM subset('sample') JOIN trajectories($pool) "
        "USING (instruction_id, fingerprint) ORDER BY rank",
        parameters={"pool": POOL},
    )
    sample = {}
    for row in members.iter_rows(named=True):
        tokens = encode(lm, [as_messages(row)], max_length=LENGTH)
        if tokens:  # a prompt that fills the window leaves no response
            sample[row["fingerprint"]] = tokens[0]
    near = neighbourhoods(catalog, list(sample), size.ks[-1])
    half = -(-len(pool) // (2 * BATCH))
    result: dict[str, Any] = {
        "steps": 2 * half,
        "parameters": sum(parameter.numel() for parameter in lm.model.parameters()),
        "sample": len(sample),
    }
    for stage, name in enumerate(STAGES):
        train_steps(lm, pool, steps=half, batch=BATCH, seed=2 * seed + stage, learning_rate=RATE)
        slopes = gradients(lm, list(sample.values()), numbers=SKETCH)
        result[name] = gradient_statistics(slopes, near, resamples=size.resamples)
    return result | {"loss": dev_loss(lm, list(sample.values()))}


def neighbourhoods(catalog: Catalog, fingerprints: list[str], k: int) -> dict[str, Array]:
    """Return the sample's pairwise distances and clusters.

    Returns:
        Distances of trajectories, last losses and embeddings, (n, n) each, and the trajectory
        cluster of each member, (n,).
    """
    parameters = {"pool": POOL, "k": k}
    clustered = catalog.sql(
        "SELECT fingerprint, cluster FROM kmeans((SELECT fingerprint, losses FROM "
        "trajectories($pool)), k => $k)",
        parameters=parameters,
    )
    losses = catalog.sql(
        "SELECT fingerprint, losses FROM trajectories($pool)", parameters={"pool": POOL}
    )
    vectors = catalog.sql(
        "SELECT fingerprint, vector FROM embeddings($pool)", parameters={"pool": POOL}
    )

    def in_order(frame: Any, column: str) -> Array:
        by_fingerprint = dict(zip(frame["fingerprint"], frame[column].to_list(), strict=True))
        return np.array(
            [by_fingerprint[fingerprint] for fingerprint in fingerprints], dtype=np.float64
        )

    trajectories = in_order(losses, "losses")
    return {
        "trajectory": distances(trajectories),
        "last loss": distances(trajectories[:, -1:]),
        "embedding": distances(in_order(vectors, "vector")),
        "cluster": in_order(clustered, "cluster"),
    }


def measure_purity(catalog: Catalog, k: int) -> dict[str, Any]:
    """Return the share of members that belong to their cluster's most frequent source.

    Both kinds of clusters are measured, with the sources as they are and shuffled.
    """
    result: dict[str, Any] = {}
    for kind, relation in (("trajectory", "trajectories"), ("embedding", "embeddings")):
        column = "losses" if kind == "trajectory" else "vector"
        rows = catalog.sql(
            "SELECT source, cluster FROM kmeans((SELECT instruction_id, fingerprint, source, "
            f"{column} FROM {relation}($pool) JOIN pool($pool) USING (instruction_id, "
            "fingerprint)), k => $k)",
            parameters={"pool": POOL, "k": k},
        )
        source = np.unique(rows["source"].to_numpy(), return_inverse=True)[1]
        cluster = rows["cluster"].to_numpy()
        shuffled = np.random.default_rng(0).permutation(source)
        result[kind] = majority(source, cluster)
        result[f"{kind}, shuffled"] = majority(shuffled, cluster)
    return result


def majority(source: Array, cluster: Array) -> float:
    counts = np.zeros((cluster.max() + 1, source.max() + 1))
    np.add.at(counts, (cluster, source), 1)
    return float(counts.max(axis=1).sum() / counts.sum())
