"""The built-in selectors against their papers."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from catalog import Catalog
from catalog.query.stream import run
from catalog.store.queries import macros

SELECTORS = Path(__file__).resolve().parent.parent / "selectors"
SIZES = [1, 2, 3, 10, 50, 200]
GOLDEN = {
    3: [0, 0, 0, 1, 1, 1],
    20: [1, 2, 3, 4, 5, 5],
    60: [1, 2, 3, 10, 22, 22],
    150: [1, 2, 3, 10, 50, 84],
    266: SIZES,
}
GOLDEN_BY_SOURCE = {
    20: [0, 0, 3, 5, 6, 6],
    60: [0, 0, 3, 10, 23, 24],
    150: [0, 0, 3, 10, 50, 87],
    266: SIZES,
}


def algorithm_1(sizes: list[int], budget: int) -> list[int]:
    """Return SmallToLarge's Algorithm 1: by size, each cluster gives an equal share of the rest."""
    given = [0] * len(sizes)
    order = sorted(range(len(sizes)), key=lambda k: sizes[k])
    for position, k in enumerate(order):
        given[k] = min(sizes[k], (budget - sum(given)) // (len(sizes) - position))
    return given


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for macro in macros():
        if "draw(" in macro or "lot(" in macro:
            connection.execute(macro.replace("TEMP MACRO", "MACRO"))
    return connection


def allocation(
    connection: duckdb.DuckDBPyConnection, selector: str, sizes: list[int], budget: int
) -> list[int]:
    """Return how many members of each given cluster a selector's query selects."""
    text = (SELECTORS / f"{selector}.sql").read_text()
    members = [(cluster, member) for cluster, size in enumerate(sizes) for member in range(size)]
    # The greatest sizes have the least numbers, as the kernel counts them.
    number = {
        cluster: place
        for place, cluster in enumerate(sorted(range(len(sizes)), key=lambda k: (-sizes[k], k)))
    }
    rows = ", ".join(
        f"({i}, md5('{i}'), 'all', {number[cluster]})" for i, (cluster, _) in enumerate(members)
    )
    query = (
        f"WITH members AS (SELECT * FROM (VALUES {rows}) AS t(instruction_id, fingerprint, "
        "source, cluster)),\n"
    )
    query += "clusters AS (SELECT *, lot(fingerprint, 0) AS lot FROM members),\n"
    query += text[re.search(r"^drawn AS", text, re.MULTILINE).start() :]
    values = {
        name: value
        for name, value in {"budget": budget, "smallest": 3}.items()
        if f"${name}" in query
    }
    taken = [row[0] for row in connection.sql(query, params=values).fetchall()]
    return [sum(members[i][0] == cluster for i in taken) for cluster in range(len(sizes))]


@pytest.mark.parametrize("budget", GOLDEN)
def test_s2l_allocates_as_published(connection: duckdb.DuckDBPyConnection, budget: int) -> None:
    assert (
        allocation(connection, "s2l", SIZES, budget) == GOLDEN[budget] == algorithm_1(SIZES, budget)
    )


@pytest.mark.parametrize("budget", GOLDEN_BY_SOURCE)
def test_s2l_by_source_leaves_small_clusters_for_last(
    connection: duckdb.DuckDBPyConnection, budget: int
) -> None:
    assert allocation(connection, "s2l_by_source", SIZES, budget) == GOLDEN_BY_SOURCE[budget]


@pytest.mark.parametrize("n_lists", [500, pytest.param(2000, marks=pytest.mark.slow)])
def test_s2l_equals_algorithm_1_on_random_cluster_sizes(
    connection: duckdb.DuckDBPyConnection, n_lists: int
) -> None:
    draw = random.Random(n_lists)
    for _ in range(n_lists):
        sizes = [draw.randint(1, draw.choice((2, 5, 30))) for _ in range(draw.randint(1, 12))]
        budget = draw.randint(1, sum(sizes))
        assert sorted(allocation(connection, "s2l", sizes, budget)) == sorted(
            algorithm_1(sizes, budget)
        ), (sizes, budget)


def test_a_draw_is_uniform_and_fixed_by_fingerprint_and_seed(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    query = "SELECT draw(md5(i::VARCHAR), $seed) FROM range(20000) AS t(i)"
    one = np.array(connection.sql(query, params={"seed": 0}).fetchall()).reshape(-1)
    other = np.array(connection.sql(query, params={"seed": 1}).fetchall()).reshape(-1)
    assert one.min() >= 0
    assert one.max() < 1
    assert (
        np.abs(np.sort(one) - (np.arange(20000) + 0.5) / 20000).max() < 0.015
    )  # Kolmogorov-Smirnov at about 1e-4
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    assert np.array_equal(
        one, np.array(connection.sql(query, params={"seed": 0}).fetchall()).reshape(-1)
    )


def test_a_lot_shuffles_as_a_draw_does_and_has_no_ties(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    query = (
        "SELECT md5(i::VARCHAR) AS f, lot(f, 3) AS lot, draw(f, 3) AS draw FROM range(20000) AS "
        "t(i) ORDER BY lot"
    )
    rows = connection.sql(query).fetchall()
    assert [(lot >> 73) / 2**53 for _, lot, _ in rows] == [draw for *_, draw in rows]
    assert len({lot for _, lot, _ in rows}) == len(rows)
    kept = (
        connection.sql(query).to_arrow_table()["lot"].to_pylist()
    )  # what a kernel, or the why of a member, is given
    assert kept == [lot for _, lot, _ in rows]


def by_source(sizes: dict[str, list[int]], budget: int) -> Counter[tuple[str, int, int]]:
    """Follow the authors' procedure: divide the budget over the sources, then over their clusters.

    Smaller sources and clusters come first; clusters below three members fill up the rest.

    Returns:
        How often a cluster of (source, size) gives so many members. Clusters below three members
        count together, under size 0.
    """
    answer: Counter[tuple[str, int, int]] = Counter()
    for source, share in zip(
        sizes, algorithm_1([sum(clusters) for clusters in sizes.values()], budget), strict=True
    ):
        large = [size for size in sizes[source] if size >= 3]
        given = algorithm_1(large, min(share, sum(large)))
        answer.update((source, size, n) for size, n in zip(large, given, strict=True))
        answer[source, 0, share - sum(given)] += 1
    return answer


def test_s2l_by_source_equals_the_authors_procedure_on_random_sources(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    draw = random.Random(1)
    text = (SELECTORS / "s2l_by_source.sql").read_text()
    query = (
        "WITH clusters AS (SELECT *, lot(fingerprint, 0) AS lot FROM given),\n"
        + text[re.search(r"^drawn AS", text, re.MULTILINE).start() :]
    )
    for _ in range(300):
        sizes = {
            f"source {i}": sorted(
                (draw.randint(1, draw.choice((2, 6, 25))) for _ in range(draw.randint(1, 7))),
                reverse=True,
            )
            for i in range(draw.randint(1, 6))
        }
        # Sources of one size share the last turns in an order of ours: the counts below are of
        # different ones.
        if len({sum(clusters) for clusters in sizes.values()}) < len(sizes):
            continue
        members = [
            (source, k)
            for source, clusters in sizes.items()
            for k, size in enumerate(clusters)
            for _ in range(size)
        ]
        rows = ", ".join(
            f"({i}, md5('{i}'), '{source}', {k})" for i, (source, k) in enumerate(members)
        )
        connection.execute(
            f"CREATE OR REPLACE TABLE given AS FROM (VALUES {rows}) AS t(instruction_id, "
            "fingerprint, source, cluster)"
        )
        budget = draw.randint(1, len(members))
        taken = connection.sql(query, params={"budget": budget, "smallest": 3}).fetchall()
        counts = Counter(members[row[0]] for row in taken)
        found: Counter[tuple[str, int, int]] = Counter()
        small: Counter[str] = Counter(dict.fromkeys(sizes, 0))
        for source, clusters in sizes.items():
            for k, size in enumerate(clusters):
                if size >= 3:
                    found[source, size, counts[source, k]] += 1
                else:
                    small[source] += counts[source, k]
        found.update((source, 0, n) for source, n in small.items())
        assert found == by_source(sizes, budget), (sizes, budget)


@pytest.fixture
def pool(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """Register a hundred and fifty records whose labels resemble each other."""
    names = [
        "adding",
        "addition",
        "add numbers",
        "poems",
        "poetry",
        "writing poems",
        "code",
        "python code",
        "cooking",
    ]
    draw = np.random.default_rng(3)
    records = [
        {
            "instruction": f"question {i}",
            "output": f"answer {i}",
            "tags": draw.choice(names, i % 4, replace=False).tolist(),
        }
        for i in range(150)
    ]
    catalog.register(jsonl(records), pool="p", labels_column="tags")
    return catalog


def import_score(catalog: Catalog, name: str, values: np.ndarray[Any, Any]) -> None:
    path = catalog.store.path / f"{name}.npy"
    np.save(path, values)
    catalog.import_scores("p", path, name=name)


def rounds(cells: dict[str, tuple[int, int]], depths: dict[str, float], budget: int) -> list[str]:
    """Return ILA's selection: round r selects the r-th deepest member of every cell that has one.

    Within a round, and so in the last one, the deepest come first.
    """
    left: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name in sorted(depths, key=lambda name: (-depths[name], name)):
        left[cells[name]].append(name)
    chosen: list[str] = []
    while len(chosen) < budget and any(left.values()):
        turn = [members.pop(0) for members in left.values() if members]
        chosen += sorted(turn, key=lambda name: (-depths[name], name))
    return chosen[:budget]


def cells_of(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], side: int) -> list[tuple[int, int]]:
    """Return each point's cell in equal steps over the bounding box, the maximum in the last."""
    edges = [np.linspace(values.min(), values.max(), side + 1)[1:-1] for values in (x, y)]
    return list(
        zip(
            *(np.digitize(values, at).tolist() for values, at in zip((x, y), edges, strict=True)),
            strict=True,
        )
    )


def test_ila_equals_its_definition_on_random_landscapes(pool: Catalog) -> None:
    text = (SELECTORS / "ila.sql").read_text()
    query = "WITH landscape AS (SELECT instruction_id, fingerprint, x, y FROM scores($pool)),\n"
    query += text[re.search(r"^cells AS", text, re.MULTILINE).start() :]
    names = pool.sql("SELECT fingerprint FROM pool('p') ORDER BY row_number")[
        "fingerprint"
    ].to_list()
    draw = np.random.default_rng(5)
    for landscape in range(6):
        x, y = draw.normal(size=150), draw.normal(size=150) ** 3
        depth = (
            draw.integers(-3, 6, 150).astype(float) if landscape % 2 else draw.normal(size=150)
        )  # ties, or none
        depth[draw.integers(0, 150, 12)] = np.nan  # a warm-up part: on the map, and never taken
        for name, values in (("x", x), ("y", y), ("depth", depth)):
            import_score(pool, name, values)
        for budget in (1, 7, 40, 100, 138):
            given = {
                "pool": "p",
                "budget": budget,
                "side": int(draw.integers(1, 12)) if budget % 2 else None,
                "depth": "depth",
            }
            answer = run(
                pool.store,
                f"FROM ({query}) JOIN instructions USING (instruction_id) ORDER BY turn, depth "
                "DESC, fingerprint",
                parameters=given,
            )
            # Without a side: the largest whose non-empty cells are at most half the budget.
            sides = [given["side"]] if given["side"] else range(100, 0, -1)
            side = next(
                (
                    side
                    for side in sides
                    if given["side"] or len(set(cells_of(x, y, side))) <= max(1, budget // 2)
                ),
                1,
            )
            cells = dict(zip(names, cells_of(x, y, side), strict=True))
            known = {
                name: value for name, value in zip(names, depth, strict=True) if not np.isnan(value)
            }
            assert answer["fingerprint"].to_pylist() == rounds(cells, known, budget), (
                landscape,
                given,
            )


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
    w = np.where((near := x @ x.T) >= 0.6, near, 0)
    np.fill_diagonal(w, 1)
    assert 0 < np.count_nonzero(w) - len(w) < w.size / 2  # some labels are alike, and most are not
    v = np.array([[value * (name in labels) for name in names] for _, labels, value in rows]) @ (
        w / w.sum(axis=0)
    )
    known, left, chosen = np.zeros(len(names)), list(range(len(rows))), []
    for _ in range(60):
        gains = v @ (0.8 * (known + 1e-6) ** -0.2)
        best = max(left, key=lambda i: (round(float(gains[i]), 5), -i))
        left.remove(best)
        chosen.append(rows[best][0])
        known += v[best]
    pool.select("mig", "p", budget=60, name="x", settings={"score": "quality", "threshold": 0.6})
    assert (
        pool.sql("SELECT fingerprint FROM subset('x') ORDER BY rank")["fingerprint"].to_list()
        == chosen
    )
