"""Every selector selects the same members, again, with other threads, from a shuffled pool."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from threadpoolctl import threadpool_limits

from catalog import Catalog
from catalog.compute.shard_runner import compute
from catalog.compute.shard_writer import Values
from catalog.query.executor import Limits
from catalog.selection.definition import define
from catalog.selection.run import choose
from catalog.selection.selector import find_selector
from catalog.signals.registry import ensure_signal
from catalog.store import vectors
from catalog.store.paths import package_data_dir
from catalog.store.store import Store
from tests import quick
from tests.quick import few_of

N, D, BUDGET = 320, 24, 60
LARGE_POOL = Template(Path(__file__).with_name("fixtures").joinpath("large_pool.sql").read_text())
SELECTORS = sorted(path.stem for path in package_data_dir("selectors").glob("*.sql"))
QUICK = ("random", "s2l", "fisher_sft", "ds2")
SETTINGS: dict[str, dict[str, Any]] = {
    "diverse_evol": {"initial": 20},
    "mods": {"quality": "deita", "review": "ifd", "threshold": -9, "necessary": 1},
    "alpagasus": {"score": "deita", "threshold": 0.25},
    "car": {"score": "deita", "best": 50},
    "cherry_warm_up": {"k": 20, "each": 5},
    "davir": {"score": "learnability"},
    "dedup": {"threshold": 1},
    "limr": {"threshold": -9},
    "semdedup": {"k": 9},
    "ila_kmeans": {"members": 3},
    "ila_map": {"method": "pca"},
    "s2l": {"k": 25},
    "s2l_by_source": {"k": 8},
    "kmeans_sensitivity": {"k": 25},
    "sensitivity": {"k": 25},
    "rds": {"target": "t"},
    "ds2": {"score": "deita", "lowest": 0, "highest": 2, "rounds": 5},
    "isa": {"k": 4},
    "slearnllm": {"score": "deita"},
    "sparft": {"values": "losses", "k": 9},
    "dsir": {"target": "t", "min_words": 0},
    "tsds": {"target": "t", "alpha": 0.2},
    "less": {"target": "t"},
}
SCORES = (
    "deita",
    "depth",
    "ifd",
    "ifd_ppl",
    "learnability",
    "least_confidence",
    "n_tokens",
    "perplexity",
    "response_loss",
)


def numbers(what: int, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Return random numbers for one property of the pool.

    A quarter of the rows are copies of others, so that ties are frequent.
    """
    draw = np.random.default_rng(what)
    values = draw.normal(size=shape)
    copies = draw.permutation(N)[: N // 4]
    values[copies] = values[draw.integers(0, N, len(copies))]
    return values


def register(folder: Path, order: np.ndarray[Any, Any]) -> Store:
    """Register the pool in the given order, with every signal that a selector reads."""
    catalog = Catalog.open(folder, wait=10, isolated=False)
    labels = [[f"ability {k}" for k in np.flatnonzero(row > 0.9)] for row in numbers(0, (N, 14))]
    records = [
        {
            "instruction": f"question {i}",
            "output": f"answer {i}",
            "from": f"source {i % 4}",
            "tags": labels[i],
        }
        for i in range(N)
    ]
    file = folder.with_suffix(".jsonl")
    file.write_text("".join(json.dumps(records[i]) + "\n" for i in order))
    catalog.register(file, pool="p", source_column="from", labels_column="tags")
    target = folder.with_suffix(".target.jsonl")
    target.write_text("".join(json.dumps(records[i]) + "\n" for i in order if i % 20 == 0))
    catalog.register(target, pool="t", source_column="from", purpose="eval")
    names = catalog.sql("SELECT fingerprint, prompt FROM pool('p') ORDER BY row_number")
    index = [int(prompt.split()[1]) for prompt in names["prompt"]]
    assert index == order.tolist()
    scores = SCORES[:1] if quick.is_default else SCORES  # QUICK reads no other
    columns = {
        name: np.abs(np.rint(3 * numbers(10 + k, (N,))))[order] / 4 for k, name in enumerate(scores)
    }
    losses = pa.array(list(np.abs(np.rint(8 * numbers(1, (N, 5))))[order] / 8))
    pq.write_table(
        pa.table({"fingerprint": names["fingerprint"].to_list(), "losses": losses, **columns}),
        table := folder / "table.parquet",
    )
    catalog.import_losses("p", table, proxy="mine", key="fingerprint")
    for name in scores:
        catalog.import_scores("p", table, name=name, key="fingerprint")
    write_vectors(catalog)
    catalog.map("p", method="pca")
    return catalog.store


def write_vectors(catalog: Catalog) -> None:
    """Write embeddings and token states through the shard runner, as every computation does."""
    points = (numbers(2, (N, D)) + 3 * numbers(3, (N, D))[np.arange(N) % 12]).astype(np.float32)
    tokens = numbers(4, (N, 6, D)).astype(np.float16)
    lengths = np.random.default_rng(5).integers(1, 7, N)

    def embedded(texts: pa.Table) -> Values:
        rows = [int(prompt.split()[1]) for prompt in texts["prompt"].to_pylist()]
        column = pa.FixedSizeListArray.from_arrays(pa.array(points[rows].reshape(-1)), D)
        return Values(pa.table({"instruction_id": texts["instruction_id"], "vector": column}))

    def stated(texts: pa.Table) -> Values:
        rows = [int(prompt.split()[1]) for prompt in texts["prompt"].to_pylist()]
        flat = pa.FixedSizeListArray.from_arrays(
            pa.array(np.concatenate([tokens[i, : lengths[i]] for i in rows]).reshape(-1)), D
        )
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths[rows])]), pa.int32())
        return Values(
            pa.table(
                {
                    "instruction_id": texts["instruction_id"],
                    "states": pa.ListArray.from_arrays(offsets, flat),
                }
            )
        )

    for kind, values, pool, identity in (
        ("embedding", embedded, "p", {"field": "prompt"}),
        ("states", stated, "p", {"field": "prompt"}),
        ("gradients", embedded, "p", {"optimizer": "adam"}),
        ("gradients", embedded, "t", {"optimizer": "sgd"}),
    )[: 2 if quick.is_default else 4]:  # QUICK reads no gradients
        options: dict[str, Any] = {"name": "mine", "identity": identity, "dimension": D}
        with catalog.store.writing() as connection:
            signal = ensure_signal(connection, kind=kind, has_vectors=True, **options)
        compute(catalog.store, catalog.find(pool), signal, values)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Store]:
    """Register the same pool in two orders."""
    folder = tmp_path_factory.mktemp("pools")
    return register(folder / "plain", np.arange(N)), register(
        folder / "shuffled", np.random.default_rng(9).permutation(N)
    )


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Set the number of threads of BLAS, OpenMP, torch, DuckDB and our own code."""
    import torch

    before = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(n):
        patch.setenv("OMP_NUM_THREADS", str(n))
        torch.set_num_threads(n)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def select(store: Store, name: str, *, n_threads: int) -> list[tuple[str, str]]:
    """Return a selector's members in order, with their reasons, without the cache."""
    with threads(n_threads):
        definition = define(
            store,
            find_selector(store, name),
            ref="p",
            budget=BUDGET,
            seed=3,
            settings=SETTINGS.get(name, {}),
        )
        members = choose(store, definition, limits=Limits(use_cache=False)).members
    return list(zip(members["fingerprint"].to_pylist(), members["why"].to_pylist(), strict=True))


