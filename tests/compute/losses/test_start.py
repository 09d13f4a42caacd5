"""Losses before training: recorded beside trajectories, and read by learnability."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.compute.proxies import proxy_folder
from catalog.errors import SignalError
from tests.compute.losses.import_files import T, write
from tests.copies import made_once

Write = Callable[..., Path]
Records = Callable[[int], list[dict[str, Any]]]
Numbers = np.ndarray[Any, Any]
SHORT = {"epochs": 1, "batch": 8, "checkpoints": 2, "learning_rate": 1e-2}


@pytest.fixture
@made_once
def long_pool(catalog: Catalog, jsonl: Write, records: Records) -> Catalog:
    catalog.register(jsonl(records(24)), pool="p")
    return catalog


def trajectories(catalog: Catalog, *, include_start: bool) -> dict[str, list[float]]:
    call = f"trajectories('p', include_start => {str(include_start).lower()})"
    return dict(catalog.sql(f"SELECT fingerprint, losses FROM {call}").rows())


def learnability(catalog: Catalog) -> dict[str, float]:
    catalog.score("p", "learnability")
    sql = "SELECT fingerprint, value FROM score('p', name => 'learnability')"
    return dict(catalog.sql(sql).rows())


def test_trajectories_leave_out_the_losses_before_training_unless_they_are_asked_for(
    long_pool: Catalog, model: Path
) -> None:
    report = long_pool.train_losses("p", proxy=str(model), **SHORT)
    assert report.signal.dimension == 2
    whole = trajectories(long_pool, include_start=True)
    short = trajectories(long_pool, include_start=False)
    assert {len(losses) for losses in whole.values()} == {3}
    assert {name: losses[1:] for name, losses in whole.items()} == short
    fall = learnability(long_pool)
    assert fall == pytest.approx({name: each[0] - each[-1] for name, each in whole.items()})
    assert fall != pytest.approx({name: each[0] - each[-1] for name, each in short.items()})


@pytest.mark.slow
def test_the_losses_before_training_are_those_of_the_model_as_it_comes(
    long_pool: Catalog, model: Path
) -> None:
    long_pool.train_losses("p", proxy=str(model), **SHORT)
    starts = {name: each[0] for name, each in trajectories(long_pool, include_start=True).items()}
    long_pool.score("p", "response_loss", model=f"{model.parent}/./{model.name}")
    sql = "SELECT fingerprint, value FROM score('p', name => 'response_loss')"
    assert starts == pytest.approx(dict(long_pool.sql(sql).rows()), abs=1e-5)


@pytest.mark.slow
def test_new_members_are_scored_before_training_too(
    long_pool: Catalog, jsonl: Write, records: Records, model: Path
) -> None:
    report = long_pool.train_losses("p", proxy=str(model), **SHORT)
    before = trajectories(long_pool, include_start=True)
    long_pool.register(jsonl(records(30), "more.jsonl"), pool="p", mode="append")
    assert long_pool.train_losses("p", proxy=str(model), **SHORT).n_computed == 6
    after = trajectories(long_pool, include_start=True)
    assert len(after) == 30
    assert after.items() >= before.items()
    assert {len(losses) for losses in after.values()} == {3}
    kept = {file.name for file in (proxy_folder(long_pool.store, report.signal)).rglob("*.safe*")}
    assert {"start.safetensors", "00.safetensors", "01.safetensors"} <= kept


@pytest.mark.slow
def test_a_signal_without_the_start_is_read_extended_and_named_as_before(
    long_pool: Catalog, jsonl: Write, records: Records, model: Path
) -> None:
    """As an earlier version wrote it."""
    report = long_pool.train_losses("p", proxy=str(model), **SHORT)
    with long_pool.store.writing() as connection:
        connection.execute("DELETE FROM losses WHERE checkpoint = -1")
        connection.execute("DELETE FROM checkpoints WHERE checkpoint = -1")
    (proxy_folder(long_pool.store, report.signal) / "checkpoints" / "start.safetensors").unlink()
    losses = trajectories(long_pool, include_start=False)
    assert learnability(long_pool) == pytest.approx(
        {name: each[0] - each[-1] for name, each in losses.items()}
    )
    with pytest.raises(SignalError, match="another --seed"):
        trajectories(long_pool, include_start=True)
    long_pool.register(jsonl(records(30), "more.jsonl"), pool="p", mode="append")
    assert long_pool.train_losses("p", proxy=str(model), **SHORT).n_computed == 6
    assert len(trajectories(long_pool, include_start=False)) == 30


def test_an_import_says_whether_its_first_checkpoint_is_before_training(
    pool: Catalog, tmp_path: Path, numbers: Numbers
) -> None:
    file = write(tmp_path, "npy", numbers)
    plain = pool.import_losses("p", file, proxy="theirs")
    with pytest.raises(SignalError, match="--first-is-start"):
        trajectories(pool, include_start=True)
    started = pool.import_losses("p", file, proxy="theirs", first_is_start=True)
    assert (plain.n_checkpoints, started.n_checkpoints, started.is_new) == (T, T - 1, True)
    in_order = "FROM pool('p') AS p JOIN {} AS t USING (instruction_id) ORDER BY p.row_number"
    for call, wanted in (
        ("trajectories('p')", numbers[:, 1:]),
        ("trajectories('p', include_start => true)", numbers),
    ):
        losses = pool.sql(f"SELECT t.losses {in_order.format(call)}")["losses"].to_list()
        assert np.array_equal(np.array(losses, dtype=np.float32), wanted)
    assert sorted(learnability(pool).values()) == pytest.approx(
        sorted((numbers[:, 0].astype(float) - numbers[:, -1]).tolist())
    )


def test_an_import_of_new_members_keeps_the_others_start(
    pool: Catalog, tmp_path: Path, numbers: Numbers
) -> None:
    ids = [f"id-{i}" for i in range(6)]
    first = write(tmp_path, "csv", numbers, id=ids)
    pool.import_losses("p", first, proxy="theirs", key="id", first_is_start=True)
    second = write(tmp_path, "csv", numbers[4:] + 1, id=ids[4:])
    report = pool.import_losses("p", second, proxy="theirs", key="id", first_is_start=True)
    assert (report.n_kept, report.n_lost) == (4, 0)
    starts = {round(each[0], 4) for each in trajectories(pool, include_start=True).values()}
    wanted = np.append(numbers[:4, 0], numbers[4:, 0] + 1)
    assert sorted(starts) == pytest.approx(sorted(wanted.tolist()), abs=1e-4)
    third = pool.import_losses("p", second, proxy="theirs", key="id")
    assert (third.n_kept, third.n_lost) == (0, 4)


def test_a_file_of_losses_before_training_only_is_refused(pool: Catalog, tmp_path: Path) -> None:
    file = write(tmp_path, "npy", np.ones((6, 1), dtype=np.float32))
    with pytest.raises(SignalError, match="before training only"):
        pool.import_losses("p", file, proxy="theirs", first_is_start=True)
