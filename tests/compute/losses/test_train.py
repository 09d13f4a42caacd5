"""Trajectories of a proxy that is trained here."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.compute.losses.train import TrainedLosses, train_losses
from catalog.compute.proxies import find_proxy, proxy_folder, trained_proxy
from catalog.compute.shard_runner import exclusively
from catalog.errors import LockedError, ModelNotFoundError, OptionError, SignalError

Write = Callable[..., Path]
Records = Callable[[int], list[dict[str, Any]]]
SHORT = {"epochs": 2, "batch": 8, "checkpoints": 3, "learning_rate": 1e-2}


def trained(catalog: Catalog, model: Path, pool: str = "p", **more: Any) -> TrainedLosses:
    return catalog.train_losses(pool, proxy=str(model), **(SHORT | more))


def long_table(catalog: Catalog) -> list[tuple[Any, ...]]:
    sql = "SELECT signal_id, checkpoint, fingerprint, loss, n_tokens FROM losses JOIN instructions USING (instruction_id) ORDER BY 1, 2, 3"
    with catalog.store.reading() as connection:
        return connection.sql(sql).fetchall()


@pytest.fixture
def pool(catalog: Catalog, jsonl: Write, records: Records) -> Catalog:
    catalog.register(jsonl(records(40)), pool="p")
    return catalog


def test_every_member_has_a_loss_at_every_checkpoint(pool: Catalog, model: Path) -> None:
    report = trained(pool, model)
    assert (
        report.n_members,
        report.n_before,
        report.n_computed,
        report.n_left,
        report.reasons,
    ) == (40, 0, 40, 0, {})
    assert [(row["checkpoint"], row["step"]) for row in report.checkpoints] == [
        (0, 3),
        (1, 7),
        (2, 10),
    ]
    assert [row["epoch"] for row in report.checkpoints] == pytest.approx([0.6, 1.4, 2.0])
    means = [row["mean_loss"] for row in report.checkpoints]
    assert means == sorted(means, reverse=True)
    assert len(long_table(pool)) == 3 * 40
    assert sum(row["seconds"] for row in report.checkpoints) <= report.seconds
    assert pool.signals("p")["n_with_value"].to_list() == [40]


def test_a_small_pool_has_as_many_checkpoints_as_steps_unless_more_are_asked_for(
    pool: Catalog, model: Path
) -> None:
    report = pool.train_losses(
        "p", proxy=str(model), epochs=2, batch=16
    )  # 40 members in 2 x 3 steps; the default is 12
    assert [row["step"] for row in report.checkpoints] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(OptionError, match="too few for 12 checkpoints"):
        pool.train_losses("p", proxy=str(model), epochs=2, batch=16, checkpoints=12)


def test_losses_are_those_of_a_plain_loop(pool: Catalog, model: Path) -> None:
    import torch

    from catalog.models.causal_lm import load_causal_lm
    from catalog.models.template import alpaca_prompt

    report = trained(pool, model)
    lm = load_causal_lm(proxy_folder(pool.store, report.signal) / "final")
    stored = {
        fingerprint: (loss, n)
        for _, checkpoint, fingerprint, loss, n in long_table(pool)
        if checkpoint == 2
    }
    with pool.store.reading() as connection:
        rows = (
            connection.sql("SELECT fingerprint, messages FROM instructions")
            .to_arrow_table()
            .to_pylist()
        )
    for row in rows:
        prompt = alpaca_prompt(row["messages"][:1])
        ids, start = (
            lm.tokenizer(text, add_special_tokens=True)["input_ids"]
            for text in (prompt + row["messages"][1]["content"] + lm.tokenizer.eos_token, prompt)
        )
        labels = torch.tensor([[-100] * len(start) + ids[len(start) :]])
        with torch.no_grad():
            expected = float(lm.model(input_ids=torch.tensor([ids]), labels=labels).loss)
        loss, n = stored[row["fingerprint"]]
        assert loss == pytest.approx(expected, abs=1e-4)
        assert n == len(ids) - len(start)


def test_a_member_without_a_response_has_a_reason_and_no_loss(
    catalog: Catalog, jsonl: Write, model: Path, records: Records
) -> None:
    long = {"instruction": "the " * 400, "input": "", "output": "sum"}
    catalog.register(jsonl([*records(20), long]), pool="p")
    report = trained(catalog, model, max_length=256)
    assert report.reasons == {"prompt_fills_window": 1}
    assert catalog.signals("p")["without_value"].to_list() == [["prompt_fills_window 1"]]
    assert len(long_table(catalog)) == 3 * 20
    assert trained(catalog, model, max_length=256).n_before == 21


def test_the_same_run_again_computes_nothing(pool: Catalog, model: Path) -> None:
    first = trained(pool, model)
    before = long_table(pool)
    again = trained(pool, model)
    assert (again.signal.signal_id, again.n_before, again.n_computed) == (
        first.signal.signal_id,
        40,
        0,
    )
    assert long_table(pool) == before
    assert [path.name for path in sorted(proxy_folder(pool.store, first.signal).iterdir())] == [
        "checkpoints",
        "final",
    ]


def test_nothing_to_do_imports_no_torch(pool: Catalog, model: Path) -> None:
    trained(pool, model)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in SHORT.items()]
    command = [
        "--home",
        str(pool.store.path),
        "losses",
        "train",
        "p",
        "--proxy",
        str(model),
        *options,
    ]
    code = f"import sys; from catalog.cli import main; main({command}, standalone_mode=False); assert 'torch' not in sys.modules"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert "nothing to compute, all 40 members are there" in answer.stdout


def test_another_recipe_or_window_is_another_signal(pool: Catalog, model: Path) -> None:
    made = [
        trained(pool, model),
        trained(pool, model, seed=1),
        trained(pool, model, max_length=300),
    ]
    assert len({report.signal.signal_id for report in made}) == 3


def test_new_members_are_scored_at_the_kept_checkpoints(
    pool: Catalog, jsonl: Write, model: Path, records: Records
) -> None:
    first = trained(pool, model)
    before = long_table(pool)
    pool.register(jsonl(records(50)), pool="p")
    with pytest.raises(SignalError, match="cover 40 of 50 members"):
        pool.sql("SELECT count(*) FROM trajectories('p') WHERE len(losses) > 0")
    report = trained(pool, model)
    assert (report.signal.signal_id, report.trained_on, report.n_before, report.n_computed) == (
        first.signal.signal_id,
        "p@1",
        40,
        10,
    )
    assert [row["mean_loss"] for row in report.checkpoints] == [
        row["mean_loss"] for row in first.checkpoints
    ]
    after = long_table(pool)
    assert [row for row in after if row in set(before)] == before
    assert len(after) == 3 * 50
    assert len(pool.sql("SELECT losses FROM trajectories('p')")) == 50


def test_what_is_new_gets_the_losses_that_it_would_have_had(
    catalog: Catalog, jsonl: Write, model: Path, records: Records
) -> None:
    """Scored from kept weights, members have the losses that scoring during the training would have given."""
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


def test_a_sample_is_a_signal_of_its_own(pool: Catalog, model: Path) -> None:
    sample = trained(pool, model, limit=16, checkpoints=2)
    assert (sample.n_trained, sample.n_computed, sample.n_left) == (16, 16, 24)
    assert find_proxy(pool.store, sample.signal.name) is None
    assert trained(pool, model, limit=16, checkpoints=2).n_computed == 0
    whole = trained(pool, model, checkpoints=2)
    assert whole.signal.signal_id != sample.signal.signal_id
    assert whole.n_computed == 40
    assert (
        find_proxy(pool.store, sample.signal.name)
        == proxy_folder(pool.store, whole.signal) / "final"
    )


def test_a_proxy_that_was_not_trained_names_the_command(pool: Catalog) -> None:
    with pytest.raises(SignalError, match="catalog losses train POOL --proxy tiny"):
        trained_proxy(pool.store, "tiny")
    assert trained_proxy(pool.store, "somebody/else") == "somebody/else"


def test_tiny_is_made_from_the_pool_and_its_loss_falls(
    catalog: Catalog, jsonl: Write, records: Records
) -> None:
    catalog.register(jsonl(records(48)), pool="p")
    report = catalog.train_losses("p", epochs=2, checkpoints=2, batch=16)
    first, last = (row["mean_loss"] for row in report.checkpoints)
    assert last < first
    assert trained_proxy(catalog.store, "tiny").endswith("tiny-0001/final")
    catalog.register(jsonl(records(50)), pool="p")
    assert catalog.train_losses("p", epochs=2, checkpoints=2, batch=16).n_computed == 2


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"checkpoints": 100}, OptionError, "at most"),
        ({"proxy": "./nowhere"}, ModelNotFoundError, "no such folder"),
        ({"learning_rate": -1.0}, OptionError, "learning_rate"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    pool: Catalog, model: Path, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        pool.train_losses("p", **({"proxy": str(model)} | SHORT | options))
    assert pool.signals("p").is_empty()


def test_a_second_process_is_told_who_trains(pool: Catalog, model: Path) -> None:
    report = trained(pool, model)
    with (
        exclusively(pool.store, report.signal),
        pytest.raises(LockedError, match="is held by process"),
    ):
        train_losses(pool.store, pool.find("p"), proxy=str(model), recipe=SHORT)


def test_the_command_that_makes_the_rest_makes_it_of_the_same_signal(
    pool: Catalog, jsonl: Write, model: Path, records: Records
) -> None:
    trained(pool, model, seed=3, max_length=300)
    pool.register(jsonl(records(50)), pool="p")
    recipe = "--epochs 2 --checkpoints 3 --learning-rate 0.01 --batch 8 --max-length 300 --seed 3"
    with pytest.raises(
        SignalError,
        match=f"`catalog losses train p@2 --proxy very-small {recipe}` computes the rest",
    ):
        pool.sql("SELECT losses FROM trajectories('p')")


def test_members_without_a_loss_leave_fewer_steps_and_as_many_checkpoints(
    catalog: Catalog, jsonl: Write, model: Path
) -> None:
    long = [{"instruction": "the river " * 400 + str(i), "output": "light"} for i in range(20)]
    catalog.register(
        jsonl([*long, *({"instruction": f"word {i}?", "output": f"stone {i}"} for i in range(20))]),
        pool="p",
    )
    report = catalog.train_losses("p", proxy=str(model), epochs=1, batch=8)
    assert [row["step"] for row in report.checkpoints] == [1, 2, 3]
    assert report.reasons == {"prompt_fills_window": 20}
    again = catalog.train_losses("p", proxy=str(model), epochs=1, batch=8)
    assert (again.signal.signal_id, again.n_computed) == (report.signal.signal_id, 0)
    with pytest.raises(
        OptionError,
        match=r"20 members .* learn from \(20 prompt_fills_window have none\) and make 3 steps",
    ):
        catalog.train_losses("p", proxy=str(model), epochs=1, batch=8, checkpoints=4)
    assert len(catalog.signals("p")) == 1


def test_members_of_whom_none_has_a_loss_leave_no_signal(
    catalog: Catalog, jsonl: Write, model: Path
) -> None:
    catalog.register(
        jsonl([{"instruction": "the river " * 400 + str(i), "output": "light"} for i in range(5)]),
        pool="p",
    )
    with pytest.raises(
        SignalError,
        match="very-small: none of 5 members of p@1 has a loss to learn from: 5 prompt_fills_window",
    ):
        catalog.train_losses("p", proxy=str(model))
    assert catalog.signals("p").is_empty()


def test_a_small_pool_that_grows_keeps_its_proxy(
    pool: Catalog, jsonl: Write, model: Path, records: Records
) -> None:
    first = pool.train_losses("p", proxy=str(model), epochs=1, batch=8)  # a checkpoint a step: 5
    pool.register(jsonl(records(60)), pool="p")
    report = pool.train_losses("p", proxy=str(model), epochs=1, batch=8)
    assert (report.signal.signal_id, report.n_computed, len(report.checkpoints)) == (
        first.signal.signal_id,
        20,
        5,
    )