@pytest.mark.parametrize("name", few_of(SELECTORS, *QUICK))
def test_a_selector_chooses_the_same_again_on_any_threads_and_from_a_shuffled_pool(
    homes: tuple[Store, Store], name: str
) -> None:
    plain, shuffled = homes
    expected = select(plain, name, n_threads=1)
    assert len(expected) > BUDGET // 2
    assert select(plain, name, n_threads=2) == expected
    assert select(shuffled, name, n_threads=2) == expected


def members_of(store: Store, name: str, *, seed: int) -> set[str]:
    """Return a selector's members."""
    definition = define(
        store,
        find_selector(store, name),
        ref="p",
        budget=BUDGET,
        seed=seed,
        settings=SETTINGS.get(name, {}),
    )
    return {*choose(store, definition).members["fingerprint"].to_pylist()}


@pytest.fixture(scope="module")
def random_members(homes: tuple[Store, Store]) -> list[set[str]]:
    """Return the members that ``random`` selects, for each of six seeds."""
    return [members_of(homes[0], "random", seed=seed) for seed in range(6)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        name
        for name in SELECTORS
        if "uniform_hash" in (package_data_dir("selectors") / f"{name}.sql").read_text()
        and name != "random"
    ],
)
def test_a_selector_that_draws_has_no_more_in_common_with_random_than_chance(
    homes: tuple[Store, Store], random_members: list[set[str]], name: str
) -> None:
    """Both share a hypergeometric number of members for each seed, with a mean of B^2 / N."""
    n_shared = sum(
        len(members_of(homes[0], name, seed=seed) & members)
        for seed, members in enumerate(random_members)
    )
    mean = BUDGET**2 / N
    deviation = (len(random_members) * mean * (1 - BUDGET / N) * (N - BUDGET) / (N - 1)) ** 0.5
    assert abs(n_shared - len(random_members) * mean) < 3.5 * deviation


def large(folder: Path, order: str) -> Store:
    """Write 300,000 members in the given order, with ties in every signal.

    So many members make DuckDB itself work in parallel.
    """
    home, n = Store(folder), 300_000
    with home.writing() as connection:
        connection.execute(LARGE_POOL.substitute(order=order, n=n))
        points = connection.sql(
            "SELECT i, [hash(n) % 997 / 10, hash(n + 1) % 89 / 9, hash(n + 2) % 83 / 8]::FLOAT[3] "
            "FROM members ORDER BY i"
        )
        ids, points = points.to_arrow_table().columns
    vectors.append(
        home,
        "embedding_0004",
        pa.table({"instruction_id": ids, "shard": np.zeros(n, dtype=np.int64), "vector": points}),
    )
    return home


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "confidence_curriculum",
        "depth_only",
        "instag",
        "middle_perplexity",
        "random",
        "s2l",
        "s2l_by_source",
        "kmeans_sensitivity",
        "sensitivity",
        "ila_kmeans",
    ],
)
def test_what_duckdb_computes_in_parallel_is_the_same_too(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "large"
    homes = [Store(folder / order) for order in ("n", "hash(n)")]
    if not folder.exists():
        folder.mkdir()
        homes = [large(home.path, home.path.name) for home in homes]
    expected = select(homes[0], name, n_threads=1)
    assert [select(homes[0], name, n_threads=4) == expected for _ in range(3)] == [True] * 3
    assert select(homes[1], name, n_threads=4) == expected
