"""SmallToLarge's theorem on a real pool: are instructions with like losses on a small model alike in their gradients on a larger one?

Yang et al. 2024 (arXiv 2403.07384), Theorem 4.1 and figure 6. The pool is half GSM8K and half
Alpaca. Trajectories are the tiny proxy's; gradients are those of all parameters of a model four
times as large, trained on the same pool, with respect to one response's mean cross-entropy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pairs import distances, held
from sources import NEEDS, Record, as_messages, drawn, generated, texts_of, write_jsonl
from study import COLOURS, Claim, Study, Table, begin, interval, judged
from target import SMALL, dev_loss, encoded, gradients, train_steps, untrained

from catalog import Catalog
from catalog.models.tiny import TinyShape

Array = np.ndarray[Any, Any]

LARGE = TinyShape(
    vocabulary=2048, width=256, layers=5, heads=4, inner=704
)  # 4.5 million parameters; the proxy has 1.06 million
SKETCH = 16_384  # numbers that a gradient is hashed to: distances are then right to about 1 %
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
    """How large the study is: the full one, unless said."""

    n: int = 5000
    sample: int = 600
    epochs: int = 2
    checkpoints: int = 6
    resamples: int = 200
    ks: tuple[int, ...] = (10, 30, 100)


SMOKE = Size(n=160, sample=40, epochs=1, checkpoints=3, resamples=20, ks=(4, 8))


def main() -> None:
    study = begin(__file__, "SmallToLarge's theorem: trajectories and gradients", seeds=1)
    size = SMOKE if study.is_smoke else Size()
    catalog = Catalog.open(study.work / study.name)
    half = size.n // 2
    records = (
        generated(size.n)
        if study.is_smoke
        else [*drawn(study.data, "gsm8k", half), *drawn(study.data, "alpaca", half)]
    )
    catalog.register(
        write_jsonl(records, study.work / f"{study.name}.pool.jsonl"),
        pool=POOL,
        source_column="source",
        mode="replace",
    )
    signals = study.run({"signals": POOL, "size": str(size)}, lambda: computed(catalog, size))
    purities = [
        study.run({"purity at k": k, "size": str(size)}, lambda k=k: purity(catalog, k))
        for k in size.ks
    ]
    shape = SMALL if study.is_smoke else LARGE
    runs = [
        study.run(
            {"seed": seed, "size": str(size)},
            lambda seed=seed: one_target(catalog, records, size, shape=shape, seed=seed),
        )
        for seed in range(study.seeds)
    ]
    draw(study, runs, purities, size)
    report(study, signals, runs, purities, size)


def computed(catalog: Catalog, size: Size) -> dict[str, Any]:
    """Trajectories, embeddings, and the sample that gradients are taken of."""
    catalog.train_losses(POOL, epochs=size.epochs, checkpoints=size.checkpoints, max_length=LENGTH)
    catalog.embed(POOL)
    return {"sample": catalog.select("random", POOL, budget=size.sample, name="sample").reference}


def one_target(
    catalog: Catalog, records: list[Record], size: Size, *, shape: TinyShape, seed: int
) -> dict[str, Any]:
    """Train one target for an epoch, and hold its gradients against the trajectories at both stages."""
    lm = untrained(texts_of(records), seed=seed, shape=shape)
    pool = encoded(lm, [as_messages(record) for record in records], max_length=LENGTH)
    members = catalog.sql(
        "SELECT fingerprint, prompt, response FROM subset('sample') JOIN trajectories($pool) "
        "USING (instruction_id, fingerprint) ORDER BY rank",
        parameters={"pool": POOL},
    )
    tokens = {
        row["fingerprint"]: encoded(lm, [as_messages(row)], max_length=LENGTH)
        for row in members.iter_rows(named=True)
    }
    sample = {
        fingerprint: one[0] for fingerprint, one in tokens.items() if one
    }  # a prompt that fills the window leaves nothing
    near = neighbourhoods(catalog, list(sample), size.ks[-1])
    half = -(-len(pool) // (2 * BATCH))
    result: dict[str, Any] = {
        "steps": 2 * half,
        "parameters": sum(one.numel() for one in lm.model.parameters()),
        "sample": len(sample),
    }
    for stage, name in enumerate(STAGES):
        train_steps(lm, pool, steps=half, batch=BATCH, seed=2 * seed + stage, learning_rate=RATE)
        result[name] = held(
            gradients(lm, list(sample.values()), numbers=SKETCH), near, resamples=size.resamples
        )
    return result | {"loss": dev_loss(lm, list(sample.values()))}


def neighbourhoods(catalog: Catalog, fingerprints: list[str], k: int) -> dict[str, Array]:
    """Of the sample: distances of trajectories, last losses and embeddings, (n, n) each, and the trajectory cluster of each, (n,)."""
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

    def placed(frame: Any, column: str) -> Array:
        found = dict(zip(frame["fingerprint"], frame[column].to_list(), strict=True))
        return np.array([found[fingerprint] for fingerprint in fingerprints], dtype=np.float64)

    trajectories = placed(losses, "losses")
    return {
        "trajectory": distances(trajectories),
        "last loss": distances(trajectories[:, -1:]),
        "embedding": distances(placed(vectors, "vector")),
        "cluster": placed(clustered, "cluster"),
    }


def purity(catalog: Catalog, k: int) -> dict[str, Any]:
    """The share of members that belong to their cluster's most frequent source, for both kinds of clusters and for shuffled ones."""
    found: dict[str, Any] = {}
    for kind, relation in (("trajectory", "trajectories"), ("embedding", "embeddings")):
        column = "losses" if kind == "trajectory" else "vector"
        rows = catalog.sql(
            "SELECT source, cluster FROM kmeans((SELECT instruction_id, fingerprint, source, "
            f"{column} FROM {relation}($pool) JOIN pool($pool) USING (instruction_id, "
            "fingerprint)), k => $k)",
            parameters={"pool": POOL, "k": k},
        )
        source, cluster = (
            np.unique(rows["source"].to_numpy(), return_inverse=True)[1],
            rows["cluster"].to_numpy(),
        )
        found[kind] = majority(source, cluster)
        found[f"{kind}, shuffled"] = majority(np.random.default_rng(0).permutation(source), cluster)
    return found


