"""Runs of `ila_regression.py`: subsets of a set share and depth, and the base tuned on each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alpaca_pool import tuned_loss
from study import Study

from catalog import Catalog

BAND = Path(__file__).parent / "selectors" / "band.sql"
EPOCHS = 2

# The share of the selector's own cells that hold a member, and the mean depth of the members.
MEASURE = """
WITH landscape AS (
    SELECT instruction_id, fingerprint, x, y
    FROM project(
        (SELECT instruction_id, fingerprint, vector FROM embeddings('alpaca')),
        method => $projection, perplexity => 30.0, seed => 42
    )
),
cells AS (
    SELECT instruction_id, cell
    FROM grid((SELECT instruction_id, fingerprint, x, y FROM landscape), budget => $size)
)
SELECT
    (SELECT count(DISTINCT cell) FROM cells JOIN subset($subset) USING (instruction_id))
    / (SELECT count(DISTINCT cell) FROM cells),
    (SELECT avg(value) FROM score($subset, name => 'depth')),
    (SELECT avg((value < 0)::INT) FROM score($subset, name => 'depth'))
"""


def one_run(
    study: Study, catalog: Catalog, *, share: float, low: float, seed: int, budget: int
) -> dict[str, Any]:
    """Select one subset by its share of cells and band of depths, and tune the base on it.

    Returns:
        The coverage and depth of the subset, and the dev loss of the tuned base.
    """
    projection = study.sized("tsne", smoke="pca")

    def run() -> dict[str, Any]:
        name = f"band_{round(100 * share)}_{round(100 * low)}_{seed}"
        settings = {"share": share, "low": low, "projection": projection}
        selected = catalog.select(
            str(BAND), "alpaca", budget=budget, name=name, settings=settings, seed=seed
        )
        if selected.n_members < budget:
            raise RuntimeError(
                f"{name} has {selected.n_members:,} members and not {budget:,}: a share of "
                f"{share} is too small for this pool"
            )
        asked = {"subset": name, "size": budget, "projection": projection}
        ((coverage, depth, negative),) = catalog.sql(MEASURE, parameters=asked).rows()
        measured = {
            "n_members": selected.n_members,
            "coverage": coverage,
            "depth": depth,
            "negative": negative,
        }
        return tuned_loss(catalog, name, epochs=EPOCHS, seed=seed) | measured

    key = {"share": share, "low": low, "seed": seed, "budget": budget}
    return key | study.run(key, run)
