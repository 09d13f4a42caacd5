"""How much data, chosen by SmallToLarge or by its baselines, reaches the full pool's dev loss?

Yang et al. 2024 (arXiv 2403.07384), the data-scaling figures of section 5: subsets of a mixed pool,
each trained on for as many steps as the full pool takes. The proxy has a quarter of the target's
parameters; both are trained from scratch.
"""

from __future__ import annotations

from typing import Any

from s2l_efficiency_claims import claims, tables
from s2l_efficiency_figure import draw
from s2l_efficiency_runs import (
    BATCH,
    LENGTH,
    METHODS,
    POOL,
    RATE,
    SMOKE,
    Size,
    compute_signals,
    one_run,
    split_records,
)
from sources import NEEDS, write_jsonl
from study import Study, begin

from catalog import Catalog


def main() -> None:
    study = begin(__file__, "SmallToLarge: data efficiency", seeds=2)
    size = study.sized(Size(), smoke=SMOKE)
    pool, dev = split_records(study, size)
    catalog = Catalog.open(study.work / study.name)
    catalog.register(
        write_jsonl(pool, study.work / f"{study.name}.pool.jsonl"),
        pool=POOL,
        source_column="source",
        mode="replace",
    )
    signals = study.run(
        {"signals": POOL, "size": str(size)},
        lambda: compute_signals(catalog, study.work / f"{study.name}.proxy", pool, size),
    )
    runs = [
        study.run(
            {"method": method, "percent": percent, "seed": seed, "size": str(size)},
            lambda method=method, percent=percent, seed=seed: one_run(
                catalog, pool, dev, size, method, percent, seed
            ),
        )
        | {"method": method, "percent": percent, "seed": seed}
        for seed in range(study.seeds)
        for percent in (100, *size.shares)
        for method in (METHODS if percent < 100 else ["full"])
    ]
    draw(study, runs, size)
    report(study, signals, runs, size)


def report(study: Study, signals: dict[str, Any], runs: list[dict[str, Any]], size: Size) -> None:
    """Write the findings."""
    sources = ", ".join(f"{n:,} of {source}" for source, n in size.sources)
    study.conclude(
        question="What share of a mixed pool, chosen by which method, gives the dev loss of all of "
        "it after the same number of steps?",
        protocol=[
            f"pool: {sources}, drawn once; {signals['members']:,} members; dev: {size.dev} of each "
            "source that are not in the pool (GSM8K's are of its test part); dev loss: mean over "
            f"sources of cross-entropy a response token; window {LENGTH} tokens",
            f"proxy: 0.06 million parameters, from scratch on the pool, {size.epochs} epochs in "
            f"steps of {BATCH}, peak rate {RATE}, {size.checkpoints} checkpoints; perplexity, "
            f"confidence and learnability are this proxy's; k = {size.k} clusters (in each "
            "source for s2l_by_source); facility_location on prompts' embeddings by "
            "all-MiniLM-L6-v2",
            f"target: 0.28 million parameters, from scratch, {runs[0]['steps']} steps of {BATCH} "
            f"(one epoch of the pool) on every subset, peak rate {RATE}, cosine",
            f"budgets: {', '.join(f'{share} %' for share in size.shares)} and all; {study.seeds} "
            "seeds of the selection's draws, the target's first weights and its order",
        ],
        claims=claims(runs, size),
        tables=tables(runs, size),
        needs=NEEDS,
        seconds=sum(run["seconds"] for run in [signals, *runs]),
    )


if __name__ == "__main__":
    main()
