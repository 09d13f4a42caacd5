"""The built-in selectors against their papers."""

import random
import re
from pathlib import Path

import duckdb
import numpy as np
import pytest

from catalog.store.queries import macros

SELECTORS = Path(__file__).resolve().parent.parent / "selectors"
SIZES = [1, 2, 3, 10, 50, 200]
GOLDEN = {3: [0, 0, 0, 1, 1, 1], 20: [1, 2, 3, 4, 5, 5], 60: [1, 2, 3, 10, 22, 22], 150: [1, 2, 3, 10, 50, 84], 266: SIZES}
GOLDEN_BY_SOURCE = {20: [0, 0, 3, 5, 6, 6], 60: [0, 0, 3, 10, 23, 24], 150: [0, 0, 3, 10, 50, 87], 266: SIZES}


def algorithm_1(sizes: list[int], budget: int) -> list[int]:
    """SmallToLarge's Algorithm 1: clusters by size, each gives an equal share of what budget is left."""
    given = [0] * len(sizes)
    order = sorted(range(len(sizes)), key=lambda k: sizes[k])
    for position, k in enumerate(order):
        given[k] = min(sizes[k], (budget - sum(given)) // (len(sizes) - position))
    return given


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for macro in macros():
        if "draw(" in macro:
            connection.execute(macro.replace("TEMP MACRO", "MACRO"))
    return connection


def allocation(connection: duckdb.DuckDBPyConnection, selector: str, sizes: list[int], budget: int) -> list[int]:
    """How many members of each cluster a selector's query takes, the clusters being given."""
    text = (SELECTORS / f"{selector}.sql").read_text()
    members = [(cluster, member) for cluster, size in enumerate(sizes) for member in range(size)]
    # The greatest sizes have the least numbers, as the kernel counts them.
    number = {cluster: place for place, cluster in enumerate(sorted(range(len(sizes)), key=lambda k: (-sizes[k], k)))}
    rows = ", ".join(f"({i}, md5('{i}'), 'all', {number[cluster]})" for i, (cluster, _) in enumerate(members))
    query = f"WITH clusters AS (SELECT * FROM (VALUES {rows}) AS t(instruction_id, fingerprint, source, cluster)),\n"
    query += text[re.search(r"^drawn AS", text, re.MULTILINE).start() :]
    values = {name: value for name, value in {"seed": 0, "budget": budget, "smallest": 3}.items() if f"${name}" in query}
    taken = [row[0] for row in connection.sql(query, params=values).fetchall()]
    return [sum(members[i][0] == cluster for i in taken) for cluster in range(len(sizes))]


@pytest.mark.parametrize("budget", GOLDEN)
def test_s2l_allocates_as_published(connection: duckdb.DuckDBPyConnection, budget: int) -> None:
    assert allocation(connection, "s2l", SIZES, budget) == GOLDEN[budget] == algorithm_1(SIZES, budget)


@pytest.mark.parametrize("budget", GOLDEN_BY_SOURCE)
def test_s2l_by_source_leaves_small_clusters_for_last(connection: duckdb.DuckDBPyConnection, budget: int) -> None:
    assert allocation(connection, "s2l_by_source", SIZES, budget) == GOLDEN_BY_SOURCE[budget]


def test_s2l_equals_algorithm_1_on_random_cluster_sizes(connection: duckdb.DuckDBPyConnection) -> None:
    draw = random.Random(0)
    for _ in range(2000):
        sizes = [draw.randint(1, draw.choice((2, 5, 30))) for _ in range(draw.randint(1, 12))]
        budget = draw.randint(1, sum(sizes))
        assert sorted(allocation(connection, "s2l", sizes, budget)) == sorted(algorithm_1(sizes, budget)), (sizes, budget)


def test_a_draw_is_uniform_and_fixed_by_fingerprint_and_seed(connection: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT draw(md5(i::VARCHAR), $seed) FROM range(20000) AS t(i)"
    one = np.array(connection.sql(query, params={"seed": 0}).fetchall()).reshape(-1)
    other = np.array(connection.sql(query, params={"seed": 1}).fetchall()).reshape(-1)
    assert one.min() >= 0
    assert one.max() < 1
    assert np.abs(np.sort(one) - (np.arange(20000) + 0.5) / 20000).max() < 0.015  # Kolmogorov-Smirnov at about 1e-4
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    assert np.array_equal(one, np.array(connection.sql(query, params={"seed": 0}).fetchall()).reshape(-1))
