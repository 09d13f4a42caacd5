"""How much data does a target need for the full pool's dev loss, chosen by SmallToLarge and by its baselines?

Yang et al. 2024 (arXiv 2403.07384), the data-scaling figures of section 5: subsets of a mixed pool,
each trained on for as many steps as the full pool takes. The proxy has a quarter of the target's
parameters; both are trained from scratch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sources import NEEDS, Record, as_messages, drawn, generated, texts_of, write_jsonl
from study import COLOURS, Claim, Study, Table, begin, judged, spread
from target import dev_loss, encoded, train_steps, untrained

from catalog import Catalog
from catalog.models.causal_lm import save_causal_lm
from catalog.models.tiny import TinyShape

Array = np.ndarray[Any, Any]
Dev = dict[str, list[Record]]  # by source

PROXY = TinyShape(vocabulary=2048, width=24, layers=2, heads=2, inner=64)  # 0.06 million parameters
TARGET = TinyShape(vocabulary=2048, width=64, layers=3, heads=2, inner=176)  # 0.28 million
METHODS = (
    "random",
    "s2l",
    "s2l_by_source",
    "least_confidence",
    "middle_perplexity",
    "high_learnability",
    "facility_location",
)
POOL, LENGTH, BATCH, RATE = "mixed", 256, 32, 3e-3
TOLERANCE = 0.02  # of the full pool's dev loss: that much above it counts as reaching it


@dataclass(frozen=True)
class Size:
    """How large the study is: the full one, unless said."""

    sources: tuple[tuple[str, int], ...] = (
        ("gsm8k", 2400),
        ("alpaca", 1200),
        ("codealpaca", 1200),
        ("toolformer", 1200),
    )
    dev: int = 150  # of each source
    shares: tuple[int, ...] = (3, 11, 25, 50)  # percent of the pool, beside all of it
    published: int = 11  # the share that the paper's abstract speaks of
    k: int = 100
    epochs: int = 3
    checkpoints: int = 10


SMOKE = Size(
    sources=(("generated", 120),), dev=20, shares=(25,), published=25, k=8, epochs=1, checkpoints=3
)


def main() -> None:
    study = begin(__file__, "SmallToLarge: data efficiency", seeds=2)
    size = SMOKE if study.is_smoke else Size()
    pool, dev = records(study, size)
    catalog = Catalog.open(study.work / study.name)
    catalog.register(
        write_jsonl(pool, study.work / f"{study.name}.pool.jsonl"),
        pool=POOL,
        source_column="source",
        mode="replace",
    )
    signals = study.run(
        {"signals": POOL, "size": str(size)},
        lambda: computed(catalog, study.work / f"{study.name}.proxy", pool, size),
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


def records(study: Study, size: Size) -> tuple[list[Record], Dev]:
    """The pool, and the dev set of each source: GSM8K's own test part, records that were not drawn of the others."""
    if study.is_smoke:
        n = size.sources[0][1]
        made = generated(n + 2 * size.dev)
        return made[:n], {
            source: [one for one in made[n:] if one["source"] == source]
            for source in ("arithmetic", "stories")
        }
    pool: list[Record] = []
    dev: Dev = {}
    for source, n in size.sources:
        found = drawn(study.data, source, n + size.dev)
        pool += found[:n]
        dev[source] = found[n:] if source != "gsm8k" else drawn(study.data, "gsm8k_test", size.dev)
    return pool, dev


def computed(catalog: Catalog, proxy: Path, pool: list[Record], size: Size) -> dict[str, Any]:
    """Everything that the methods select by."""
    if not proxy.exists():
        save_causal_lm(untrained(texts_of(pool), seed=1000, shape=PROXY), proxy)
    catalog.train_losses(
        POOL,
        proxy=str(proxy),
        epochs=size.epochs,
        checkpoints=size.checkpoints,
        learning_rate=RATE,
        batch=BATCH,
        max_length=LENGTH,
    )
    catalog.score(POOL, "perplexity", "least_confidence", "learnability", model=proxy.name)
    catalog.embed(POOL)
    return {
        "members": catalog.sql("SELECT count(*) AS n FROM pool($pool)", parameters={"pool": POOL})[
            "n"
        ][0]
    }