def majority(source: Array, cluster: Array) -> float:
    counts = np.zeros((cluster.max() + 1, source.max() + 1))
    np.add.at(counts, (cluster, source), 1)
    return float(counts.max(axis=1).sum() / counts.sum())


def draw(
    study: Study, runs: list[dict[str, Any]], purities: list[dict[str, Any]], size: Size
) -> None:
    """Gradient distance by trajectory distance; the rank correlations; purity by number of clusters."""
    from matplotlib import pyplot

    figure, (left, middle, right) = pyplot.subplots(
        1, 3, figsize=(11, 3.4), width_ratios=(1, 1.3, 1)
    )
    colours = {"trajectory": COLOURS["s2l"], "embedding": COLOURS["facility_location"]}
    for kind, colour in colours.items():
        for run in runs:
            tenths = np.array(run["end"][f"gradient distance by tenth of {kind} distance"])
            label = f"{kind} distance" if run is runs[0] else None
            left.plot(
                range(1, 11),
                tenths / tenths.mean(),
                color=colour,
                marker="o",
                markersize=3,
                label=label,
            )
    left.set(xlabel="pairs by distance, in tenths", ylabel="gradient distance / mean")
    left.legend()
    for seed, run in enumerate(runs):
        for stage, marker in zip(STAGES, "os", strict=True):
            found = np.array([run[stage][name] for name in KINDS])
            places = np.arange(len(KINDS)) + 0.16 * (STAGES.index(stage) - 0.5) + 0.04 * seed
            bars = np.abs(found[:, 1:] - found[:, :1]).T
            label = stage if not seed else None
            middle.errorbar(
                found[:, 0],
                places,
                xerr=bars,
                fmt=marker,
                markersize=4,
                color="k" if stage == "end" else "grey",
                label=label,
            )
    middle.axvline(0, color="k", linewidth=0.5)
    middle.set(
        yticks=range(len(KINDS)),
        yticklabels=KINDS,
        xlabel="rank correlation with gradient distance",
    )
    middle.invert_yaxis()
    middle.legend(title="target")
    for kind, colour in colours.items():
        right.plot(
            size.ks,
            [found[kind] for found in purities],
            color=colour,
            marker="o",
            markersize=3,
            label=f"{kind} clusters",
        )
        right.plot(
            size.ks,
            [found[f"{kind}, shuffled"] for found in purities],
            color=colour,
            linestyle=":",
            label="shuffled sources" if kind == "embedding" else None,
        )
    right.set(xscale="log", xlabel="clusters", ylabel="purity by source", ylim=(None, 1.02))
    right.set_xticks(size.ks, [str(k) for k in size.ks])
    right.set_xticks([], minor=True)
    right.legend()
    study.picture(
        figure,
        caption="Left: mean distance of gradients for pairs ever farther apart. Middle: rank "
        f"correlations, bars are 95 % intervals from resampling the {runs[0]['sample']} "
        "instructions. Right: share of members in their cluster's majority source. One "
        f"proxy, {len(runs)} target(s) of a seed each.",
    )


