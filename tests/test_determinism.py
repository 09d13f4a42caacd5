"""Every selector chooses the same members in the same order: again, on another number of threads, from a shuffled pool."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from threadpoolctl import threadpool_limits

from catalog import Catalog
from catalog.compute.shard_runner import Values, compute
from catalog.query.executor import Limits
from catalog.selection.run import choose, define
from catalog.selection.selector import find_selector
from catalog.signals.registry import ensure_signal
from catalog.store import vectors
from catalog.store.database import CONFIG
from catalog.store.paths import package_data_dir
from catalog.store.store import Store

N, D, BUDGET = 320, 24, 60
SELECTORS = sorted(path.stem for path in package_data_dir("selectors").glob("*.sql"))
SETTINGS: dict[str, dict[str, Any]] = {
    "ila_kmeans": {"members": 3},
    "s2l": {"k": 25},
    "s2l_by_source": {"k": 8},
    "sensitivity": {"k": 25},
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
)


def numbers(what: int, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Random numbers that one thing about the pool is made of; a quarter of the rows are copies of others, so that ties are many."""
    draw = np.random.default_rng(what)
    answer = draw.normal(size=shape)
    copies = draw.permutation(N)[: N // 4]
    answer[copies] = answer[draw.integers(0, N, len(copies))]
    return answer


def registered(folder: Path, order: np.ndarray[Any, Any]) -> Store:
    """A catalog of the pool in some order of its records, with every signal that a selector reads, by fingerprint."""
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
    names = catalog.sql("SELECT fingerprint, prompt FROM pool('p') ORDER BY row_number")
    index = [int(prompt.split()[1]) for prompt in names["prompt"]]
    assert index == order.tolist()
    columns = {
        name: np.abs(np.rint(3 * numbers(10 + k, (N,))))[order] / 4 for k, name in enumerate(SCORES)
    }
    losses = pa.array(list(np.abs(np.rint(8 * numbers(1, (N, 5))))[order] / 8))
    pq.write_table(
        pa.table({"fingerprint": names["fingerprint"].to_list(), "losses": losses, **columns}),
        table := folder / "table.parquet",
    )
    catalog.import_losses("p", table, proxy="mine", key="fingerprint")
    for name in SCORES:
        catalog.import_scores("p", table, name=name, key="fingerprint")
    write_vectors(catalog)
    return catalog.store


def write_vectors(catalog: Catalog) -> None:
    """Embeddings and token states, written as every computation writes them."""
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

    for kind, values in (("embedding", embedded), ("states", stated)):
        with catalog.store.writing() as connection:
            identity = {"field": "prompt"}
            signal = ensure_signal(
                connection, kind=kind, name="mine", identity=identity, dimension=D, has_vectors=True
            )  # type: ignore[arg-type]
        compute(catalog.store, catalog.find("p"), signal, values)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Store]:
    """The same pool twice, registered in two orders."""
    folder = tmp_path_factory.mktemp("pools")
    return registered(folder / "plain", np.arange(N)), registered(
        folder / "shuffled", np.random.default_rng(9).permutation(N)
    )


@contextmanager
def threads(n: int) -> Iterator[None]:
    """So many threads for DuckDB, BLAS, OpenMP, torch and our own."""
    import torch

    before = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(n):
        patch.setenv("OMP_NUM_THREADS", str(n))
        patch.setitem(CONFIG, "threads", str(n))
        torch.set_num_threads(n)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def chosen(store: Store, name: str, *, n_threads: int) -> list[tuple[str, str]]:
    """Who a selector takes in order, and why; nothing is taken from what was kept."""
    with threads(n_threads):
        definition = define(
            store,
            find_selector(store, name),
            ref="p",
            budget=BUDGET,
            seed=3,
            settings=SETTINGS.get(name, {}),
        )
        members = choose(store, definition, limits=Limits(is_memoised=False)).members
    return list(zip(members["fingerprint"].to_pylist(), members["why"].to_pylist(), strict=True))


@pytest.mark.parametrize("name", SELECTORS)
def test_a_selector_chooses_the_same_again_on_any_threads_and_from_a_shuffled_pool(
    homes: tuple[Store, Store], name: str
) -> None:
    plain, shuffled = homes
    expected = chosen(plain, name, n_threads=1)
    assert len(expected) > BUDGET // 2
    assert chosen(plain, name, n_threads=2) == expected
    assert chosen(shuffled, name, n_threads=2) == expected


