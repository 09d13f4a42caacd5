"""Signals and models that no value is left of."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from catalog import Catalog
from catalog.compute.shard_runner import exclusively
from catalog.compute.shard_writer import Values, commit_shard
from catalog.errors import SignalError
from catalog.signals.registry import Signal, ensure_signal
from catalog.store import vectors
from tests.copies import made_once

Write = Callable[..., Path]


@pytest.fixture
@made_once
def pools(catalog: Catalog, jsonl: Write) -> Catalog:
    """Instructions 1 to 4 in `p`, 5 to 8 in `q`."""
    for name in ("p", "q"):
        records = [{"instruction": f"{name} {i}", "output": "yes"} for i in range(4)]
        catalog.register(jsonl(records, f"{name}.jsonl"), pool=name)
    return catalog


def score(catalog: Catalog, name: str, ids: list[int], **identity: object) -> Signal:
    with catalog.store.writing() as connection:
        signal = ensure_signal(connection, kind="score", name=name, identity=identity)
    rows = pa.table({"instruction_id": ids, "value": [1.0] * len(ids)})
    commit_shard(catalog.store, signal, Values(rows), seconds=0.0)
    return signal


def proxy(catalog: Catalog, ids: list[int], **identity: object) -> Path:
    """A proxy `tiny` with losses of some instructions, and its folder."""
    with catalog.store.writing() as connection:
        signal = ensure_signal(connection, kind="losses", name="tiny", identity=identity)
    commit_shard(catalog.store, signal, Values(pa.table({"instruction_id": ids})), seconds=0.0)
    folder = catalog.store.models / f"tiny-{signal.signal_id:04d}"
    (folder / "final").mkdir(parents=True)
    (folder / "final" / "model.safetensors").write_bytes(b"weights")
    return folder


def names(catalog: Catalog) -> list[str]:
    return catalog.signals()["name"].to_list()


@pytest.mark.slow
def test_signals_without_members_are_removed_with_their_inputs(pools: Catalog) -> None:
    base = score(pools, "base", [5, 6])
    score(pools, "derived", [5, 6], inputs={"base": base.identity_sha256})
    score(pools, "other", [1, 5])
    pools.drop("q")
    would = pools.gc(dry_run=True)
    assert (would.signals, names(pools)) == (
        ["score derived", "score base"],
        ["base", "derived", "other"],
    )
    assert pools.gc().signals == ["score derived", "score base"]
    assert names(pools) == ["other"]
    assert pools.doctor() == []


def test_a_signal_without_a_shard_is_one_that_a_run_is_about_to_compute(pools: Catalog) -> None:
    with pools.store.writing() as connection:
        ensure_signal(connection, kind="score", name="begun", identity={})
    assert pools.gc().signals == []
    assert names(pools) == ["begun"]


def test_the_vectors_of_a_dead_signal_go(pools: Catalog) -> None:
    with pools.store.writing() as connection:
        signal = ensure_signal(
            connection, kind="embedding", name="e", identity={}, dimension=2, has_vectors=True
        )
    vector = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(4, dtype=np.float32)), 2)
    commit_shard(
        pools.store,
        signal,
        Values(pa.table({"instruction_id": [5, 6], "vector": vector})),
        seconds=0.0,
    )
    pools.drop("q")
    sweep = pools.gc()
    assert (sweep.signals, sweep.vectors.tables) == (["embedding e"], ("embedding_0001",))
    assert vectors.tables(pools.store) == []
    assert pools.doctor() == []


def test_the_model_of_a_dead_signal_goes_and_others_stay(pools: Catalog) -> None:
    dead, kept = proxy(pools, [5, 6], pool="q"), proxy(pools, [1, 2], pool="p")
    for other in ("projection-12345678.npy", "mine"):
        (pools.store.models / other).mkdir()
    pools.drop("q")
    would, did = pools.gc(dry_run=True), pools.gc()
    assert would.models == did.models == [str(dead)]
    assert would.n_bytes == did.n_bytes == 7
    assert (dead.exists(), kept.exists(), len(list(pools.store.models.iterdir()))) == (
        False,
        True,
        3,
    )
    assert pools.doctor() == []


def test_a_proxy_stays_while_something_was_computed_with_one_of_its_name(pools: Catalog) -> None:
    folder = proxy(pools, [5, 6])
    score(pools, "response_loss", [1, 2], model="tiny", weights="ab")
    pools.drop("q")
    assert (pools.gc().signals, folder.exists()) == ([], True)
    pools.drop("p")
    assert pools.gc().signals == ["score response_loss", "losses tiny"]
    assert not folder.exists()


def test_a_tuned_model_goes_when_nothing_is_tuned_any_more(pools: Catalog) -> None:
    score(pools, "tuned_loss", [5, 6])
    folder = pools.store.models / "warm-up-0123456789abcdef"
    folder.mkdir(parents=True)
    assert (pools.gc().models, folder.exists()) == ([], True)
    pools.drop("q")
    assert pools.gc().models == [str(folder)]


def test_what_a_subset_was_made_of_stays(pools: Catalog) -> None:
    np.save(pools.store.path / "s.npy", np.arange(4.0))
    pools.import_scores("q", pools.store.path / "s.npy", name="depth")
    pools.select("depth_only", "q", budget=2, name="deep")
    with pools.store.writing() as connection:
        for table in ("signal_members", "scores"):
            connection.execute(f"DELETE FROM {table}")
    assert (pools.gc().signals, names(pools)) == ([], ["depth"])


def test_a_signal_that_a_job_computes_stays_and_a_late_job_fails(
    pools: Catalog,
) -> None:
    signal = score(pools, "busy", [5, 6])
    pools.drop("q")
    with exclusively(pools.store, signal):
        assert pools.gc().signals == []
    assert pools.gc().signals == ["score busy"]
    with (
        pytest.raises(SignalError, match="catalog gc"),
        exclusively(pools.store, signal),
    ):
        pass