def report(
    study: Study,
    signals: dict[str, Any],
    runs: list[dict[str, Any]],
    purities: list[dict[str, Any]],
    size: Size,
) -> None:
    """What the numbers say, by rules that are written here."""
    half = size.n // 2
    made = (
        "the demo's generator"
        if study.is_smoke
        else f"{half:,} of GSM8K's training part and {half:,} of Alpaca, drawn once"
    )
    correlations = [
        {"target": f"seed {seed}", "stage": stage}
        | {
            name: interval(run[stage][name])
            for name in (*KINDS, "embedding, direction", "within over across")
        }
        for seed, run in enumerate(runs)
        for stage in STAGES
    ]
    shares = [
        {"clusters": k} | {key: f"{found[key]:.3f}" for key in found if key != "seconds"}
        for k, found in zip(size.ks, purities, strict=True)
    ]
    study.conclude(
        question="Do instructions with near loss trajectories on a small proxy have near gradients on "
        "a larger model?",
        protocol=[
            f"pool: {made}; window {LENGTH} tokens",
            f"proxy: tiny (1.06 million parameters), from scratch on the pool, {size.epochs} "
            f"epochs, {size.checkpoints} checkpoints; clusters: k-means of the raw losses, k = "
            f"{size.ks[-1]}; embeddings of prompts by all-MiniLM-L6-v2",
            f"target: {runs[0]['parameters'] / 1e6:.1f} million parameters, from scratch on the "
            f"same pool, two rounds of half an epoch ({runs[0]['steps']} steps of {BATCH} in "
            f"all, each round with its own cosine schedule, peak {RATE}); at the end its loss is "
            f"{runs[0]['loss']:.2f} nats a token on the sample",
            f"gradients: of a response's mean loss, all parameters, count sketch of {SKETCH:,} "
            f"numbers, {runs[0]['sample']} members drawn by `random`; direction: of gradients "
            "scaled to length 1",
            f"{len(runs)} target(s), seeds from 0; intervals: {size.resamples} resamples of "
            "those instructions",
        ],
        claims=claims(runs, purities, size),
        tables=[
            Table(
                "Rank correlation with gradient distance [95 % interval]; within over across is "
                "a ratio of mean gradient distances",
                correlations,
            ),
            Table("Purity of clusters by source", shares),
        ],
        needs=NEEDS,
        seconds=sum(run["seconds"] for run in [signals, *runs, *purities]),
    )


def claims(runs: list[dict[str, Any]], purities: list[dict[str, Any]], size: Size) -> list[Claim]:
    """The paper's claims; an estimate counts where its 95 % interval lies on one side."""

    def each(name: str) -> list[list[float]]:
        return [run[stage][name] for run in runs for stage in STAGES]

    def said(name: str) -> str:
        return "; ".join(
            f"{stage} {interval(run[stage][name])}" for run in runs for stage in STAGES
        )

    purer = [found["trajectory"] > found["embedding"] for found in purities]
    return [
        Claim(
            "instructions whose trajectories on a small model are near have near gradients on a "
            "larger one",
            "gradients differ by at most a bound that grows with the distance of the "
            "trajectories (Theorem 4.1)",
            f"rank correlation: {said('trajectory')}; of directions: "
            f"{said('trajectory, direction')}",
            judged([low > 0 for _, low, _ in each("trajectory")]),
            "rule: the interval lies above 0 at every stage. The last loss alone: "
            f"{said('last loss')}",
        ),
        Claim(
            "members of one cluster have nearer gradients than members of different ones",
            "similar gradients within a cluster are why a few of each are enough (section 4)",
            f"mean gradient distance within over across: {said('within over across')}",
            judged([high < 1 for _, _, high in each("within over across")]),
            "rule: the interval lies below 1. Correlation inside clusters: "
            f"{said('trajectory, within clusters')}; across them: "
            f"{said('trajectory, across clusters')}",
        ),
        Claim(
            "trajectories tell gradients better than embeddings do",
            "clusters of trajectories select better than embeddings' facility location (section 5)",
            f"lead in rank correlation: {said('lead over embedding')}; embeddings: "
            f"{said('embedding')}",
            judged([low > 0 for _, low, _ in each("lead over embedding")]),
            "rule: the interval of the difference lies above 0. Of directions, embeddings: "
            f"{said('embedding, direction')}",
        ),
        Claim(
            "clusters of trajectories are purer by source than clusters of embeddings",
            "examples in a trajectory cluster share their kind, in an embedding cluster less so "
            "(figure 6)",
            "; ".join(
                f"k = {k}: {found['trajectory']:.3f} against {found['embedding']:.3f} (shuffled "
                f"{found['trajectory, shuffled']:.3f})"
                for k, found in zip(size.ks, purities, strict=True)
            ),
            judged(purer),
            "rule: the larger purity at every k. The two sources differ in what they are about, "
            "which embeddings of prompts see at once",
        ),
    ]


if __name__ == "__main__":
    main()
