"""The selector ``sensitivity`` against a plain rewrite of Algorithm 1 of arXiv 2402.17327."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from catalog.store.queries import macros
from tests import quick

TEXT = (Path(__file__).resolve().parent.parent / "selectors" / "sensitivity.sql").read_text()

NAMES = ("instruction_id", "fingerprint", "cluster", "distance", "value")
TYPES = (pa.int32(), pa.string(), pa.int32(), pa.float64(), pa.float64())


def weights_of(rows: list[tuple[int, str, int, float, float | None]]) -> dict[int, float]:
    """Return the weight of every member: the loss at its centre plus its squared distance."""
    centres: dict[int, tuple[float, str, float]] = {}
    for _, fingerprint, cluster, distance, loss in rows:
        if loss is not None:
            nearest = (distance, fingerprint, loss)
            centres[cluster] = min(centres.get(cluster, nearest), nearest)
    return {
        member: centres[cluster][2] + 0.5 * distance**2
        for member, _, cluster, distance, _ in rows
        if cluster in centres
    }


def selected(rows: list[tuple[int, str, int, float, float | None]], *, budget: int) -> list[tuple]:
    """Run the selector's query over given clusters and losses."""
    connection = duckdb.connect()
    for macro in macros():
        if "uniform_hash(" in macro:
            connection.execute(macro.replace("TEMP MACRO", "MACRO"))
    columns = dict(zip(NAMES, zip(*rows, strict=True), strict=True))
    given = pa.table(columns, schema=pa.schema(list(zip(NAMES, TYPES, strict=True))))
    connection.register("given", given)
    connection.execute("CREATE TABLE clusters AS FROM given")
    query = "WITH " + TEXT[re.search(r"^centres AS", TEXT, re.MULTILINE).start() :]
    query = query.replace(
        "score($pool, name => $loss)", "(SELECT instruction_id, fingerprint, value FROM clusters)"
    )
    params = {"smoothness": 0.5, "seed": 3, "budget": budget}
    return connection.sql(query, params=params).fetchall()


def test_weights_are_the_loss_at_the_centre_plus_the_squared_distance() -> None:
    draw = np.random.default_rng(0)
    for _ in range(8 if quick.is_default else 20):
        n = int(draw.integers(1, 60))
        losses = [None if draw.random() < 0.3 else float(draw.random()) for _ in range(n)]
        rows = [
            (i, f"{i:04}", int(draw.integers(0, 6)), float(draw.integers(0, 4)), losses[i])
            for i in range(n)
        ]
        expected = weights_of(rows)
        answer = selected(rows, budget=n)
        assert {row[0]: row[3] for row in answer} == expected


def test_members_of_large_weight_are_drawn_in_proportion_to_it() -> None:
    heavy = [(i, f"{i:04}", 0, 0.0, 3.0) for i in range(1000)]
    light = [(1000 + i, f"{1000 + i:04}", 1, 0.0, 1.0) for i in range(1000)]
    answer = selected(heavy + light, budget=200)
    n_heavy = sum(row[0] < 1000 for row in answer)
    assert abs(n_heavy / 200 - 0.75) < 3 * (0.75 * 0.25 / 200) ** 0.5
