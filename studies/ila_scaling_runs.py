"""Runs of `ila_scaling.py`: a subset of each method and size, and the base tuned on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from alpaca_pool import tuned_loss
from study import Study

from catalog import Catalog

METHODS = ("ila", "ila_kmeans", "coverage_only", "depth_only", "deita", "random")
DRAWN = ("random", "coverage_only", "ila_kmeans")  # their members depend on the seed
MAPPED = ("ila", "coverage_only")  # they read the landscape
EPOCHS = 2

Numbers = dict[str, np.ndarray[Any, Any]]  # by method, (seeds, budgets)


def name_of(method: str, seed: int, budget: int) -> str:
    """Return a subset's name; a method without random draws has one subset for all seeds."""
    return f"{method}_{budget}_{seed_of(method, seed)}"


def seed_of(method: str, seed: int) -> int:
    """Return a method's seed: 0 if it draws nothing at random."""
    return seed if method in DRAWN else 0


def subsets(
    study: Study, catalog: Catalog, wanted: Sequence[tuple[str, int, int]]
) -> dict[str, Any]:
    """Select every subset, and measure its coverage and depth."""
    projection = study.sized("tsne", smoke="pca")
    names = {}
    for method, seed, budget in wanted:
        name = name_of(method, seed, budget)
        settings = {"projection": projection} if method in MAPPED else {}
        draw = seed_of(method, seed)
        subset = catalog.select(
            method, "alpaca", budget=budget, name=name, settings=settings, seed=draw
        )
        names[subset.reference] = name
    rows = {row["name"]: row for row in catalog.compare(*names, projection=projection).rows}
    return {
        name: {"coverage": rows[ref]["coverage"], "depth": rows[ref]["depth_mean"]}
        for ref, name in names.items()
    }


def one_run(study: Study, catalog: Catalog, method: str, seed: int, budget: int) -> dict[str, Any]:
    """Fine-tune the base on one subset, and measure the dev loss."""
    name = name_of(method, seed, budget)
    key = {"method": method, "budget": budget, "seed": seed}
    return study.run(key, lambda: tuned_loss(catalog, name, epochs=EPOCHS, seed=seed))
