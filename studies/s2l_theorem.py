"""SmallToLarge's theorem on a real pool: do near loss trajectories mean near gradients?

Yang et al. 2024 (arXiv 2403.07384), Theorem 4.1 and figure 6. The pool is half GSM8K and half
Alpaca. The tiny proxy gives the trajectories. A model four times as large, trained on the same
pool, gives the gradients: of one response's mean cross-entropy, with respect to all parameters.
"""

from __future__ import annotations

from typing import Any

from s2l_theorem_claims import claims
from s2l_theorem_figure import draw
from s2l_theorem_runs import (
    BATCH,
    KINDS,
    LARGE,
    LENGTH,
    POOL,
    RATE,
    SKETCH,
    SMOKE,
    STAGES,
    Size,
    compute_signals,
    measure_purity,
    train_target,
)
from sources import NEEDS, draw_records, generate_records, write_jsonl
from study import Study, Table, begin, interval
from target import SMALL

from catalog import Catalog

SOURCES = ("gsm8k", "alpaca")


def main() -> None:
    study = begin(__file__, "SmallToLarge's theorem: trajectories and gradients", seeds=1)
    size = study.sized(Size(), smoke=SMOKE)
    catalog = Catalog.open(study.work / study.name)
    half = size.n // 2
    if study.is_smoke:
        records = generate_records(size.n)
    else:
        records = [record for name in SOURCES for record in draw_records(study.data, name, half)]
    catalog.register(
        write_jsonl(records, study.work / f"{study.name}.pool.jsonl"),
        pool=POOL,
        source_column="source",
        mode="replace",
    )
    signals = study.run(
        {"signals": POOL, "size": str(size)}, lambda: compute_signals(catalog, size)
    )
    purities = [
        study.run({"purity at k": k, "size": str(size)}, lambda k=k: measure_purity(catalog, k))
        for k in size.ks
    ]
    shape = study.sized(LARGE, smoke=SMALL)
    runs = [
        study.run(
            {"seed": seed, "size": str(size)},
            lambda seed=seed: train_target(catalog, records, size, shape=shape, seed=seed),
        )
        for seed in range(study.seeds)
    ]
    draw(study, runs, purities, size)
    report(study, signals, runs, purities, size)


def report(
    study: Study,
    signals: dict[str, Any],
    runs: list[dict[str, Any]],
    purities: list[dict[str, Any]],
    size: Size,
) -> None:
    """Write the findings."""
    half = size.n // 2
    pool = (
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
        {"clusters": k} | {key: f"{purity[key]:.3f}" for key in purity if key != "seconds"}
        for k, purity in zip(size.ks, purities, strict=True)
    ]
    study.conclude(
        question="Do instructions with near loss trajectories on a small proxy have near "
        "gradients on a larger model?",
        protocol=[
            f"pool: {pool}; window {LENGTH} tokens",
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


if __name__ == "__main__":
    main()
