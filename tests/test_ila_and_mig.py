"""ILA and MIG equal their definitions, written out in plain Python."""

import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.query.stream import run
from tests.copies import made_once
from tests.quick import few_of

SELECTORS = Path(__file__).resolve().parent.parent / "selectors"
Array = np.ndarray[Any, Any]


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """Register a hundred and fifty records whose labels resemble each other."""
    names = "adding,addition,add numbers,poems,poetry,writing poems,code,python code,cooking"
    draw = np.random.default_rng(3)
    records = [
        {
            "instruction": f"question {i}",
            "output": f"answer {i}",
            "tags": draw.choice(names.split(","), i % 4, replace=False).tolist(),
        }
        for i in range(150)
    ]
    catalog.register(jsonl(records), pool="p", labels_column="tags")
    return catalog


def import_score(catalog: Catalog, name: str, values: Array) -> None:
    path = catalog.store.path / f"{name}.npy"
    np.save(path, values)
    catalog.import_scores("p", path, name=name)


def rounds(cells: dict[str, tuple[int, int]], depths: dict[str, float], budget: int) -> list[str]:
    """Return ILA's selection: round r selects the r-th deepest member of every cell that has one.

    Within a round, and so in the last one, the deepest come first.
    """
    deepest_first = sorted(depths, key=lambda name: (-depths[name], name))
    left: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name in deepest_first:
        left[cells[name]].append(name)
    selected: list[str] = []
    while len(selected) < budget and any(left.values()):
        turn = [members.pop(0) for members in left.values() if members]
        selected += sorted(turn, key=deepest_first.index)
    return selected[:budget]


def cells_of(x: Array, y: Array, side: int) -> list[tuple[int, int]]:
    """Return each point's cell in equal steps over the bounding box, the maximum in the last."""
    edges = [np.linspace(values.min(), values.max(), side + 1)[1:-1] for values in (x, y)]
    column, row = np.digitize(x, edges[0]).tolist(), np.digitize(y, edges[1]).tolist()
    return list(zip(column, row, strict=True))


def largest_side(x: Array, y: Array, *, budget: int) -> int:
    """Return the largest side with at most half as many non-empty cells as the budget."""
    for side in range(100, 0, -1):
        if len(set(cells_of(x, y, side))) <= max(1, budget // 2):
            return side
    return 1


@pytest.mark.parametrize("n_landscapes", few_of([2, 12], 2))
def test_ila_equals_its_definition_on_random_landscapes(pool: Catalog, n_landscapes: int) -> None:
    text = (SELECTORS / "ila.sql").read_text()
    query = "WITH landscape AS (SELECT instruction_id, fingerprint, x, y FROM scores($pool)),\n"
    query += text[re.search(r"^cells AS", text, re.MULTILINE).start() :]
    ordered = f"""
    FROM ({query})
    JOIN instructions USING (instruction_id)
    ORDER BY round, depth DESC, fingerprint
    """
    members = pool.sql("SELECT fingerprint FROM pool('p') ORDER BY row_number")
    names = members["fingerprint"].to_list()
    draw = np.random.default_rng(5)
    for landscape in range(n_landscapes):
        x, y = draw.normal(size=150), draw.normal(size=150) ** 3
        depth = draw.normal(size=150)
        if landscape % 2:  # with ties
            depth = draw.integers(-3, 6, 150).astype(float)
        depth[draw.integers(0, 150, 12)] = np.nan  # the warm-up part: on the map, never selected
        for name, values in (("x", x), ("y", y), ("depth", depth)):
            import_score(pool, name, values)
        for budget in (1, 7, 40, 100, 138) if n_landscapes > 2 else (7, 40, 138):
            given_side = int(draw.integers(1, 12)) if budget % 2 else None
            parameters = {"pool": "p", "budget": budget, "side": given_side, "depth": "depth"}
            answer = run(pool.store, ordered, parameters=parameters)
            side = given_side or largest_side(x, y, budget=budget)
            cells = dict(zip(names, cells_of(x, y, side), strict=True))
            depths = dict(zip(names, depth, strict=True))
            known = {name: value for name, value in depths.items() if not np.isnan(value)}
            expected = rounds(cells, known, budget)
            assert answer["fingerprint"].to_pylist() == expected, (landscape, parameters)


def test_mig_equals_its_definition_with_the_vectors_of_an_encoder(pool: Catalog) -> None:
    from catalog.models.encoder import load_encoder

    scores = np.random.default_rng(0).integers(0, 8, 150) / 2
    import_score(pool, "quality", np.where(np.arange(150) % 11 == 0, np.nan, scores))
    members = pool.sql(
        "SELECT fingerprint, labels, value FROM pool('p') JOIN score('p', name => 'quality') "
        "USING (fingerprint)"
    )
    rows = [row for row in members.sort("fingerprint").iter_rows() if row[1] and row[2] is not None]
    names = sorted({name for _, labels, _ in rows for name in labels})
    x = load_encoder(dtype="float32").encode(names).vectors.astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    cosines = x @ x.T
    w = np.where(cosines >= 0.6, cosines, 0)
    np.fill_diagonal(w, 1)
    assert 0 < np.count_nonzero(w) - len(w) < w.size / 2  # few pairs of labels are alike
    values = np.array([[value * (name in labels) for name in names] for _, labels, value in rows])
    v = values @ (w / w.sum(axis=0))
    known, left, selected = np.zeros(len(names)), list(range(len(rows))), []
    for _ in range(60):
        gains = v @ (0.8 * (known + 1e-6) ** -0.2)
        best = max(left, key=lambda i: (round(float(gains[i]), 5), -i))
        left.remove(best)
        selected.append(rows[best][0])
        known += v[best]
    pool.select("mig", "p", budget=60, name="x", settings={"score": "quality", "threshold": 0.6})
    subset = pool.sql("SELECT fingerprint FROM subset('x') ORDER BY rank")
    assert subset["fingerprint"].to_list() == selected
