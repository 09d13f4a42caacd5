"""New members of a later version are scored by the proxy of an earlier one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.compute.losses.train import TrainedLosses
from catalog.compute.proxies import proxy_folder
from catalog.errors import SignalError
from catalog.signals.registry import identity_sha256
from tests.copies import made_once

Write = Callable[..., Path]
Records = Callable[[int], list[dict[str, Any]]]
SHORT = {"epochs": 2, "batch": 8, "checkpoints": 3, "learning_rate": 1e-2}


def trained(catalog: Catalog, model: Path, pool: str = "p", **more: Any) -> TrainedLosses:
    return catalog.train_losses(pool, proxy=str(model), **(SHORT | more))


def long_table(catalog: Catalog) -> list[tuple[Any, ...]]:
    sql = """
        SELECT signal_id, checkpoint, fingerprint, loss, n_tokens
        FROM losses JOIN instructions USING (instruction_id)
        ORDER BY 1, 2, 3
    """
    with catalog.store.reading() as connection:
        return connection.sql(sql).fetchall()


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write, records: Records) -> Catalog:
    catalog.register(jsonl(records(40)), pool="p")
    return catalog


@pytest.fixture
@made_once
def done(catalog: Catalog, jsonl: Write, records: Records, model: Path) -> Catalog:
    """The pool, with a proxy that was trained on it."""
    catalog.register(jsonl(records(40)), pool="p")
    trained(catalog, model, seed=3, max_length=300)
    return catalog


def test_new_members_are_scored_at_the_kept_checkpoints(
    done: Catalog, jsonl: Write, model: Path, records: Records
) -> None:
    first = trained(done, model, seed=3, max_length=300)
    before = long_table(done)
    done.register(jsonl(records(50)), pool="p")
    with pytest.raises(SignalError, match="cover 40 of 50 members"):
        done.sql("SELECT count(*) FROM trajectories('p') WHERE len(losses) > 0")
    report = trained(done, model, seed=3, max_length=300)
    assert (report.signal.signal_id, report.trained_on, report.n_before, report.n_computed) == (
        first.signal.signal_id,
        "p@1",
        40,
        10,
    )
    assert [row["mean_loss"] for row in report.checkpoints] == [
        row["mean_loss"] for row in first.checkpoints
    ]
    after = long_table(done)
    assert [row for row in after if row in set(before)] == before
    assert len(after) == (1 + 3) * 50
    assert len(done.sql("SELECT losses FROM trajectories('p')")) == 50


@pytest.mark.slow
def test_what_is_new_gets_the_losses_that_it_would_have_had(
    catalog: Catalog, jsonl: Write, model: Path, records: Records
) -> None:
    """Members scored from kept weights have the losses of scoring during the training."""
    from catalog.compute.losses.recorder import list_members, tokenised
    from catalog.models.causal_lm import load_causal_lm
    from catalog.models.losses import response_losses

    catalog.register(jsonl(records(30)), pool="p")
    trained(catalog, model)
    catalog.register(jsonl(records(36)), pool="p")
    report = trained(catalog, model)
    folder = proxy_folder(catalog.store, report.signal)
    lm = load_causal_lm(folder / "final")
    with catalog.store.reading() as connection:
        rows = list_members(connection, catalog.find("p"))
    members = tokenised(catalog.store, rows, lm, folder=folder / "again", max_length=512)
    stored = [row[3] for row in long_table(catalog) if row[1] == 2]
    np.testing.assert_allclose(response_losses(lm, members.tokens).mean, stored, atol=1e-5)


@pytest.mark.slow
def test_without_kept_checkpoints_new_members_need_a_new_training(
    pool: Catalog, jsonl: Write, model: Path, records: Records
) -> None:
    trained(pool, model, keep_checkpoints=False)
    pool.register(jsonl(records(41)), pool="p")
    with pytest.raises(SignalError, match="--retrain trains on all 41"):
        trained(pool, model)
    report = trained(pool, model, retrain=True)
    assert (report.trained_on, report.n_computed) == ("p@2", 41)
    assert trained(pool, model).signal.signal_id == report.signal.signal_id


def test_the_command_that_makes_the_rest_makes_it_of_the_same_signal(
    done: Catalog, jsonl: Write, records: Records
) -> None:
    done.register(jsonl(records(50)), pool="p")
    recipe = "--max-length 300 --epochs 2 --checkpoints 3 --learning-rate 0.01 --batch 8 --seed 3"
    with pytest.raises(
        SignalError,
        match=f"`catalog losses train p@2 --proxy very-small {recipe}` computes the rest",
    ):
        done.sql("SELECT losses FROM trajectories('p')")


@pytest.mark.slow
def test_a_small_pool_that_grows_keeps_its_proxy(
    pool: Catalog, jsonl: Write, model: Path, records: Records
) -> None:
    first = pool.train_losses("p", proxy=str(model), epochs=1, batch=8)  # a checkpoint a step: 5
    pool.register(jsonl(records(60)), pool="p")
    report = pool.train_losses("p", proxy=str(model), epochs=1, batch=8)
    assert (report.signal.signal_id, report.n_computed, len(report.checkpoints)) == (
        first.signal.signal_id,
        20,
        1 + 5,
    )


@pytest.mark.slow
def test_complete_losses_of_an_earlier_version_serve_and_unfinished_ones_do_not(
    pool: Catalog, model: Path
) -> None:
    first = trained(pool, model)
    older = dict(first.signal.identity) | {"version": 1}
    values = {
        "identity": json.dumps(older),
        "sha256": identity_sha256("losses", first.signal.name, older),
    }
    with pool.store.writing() as connection:
        connection.execute(
            "UPDATE signals SET identity = $identity, identity_sha256 = $sha256", values
        )
    again = trained(pool, model)
    assert (again.signal.signal_id, again.n_computed) == (first.signal.signal_id, 0)
    with pool.store.writing() as connection:
        connection.execute("DELETE FROM checkpoints WHERE checkpoint = 2")
    afresh = trained(pool, model)
    assert afresh.signal.signal_id != first.signal.signal_id
    assert (afresh.signal.identity["version"], afresh.n_computed) == (2, 40)
