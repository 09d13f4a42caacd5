"""Search: exact against brute force, an index against exact."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.compute.index import RECALL, build_index
from catalog.compute.shard_writer import Values, commit_shard
from catalog.compute.similarity import exact_nearest, unit
from catalog.errors import OptionError, QueryError, SignalError
from catalog.signals.registry import Signal, ensure_signal
from catalog.store.store import Store
from tests.copies import made_once

Write = Callable[..., Path]


def planted(store: Store, rows: Any, *, shards: int = 1, dtype: str = "float32") -> Signal:
    """An embedding whose vectors are given: row i is instruction i + 1."""
    with store.writing() as connection:
        signal = ensure_signal(
            connection,
            kind="embedding",
            name="planted",
            identity={"rows": len(rows)},
            dimension=rows.shape[1],
            has_vectors=True,
        )
    for part in np.array_split(np.arange(len(rows)), shards):
        vectors = pa.FixedSizeListArray.from_arrays(
            pa.array(rows[part].astype(dtype).reshape(-1)), rows.shape[1]
        )
        commit_shard(
            store,
            signal,
            Values(pa.table({"instruction_id": pa.array(part + 1), "vector": vectors})),
            seconds=0.0,
        )
    return signal


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_exact_search_is_brute_force(catalog: Catalog, dtype: str) -> None:
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((5000, 8)).astype(np.float32)
    rows[17] = rows[4000]  # a tie
    signal = planted(catalog.store, rows, shards=3, dtype=dtype)
    members = np.sort(rng.choice(5000, 3000, replace=False)) + 1
    wanted = unit(rng.standard_normal((5, 8)).astype(np.float32))
    ids, similarities = exact_nearest(catalog.store, signal, wanted, members, k=10)
    cosines = unit(rows.astype(dtype).astype(np.float32))[members - 1] @ wanted.T  # (n, q)
    for q in range(5):
        order = np.argsort(-cosines[:, q], kind="stable")[:10]
        assert ids[q].tolist() == members[order].tolist()
        np.testing.assert_allclose(similarities[q], cosines[order, q], rtol=1e-5)


def test_ties_with_the_last_are_all_kept_for_the_fingerprint_to_decide(catalog: Catalog) -> None:
    signal = planted(catalog.store, np.ones((20, 4), dtype=np.float32))
    ids, _ = exact_nearest(
        catalog.store, signal, unit(np.ones((1, 4), dtype=np.float32)), np.arange(1, 21), k=3
    )
    assert len(ids[0]) == 20


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    texts = [
        "How do I cook rice?",
        "What is the capital of France?",
        "Write a sorting function in Python.",
        "Boil an egg for me.",
    ]
    made = [
        {"instruction": text, "input": "", "output": f"answer {i}", "from": f"source {i % 2}"}
        for i, text in enumerate(texts)
    ]
    catalog.register(jsonl(made), pool="p", source_column="from")
    return catalog


def test_search_finds_by_meaning_under_a_condition(pool: Catalog) -> None:
    with pytest.raises(SignalError, match="catalog embed p@1"):
        pool.search("p", "rice")
    pool.embed("p")
    found = pool.search("p", "preparing food in the kitchen", k=2).rows.to_dicts()
    assert {row["prompt"] for row in found} == {"How do I cook rice?", "Boil an egg for me."}
    assert [row["rank"] for row in found] == [1, 2]
    assert list(found[0]) == ["rank", "similarity", "fingerprint", "source", "prompt", "response"]
    only = pool.search(
        "p", "preparing food in the kitchen", where="source = 'source 1' -- the odd ones"
    ).rows.to_dicts()
    assert only[0]["prompt"] == "Boil an egg for me."
    assert len(only) == 2
    with pytest.raises(QueryError, match=r"^--where:1:1: "):
        pool.search("p", "food", where="no_such_column = 1")
    with pytest.raises(QueryError, match=r"^--where:1:19: "):  # where it ends too early
        pool.search("p", "food", where="length(response) >")
    with pytest.raises(OptionError):
        pool.search("p", " ")


def test_search_and_label_run_from_the_command_line(pool: Catalog, tmp_path: Path) -> None:
    pool.embed("p")
    runner = CliRunner()
    made = runner.invoke(
        main, ["--home", str(pool.store.path), "search", "p", "cooking", "-k", "1", "--json"]
    )
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)[0]["rank"] == 1
    file = tmp_path / "abilities.txt"
    file.write_text("cooking\nprogramming\n")
    made = runner.invoke(
        main, ["--home", str(pool.store.path), "label", "p", "--taxonomy", str(file)]
    )
    assert made.exit_code == 0, made.output
    assert "4 computed" in made.stdout


def clustered(n: int, d: int) -> Any:
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((200, d)).astype(np.float32)
    return centres[rng.integers(0, 200, n)] + 0.4 * rng.standard_normal((n, d)).astype(np.float32)


@pytest.mark.slow
def test_an_index_is_built_once_and_measured(catalog: Catalog) -> None:
    signal = planted(catalog.store, clustered(4000, 16), shards=2)
    index = build_index(catalog.store, signal)
    assert index.recall >= RECALL
    assert index.n_rows == 4000


@pytest.mark.slow
def test_an_index_over_120_000_vectors_keeps_the_recall_that_it_reports(catalog: Catalog) -> None:
    rows = clustered(120_000, 64)
    signal = planted(catalog.store, rows, shards=12)
    index = build_index(catalog.store, signal)
    rng = np.random.default_rng(9)
    wanted = unit(
        rows[rng.choice(len(rows), 100)] + 0.1 * rng.standard_normal((100, 64)).astype(np.float32)
    )
    ids, _ = exact_nearest(catalog.store, signal, wanted, np.arange(1, len(rows) + 1), k=10)
    shares = [
        len(
            set(ids[q][:10].tolist())
            & set(
                index.nearest(catalog.store, signal, wanted[q], k=10)["instruction_id"].to_pylist()
            )
        )
        / 10
        for q in range(100)
    ]
    assert np.mean(shares) >= RECALL
    assert index.recall >= RECALL