def one_run(
    catalog: Catalog, pool: list[Record], dev: Dev, size: Size, method: str, percent: int, seed: int
) -> dict[str, Any]:
    """Dev losses of a target after the full pool's number of steps on one subset; under ``sources`` what it was chosen from."""
    relation = f"pool('{POOL}')"
    if method != "full":
        settings = {"k": size.k} if method.startswith("s2l") else {}
        chosen = catalog.select(
            method,
            POOL,
            budget=f"{percent}%",
            name=f"{method}-{percent}",
            seed=seed,
            settings=settings,
        )
        relation = f"subset('{chosen.reference}')"
    members = catalog.sql(f"SELECT prompt, response, source FROM {relation} ORDER BY fingerprint")
    lm = untrained(texts_of(pool), seed=seed, shape=TARGET)
    instructions = encoded(
        lm, [as_messages(row) for row in members.iter_rows(named=True)], max_length=LENGTH
    )
    steps = -(-len(pool) // BATCH)
    train_steps(lm, instructions, steps=steps, batch=BATCH, seed=seed, learning_rate=RATE)
    losses = {
        source: dev_loss(lm, encoded(lm, [as_messages(one) for one in of], max_length=LENGTH))
        for source, of in dev.items()
    }
    shares = members["source"].value_counts(sort=True)
    return {
        "loss": float(np.mean(list(losses.values()))),
        "losses": losses,
        "members": len(members),
        "steps": steps,
        "tokens": sum(len(one.ids) for one in instructions) / len(instructions),
        "sources": {name: round(n / len(members), 3) for name, n in shares.iter_rows()},
    }


def of(runs: list[dict[str, Any]], method: str, percent: int, source: str | None = None) -> Array:
    """(seeds,) dev losses: the mean over the sources, or one of them."""
    found = [
        run
        for run in runs
        if run["percent"] == percent and run["method"] == (method if percent < 100 else "full")
    ]
    return np.array([run["losses"][source] if source else run["loss"] for run in found])


def needed(runs: list[dict[str, Any]], method: str, size: Size) -> list[float]:
    """Percent of the pool at which a method's loss first comes within TOLERANCE of the full pool's, a number a seed.

    Between two budgets the loss is taken as linear in the budget's logarithm.
    """
    percents = [*size.shares, 100]
    found = []
    for losses in np.array([of(runs, method, percent) for percent in percents]).T:
        goal = losses[-1] * (1 + TOLERANCE)
        place = int(np.argmax(losses <= goal))
        share = float(percents[place])
        if place:
            part = (losses[place - 1] - goal) / (losses[place - 1] - losses[place])
            share = float(
                np.exp(np.log(percents[place - 1]) + part * np.log(share / percents[place - 1]))
            )
        found.append(share)
    return found


def draw(study: Study, runs: list[dict[str, Any]], size: Size) -> None:
    """Dev loss by budget, and by source at the smallest budget."""
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), width_ratios=(1.2, 1))
    percents = [*size.shares, 100]
    full = of(runs, "full", 100)
    left.axhspan(full.min(), full.max(), color="k", alpha=0.15, linewidth=0)
    left.axhline(
        full.mean() * (1 + TOLERANCE),
        color="k",
        linestyle=":",
        linewidth=1,
        label=f"full pool + {TOLERANCE:.0%}",
    )
    sources = list(runs[0]["losses"])
    for shift, method in enumerate(METHODS):
        losses = [of(runs, method, percent) for percent in percents]
        means = np.array([one.mean() for one in losses])
        bars = [
            [mean - one.min() for mean, one in zip(means, losses, strict=True)],
            [one.max() - m for m, one in zip(means, losses, strict=True)],
        ]
        at = np.array(percents) * (1 + 0.012 * (shift - 3))
        left.errorbar(
            at,
            means,
            yerr=bars,
            color=COLOURS[method],
            marker="o",
            markersize=3,
            linewidth=1.2,
            label=method,
        )
        first = [
            of(runs, method, size.shares[0], source) - of(runs, "random", size.shares[0], source)
            for source in sources
        ]
        places = np.arange(len(sources)) + 0.11 * (shift - 3)
        right.bar(places, [one.mean() for one in first], width=0.1, color=COLOURS[method])
        right.vlines(
            places,
            [one.min() for one in first],
            [one.max() for one in first],
            color="k",
            linewidth=0.8,
        )
    left.set(
        xscale="log",
        xlabel="percent of the pool",
        ylabel="dev loss, mean over sources (nats a token)",
    )
    left.set_xticks(percents, [str(percent) for percent in percents])
    left.set_xticks([], minor=True)
    left.legend()
    right.axhline(0, color="k", linewidth=0.5)
    right.set(
        xticks=range(len(sources)),
        xticklabels=sources,
        ylabel=f"dev loss minus random's, at {size.shares[0]} %",
    )
    study.picture(
        figure,
        caption=f"Dev loss after equal steps. Mean of {study.seeds} seeds; bars are the least and "
        "the greatest, the band those of the full pool.",
    )