def drawn(store: Store, name: str, *, seed: int) -> set[str]:
    """Who a selector takes."""
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
def by_lot(homes: tuple[Store, Store]) -> list[set[str]]:
    """Who ``random`` takes, for each of six seeds."""
    return [drawn(homes[0], "random", seed=seed) for seed in range(6)]


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in SELECTORS
        if "draw" in (package_data_dir("selectors") / f"{name}.sql").read_text()
        and name != "random"
    ],
)
def test_a_selector_that_draws_has_no_more_in_common_with_random_than_chance(
    homes: tuple[Store, Store], by_lot: list[set[str]], name: str
) -> None:
    """The two share a hypergeometric number of members for each seed: a mean of B^2 / N."""
    n_shared = sum(len(drawn(homes[0], name, seed=seed) & lot) for seed, lot in enumerate(by_lot))
    mean = BUDGET**2 / N
    deviation = (len(by_lot) * mean * (1 - BUDGET / N) * (N - BUDGET) / (N - 1)) ** 0.5
    assert abs(n_shared - len(by_lot) * mean) < 3.5 * deviation


def large(folder: Path, order: str) -> Store:
    """300,000 members, so that DuckDB itself works in parallel, in some order of their numbers; ties in everything."""
    home, n = Store(folder), 300_000
    with home.writing() as connection:
        connection.execute(
            f"""
            CREATE TEMP TABLE made AS SELECT row_number() OVER (ORDER BY {order}) - 1 AS i, n FROM range({n}) AS t(n);
            INSERT INTO pools VALUES (1, 'p', false, TIMESTAMP '2026-01-01');
            INSERT INTO pool_versions (pool_id, version, created_at, mode, n_rows, n_members, n_added, n_removed,
                n_kept, n_updated, n_folded, n_quarantined, n_no_input, files, options, seconds)
            SELECT 1, 1, TIMESTAMP '2026-01-01', 'replace', {n}, {n}, {n}, 0, 0, 0, 0, 0, 0, '[]', '{{}}', 0.1;
            INSERT INTO instructions (instruction_id, fingerprint, messages,
                system, tools)
            SELECT i, sha256('' || n), [], NULL, NULL FROM made ORDER BY i;
            INSERT INTO pool_members
            SELECT 1, i, 1, NULL, i, 'source ' || n % 5, ['tag ' || n % 7, 'tag ' || n % 11], NULL FROM made ORDER BY i;
            INSERT INTO signals (signal_id, kind, name, identity_sha256, identity, dimension, lance_table,
                details, created_at)
            VALUES
                (1, 'losses', 'mine', 'l1', '{{}}', 3, NULL, '{{}}', TIMESTAMP '2026-01-04'),
                (2, 'score', 'depth', 's2', '{{}}', NULL, NULL, '{{}}', TIMESTAMP '2026-01-04'),
                (3, 'score', 'perplexity', 's3', '{{}}', NULL, NULL, '{{}}', TIMESTAMP '2026-01-04'),
                (4, 'embedding', 'mine', 'e4', '{{}}', 3, 'embedding_0004', '{{}}', TIMESTAMP '2026-01-04');
            INSERT INTO shards (signal_id, shard, n_instructions, n_missing, n_tokens, n_truncated,
                lance_version, seconds, committed_at)
            SELECT s, 0, {n}, 0, 0, 0, CASE WHEN s = 4 THEN 1 END, 1.0, TIMESTAMP '2026-01-04' FROM range(1, 5) AS t(s);
            INSERT INTO checkpoints (signal_id, checkpoint, step, epoch, mean_loss, recorded_at)
            SELECT 1, c, c, c, 1.0, TIMESTAMP '2026-01-04' FROM range(3) AS t(c);
            INSERT INTO losses SELECT 1, i, c, hash(n * 3 + c) % 97 / 13, 3 FROM made, range(3) AS u(c);
            INSERT INTO scores SELECT s, i, hash(n * s) % 50 / 7, NULL FROM made, range(2, 4) AS u(s);
            INSERT INTO signal_members SELECT s, i, 0 FROM made, range(1, 5) AS u(s);
            """
        )
        drawn = connection.sql(
            "SELECT i, [hash(n) % 997 / 10, hash(n + 1) % 89 / 9, hash(n + 2) % 83 / 8]::FLOAT[3] FROM made ORDER BY i"
        )
        ids, made = drawn.to_arrow_table().columns
    vectors.append(
        home,
        "embedding_0004",
        pa.table({"instruction_id": ids, "shard": np.zeros(n, dtype=np.int64), "vector": made}),
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
    expected = chosen(homes[0], name, n_threads=1)
    assert [chosen(homes[0], name, n_threads=4) == expected for _ in range(3)] == [True] * 3
    assert chosen(homes[1], name, n_threads=4) == expected
