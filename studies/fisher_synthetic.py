"""FisherSFT on softmax regression with a known answer: how fast does each method's error fall?

Deb et al. 2025 (arXiv 2505.14826), section on synthetic data. A sentence is ten token vectors in
R^10; token vector x has a label drawn from softmax(Theta' x) over 20 words. A method chooses n
sentences, Theta is estimated from their labels, and the error of a sentence is the sum over its
tokens of |(estimate - Theta)' x|. The vectors enter the catalog as keys of the records, and the
selectors read them.
"""

from __future__ import annotations

from typing import Any

from fisher_synthetic_claims import claims, tables
from fisher_synthetic_figure import draw
from fisher_synthetic_runs import POOLS, RIDGE, TOKENS, WIDTH, WORDS, one_run
from study import Study, begin

from catalog import Catalog


def main() -> None:
    study = begin(__file__, "FisherSFT on synthetic softmax regression", seeds=20)
    n = study.sized(5000, smoke=120)
    budgets = study.sized([10, 20, 50, 100, 200, 350, 500], smoke=[10, 30])
    catalog = Catalog.open(study.work / study.name)
    runs = [
        study.run(
            {"pool": kind, "seed": seed, "n": n, "budgets": budgets},
            lambda kind=kind, seed=seed: one_run(
                catalog, study, kind, seed=seed, n=n, budgets=budgets
            ),
        )
        | {"pool": kind}
        for kind in POOLS
        for seed in range(study.seeds)
    ]
    draw(study, runs, budgets)
    report(study, runs, budgets, n)


def report(study: Study, runs: list[dict[str, Any]], budgets: list[int], n: int) -> None:
    """Write the findings."""
    later = [place for place, budget in enumerate(budgets) if budget >= 50] or [len(budgets) - 1]
    study.conclude(
        question="Is the error of sentences chosen by information gain smaller than that of "
        "uniformly drawn ones, and does it fall as n^-1/2?",
        protocol=[
            f"a sentence is {TOKENS} token vectors in R^{WIDTH}; a token's label is drawn from "
            f"softmax(Theta'x) over {WORDS} words; Theta's entries have variance 1/{WIDTH}; {n} "
            f"sentences a pool; {study.seeds} seeds redraw vectors, Theta, labels and choice",
            "isotropic: normal vectors; skewed: 90 % of the sentences lie in a random "
            "3-dimensional subspace (scaled to the same mean squared length); zipf: vectors of "
            "20 words drawn with frequency 1/rank; peaked: the skewed pool, Theta times 10",
            f"estimate: mean cross-entropy plus {RIDGE}/2 |Theta|^2, by Newton's method; the "
            "gauge (mean over words) is taken out",
            "error of a sentence: sum over its tokens of |(estimate - Theta)'x|; its maximum and "
            "mean over the whole pool",
            "vectors are keys of the registered records; selectors/*_given.sql read them through "
            "pool(); density and sensitivity (20 clusters) see a sentence's mean vector; a "
            "smaller budget is the first ranks of the largest one",
        ],
        claims=claims(runs, budgets, later),
        tables=tables(runs, budgets),
        needs="nothing: everything is drawn from the seed",
        seconds=sum(run["seconds"] for run in runs),
    )


if __name__ == "__main__":
    main()