def report(study: Study, signals: dict[str, Any], runs: list[dict[str, Any]], size: Size) -> None:
    """What the numbers say, by rules that are written here."""
    made = ", ".join(f"{n:,} of {source}" for source, n in size.sources)
    study.conclude(
        question="What share of a mixed pool, chosen by which method, gives the dev loss of all of it "
        "after the same number of steps?",
        protocol=[
            f"pool: {made}, drawn once; {signals['members']:,} members; dev: {size.dev} of each "
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


def claims(runs: list[dict[str, Any]], size: Size) -> list[Claim]:
    """The paper's claims; a comparison is won where it is won by every seed."""
    published = size.published
    share = {method: needed(runs, method, size) for method in METHODS}
    less = [mine < theirs for mine, theirs in zip(share["s2l"], share["random"], strict=True)]
    gap = {
        method: of(runs, method, published) / of(runs, "full", 100) - 1
        for method in ("s2l", "random")
    }
    reached = {method: [bool(one <= TOLERANCE) for one in found] for method, found in gap.items()}
    baselines = [method for method in METHODS if not method.startswith("s2l")]

    def lower(mine: str) -> list[bool]:
        return [
            bool((of(runs, mine, at) < of(runs, other, at)).all())
            for other in baselines
            for at in size.shares
        ]

    def best(percent: int) -> str:
        return min(METHODS, key=lambda method: of(runs, method, percent).mean())

    needs = "; ".join(f"{method} {spread(found, 0)} %" for method, found in share.items())
    return [
        Claim(
            "s2l needs less data than uniform sampling for the full pool's dev loss",
            "11 % of MathInstruct does what all of it does (abstract); equal steps",
            f"share needed to come within {TOLERANCE:.0%}: s2l {spread(share['s2l'], 0)} %, "
            f"random {spread(share['random'], 0)} %",
            judged(less),
            "rule: less for every seed; in part for some. By source: "
            f"{spread(share['s2l_by_source'], 0)} %",
        ),
        Claim(
            f"{published} % chosen by s2l does what the full pool does",
            "11 % matches full data (abstract)",
            "dev loss above the full pool's by "
            + "; ".join(
                f"{spread((100 * found).tolist(), 1)} % ({method})" for method, found in gap.items()
            ),
            credited(reached["s2l"], reached["random"]),
            f"rule: within {TOLERANCE:.0%} for every seed, and a random {published} % is not; in "
            "part where a random one is too: then the choice is not what does it. A target from "
            f"scratch goes over its subset {100 / published:.0f} times; the paper's start from "
            "pretrained models",
        ),
        Claim(
            "s2l has a lower dev loss than every baseline at every budget",
            "+4.7 % average accuracy over the baselines (abstract)",
            f"lower in {sum(lower('s2l'))} of {len(lower('s2l'))} comparisons, by source in "
            f"{sum(lower('s2l_by_source'))}; lowest: "
            + ", ".join(f"{best(at)} at {at} %" for at in size.shares),
            judged(lower("s2l")),
            f"rule: lower for every seed in each comparison. Shares of the pool needed: {needs}",
        ),
    ]


def credited(mine: list[bool], chance: list[bool]) -> str:
    """Return the verdict on what a choice reaches: it holds in part only where chance reaches it too.

    >>> credited([True, True], [False, False]), credited([True, True], [True, True]), credited([False, False], [True, True])
    ('holds', 'holds in part', 'does not hold')
    """
    return "holds in part" if any(mine) and any(chance) else judged(mine)


def tables(runs: list[dict[str, Any]], size: Size) -> list[Table]:
    """Every number of the figure, and what each method chose."""
    sources = list(runs[0]["losses"])
    losses = [
        {"method": method}
        | {f"{at} %": spread(of(runs, method, at).tolist()) for at in (*size.shares, 100)}
        for method in METHODS
    ]
    first = [
        {"method": method}
        | {source: spread(of(runs, method, size.shares[0], source).tolist()) for source in sources}
        for method in METHODS
    ]
    pooled = list(runs[0]["sources"])
    chosen = [
        {
            "method": run["method"],
            "percent": run["percent"],
            "members": run["members"],
            "tokens a member": f"{run['tokens']:.0f}",
        }
        | {f"share of {source}": run["sources"].get(source, 0.0) for source in pooled}
        for run in runs
        if not run["seed"]
    ]
    return [
        Table("Dev loss, mean over sources: mean over seeds (least to greatest)", losses),
        Table(f"Dev loss of each source at {size.shares[0]} %", first),
        Table("What was chosen (first seed)", chosen),
    ]


if __name__ == "__main__":
    main()
