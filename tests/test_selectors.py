"""The S2L selectors against their papers, and the random draws that they use."""

import random
import re
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np
import pytest

from catalog.store.queries import macros
from tests.quick import few_of

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
        if "uniform_hash(" in macro or "shuffle_key(" in macro:
            connection.execute(macro.replace("TEMP MACRO", "MACRO"))
    return connection


def allocation(
    connection: duckdb.DuckDBPyConnection,
    selector: str,
    sizes: list[int],
    budget: int,
    seed: int = 0,
) -> list[int]:
    """Return how many members of each given cluster a selector's query selects."""
    text = (SELECTORS / f"{selector}.sql").read_text()
    clusters = [cluster for cluster, size in enumerate(sizes) for _ in range(size)]
    # The kernel numbers the largest clusters first.
    largest_first = sorted(range(len(sizes)), key=lambda k: (-sizes[k], k))
    number = {cluster: place for place, cluster in enumerate(largest_first)}
    rows = ", ".join(
        f"({i}, md5('{i}'), 'all', {number[cluster]})" for i, cluster in enumerate(clusters)
    )
    query = (
        f"WITH members AS (SELECT * FROM (VALUES {rows}) AS t(instruction_id, fingerprint, "
        "source, cluster)),\n"
    )
    query += (
        f"clusters AS (SELECT *, shuffle_key(fingerprint, {seed}) AS shuffle_key FROM members),\n"
    )
    query += text[re.search(r"^sampled AS", text, re.MULTILINE).start() :]
    values = {"budget": budget, "smallest": 3}
    params = {name: value for name, value in values.items() if f"${name}" in query}
    counts = Counter(clusters[row[0]] for row in connection.sql(query, params=params).fetchall())
    return [counts[cluster] for cluster in range(len(sizes))]


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


@pytest.mark.parametrize("n_seeds", few_of([30, 60], 30))
def test_members_of_small_clusters_fill_what_is_left_with_equal_chances(
    connection: duckdb.DuckDBPyConnection, n_seeds: int
) -> None:
    drawn = sum(
        allocation(connection, "s2l_by_source", [1, 2, 30], 31, seed)[0] for seed in range(n_seeds)
    )
    assert abs(drawn / n_seeds - 1 / 3) < 3 * (1 / 3 * 2 / 3 / n_seeds) ** 0.5


@pytest.mark.parametrize("n_lists", few_of([50, 2000], 50))
def test_s2l_equals_algorithm_1_on_random_cluster_sizes(
    connection: duckdb.DuckDBPyConnection, n_lists: int
) -> None:
    draw = random.Random(n_lists)
    for _ in range(n_lists):
        sizes = [draw.randint(1, draw.choice((2, 5, 30))) for _ in range(draw.randint(1, 12))]
        budget = draw.randint(1, sum(sizes))
        expected = sorted(algorithm_1(sizes, budget))
        assert sorted(allocation(connection, "s2l", sizes, budget)) == expected, (sizes, budget)


def test_a_uniform_hash_is_uniform_and_fixed_by_fingerprint_and_seed(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    query = "SELECT uniform_hash(md5(i::VARCHAR), $seed) FROM range(20000) AS t(i)"
    first, again, other = (
        np.array(connection.sql(query, params={"seed": seed}).fetchall()).reshape(-1)
        for seed in (0, 0, 1)
    )
    assert first.min() >= 0
    assert first.max() < 1
    # Kolmogorov-Smirnov at about 1e-4.
    uniform = (np.arange(20000) + 0.5) / 20000
    assert np.abs(np.sort(first) - uniform).max() < 0.015
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.03
    assert np.array_equal(first, again)


def test_a_shuffle_key_orders_as_a_uniform_hash_does_and_has_no_ties(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    query = (
        "SELECT md5(i::VARCHAR) AS f, shuffle_key(f, 3) AS key, uniform_hash(f, 3) AS hash "
        "FROM range(4000) AS t(i) ORDER BY key"
    )
    rows = connection.sql(query).fetchall()
    assert [(key >> 73) / 2**53 for _, key, _ in rows] == [number for *_, number in rows]
    assert len({key for _, key, _ in rows}) == len(rows)
    # Kernels and reasons get the value through Arrow.
    through_arrow = connection.sql(query).to_arrow_table()["key"].to_pylist()
    assert through_arrow == [key for _, key, _ in rows]


def by_source(sizes: dict[str, list[int]], budget: int) -> Counter[tuple[str, int, int]]:
    """Follow the authors' procedure: divide the budget over the sources, then over their clusters.

    Smaller sources and clusters come first; clusters below three members fill up the rest.

    Returns:
        How often a cluster of (source, size) gives so many members. Clusters below three members
        count together, under size 0.
    """
    answer: Counter[tuple[str, int, int]] = Counter()
    shares = algorithm_1([sum(clusters) for clusters in sizes.values()], budget)
    for source, share in zip(sizes, shares, strict=True):
        large = [size for size in sizes[source] if size >= 3]
        given = algorithm_1(large, min(share, sum(large)))
        answer.update((source, size, n) for size, n in zip(large, given, strict=True))
        answer[source, 0, share - sum(given)] += 1
    return answer


@pytest.mark.parametrize("n_lists", few_of([40, 1000], 40))
def test_s2l_by_source_equals_the_authors_procedure_on_random_sources(
    connection: duckdb.DuckDBPyConnection, n_lists: int
) -> None:
    draw = random.Random(1)
    text = (SELECTORS / "s2l_by_source.sql").read_text()
    query = "WITH clusters AS (SELECT *, shuffle_key(fingerprint, 0) AS shuffle_key FROM given),\n"
    query += text[re.search(r"^sampled AS", text, re.MULTILINE).start() :]
    for _ in range(n_lists):
        sizes = {f"source {i}": cluster_sizes(draw) for i in range(draw.randint(1, 6))}
        # The procedure leaves open which of several sources of equal size comes first.
        if len({sum(clusters) for clusters in sizes.values()}) < len(sizes):
            continue
        clusters = {(source, k): size for source in sizes for k, size in enumerate(sizes[source])}
        members = [cluster for cluster, size in clusters.items() for _ in range(size)]
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
        result: Counter[tuple[str, int, int]] = Counter()
        small: Counter[str] = Counter(dict.fromkeys(sizes, 0))
        for (source, k), size in clusters.items():
            if size >= 3:
                result[source, size, counts[source, k]] += 1
            else:
                small[source] += counts[source, k]
        result.update((source, 0, n) for source, n in small.items())
        assert result == by_source(sizes, budget), (sizes, budget)


def cluster_sizes(draw: random.Random) -> list[int]:
    """Return one to seven random cluster sizes, the largest first."""
    sizes = [draw.randint(1, draw.choice((2, 6, 25))) for _ in range(draw.randint(1, 7))]
    return sorted(sizes, reverse=True)
