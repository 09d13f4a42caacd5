"""Trajectories of a proxy that is trained here."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.compute.losses.train import TrainedLosses, train_losses
from catalog.compute.proxies import find_proxy, proxy_folder, trained_proxy
from catalog.compute.shard_runner import exclusively
from catalog.errors import LockedError, ModelNotFoundError, OptionError, SignalError
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
    trained(catalog, model)
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
        (None, 0),
        (0, 3),
        (1, 7),
        (2, 10),
    ]
    assert [row["epoch"] for row in report.checkpoints] == pytest.approx([0, 0.6, 1.4, 2.0])
    means = [row["mean_loss"] for row in report.checkpoints]
    assert means == sorted(means, reverse=True)
    assert len(long_table(pool)) == (1 + 3) * 40
    assert sum(row["seconds"] for row in report.checkpoints) <= report.seconds
    assert pool.signals("p")["n_with_value"].to_list() == [40]


@pytest.mark.slow
def test_a_small_pool_has_as_many_checkpoints_as_steps_unless_more_are_asked_for(
    pool: Catalog, model: Path
) -> None:
    report = pool.train_losses(
        "p", proxy=str(model), epochs=2, batch=16
    )  # 40 members in 2 x 3 steps; the default is 12
    assert [row["step"] for row in report.checkpoints] == [0, 1, 2, 3, 4, 5, 6]
    with pytest.raises(OptionError, match="too few for 12 checkpoints"):
        pool.train_losses("p", proxy=str(model), epochs=2, batch=16, checkpoints=12)


def test_losses_are_those_of_a_plain_loop(done: Catalog, model: Path) -> None:
    import torch

    from catalog.models.causal_lm import load_causal_lm
    from catalog.models.template import alpaca_prompt

    report = trained(done, model)
    lm = load_causal_lm(proxy_folder(done.store, report.signal) / "final")
    stored = {
        fingerprint: (loss, n)
        for _, checkpoint, fingerprint, loss, n in long_table(done)
        if checkpoint == 2
    }
    with done.store.reading() as connection:
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
    assert len(long_table(catalog)) == (1 + 3) * 20
    assert trained(catalog, model, max_length=256).n_before == 21


@pytest.mark.slow
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


@pytest.mark.slow
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
    code = (
        f"import sys; from catalog.cli import main; main({command}, standalone_mode=False); "
        "assert 'torch' not in sys.modules"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert "nothing to compute, 40 members" in answer.stdout


@pytest.mark.slow
def test_another_recipe_or_window_is_another_signal(pool: Catalog, model: Path) -> None:
    made = [
        trained(pool, model),
        trained(pool, model, seed=1),
        trained(pool, model, max_length=300),
    ]
    assert len({report.signal.signal_id for report in made}) == 3


@pytest.mark.slow
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


@pytest.mark.slow
def test_tiny_is_made_from_the_pool_and_its_loss_falls(
    catalog: Catalog, jsonl: Write, records: Records
) -> None:
    catalog.register(jsonl(records(48)), pool="p")
    report = catalog.train_losses("p", epochs=2, checkpoints=2, batch=16)
    _, first, last = (row["mean_loss"] for row in report.checkpoints)
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


def test_a_second_process_learns_which_process_trains(done: Catalog, model: Path) -> None:
    report = trained(done, model)
    with (
        exclusively(done.store, report.signal),
        pytest.raises(LockedError, match="is held by process"),
    ):
        train_losses(done.store, done.find("p"), proxy=str(model), recipe=SHORT)


@pytest.mark.slow
def test_members_without_a_loss_leave_fewer_steps_and_as_many_checkpoints(
    catalog: Catalog, jsonl: Write, model: Path
) -> None:
    long = [{"instruction": "the river " * 400 + str(i), "output": "light"} for i in range(20)]
    catalog.register(
        jsonl([*long, *({"instruction": f"word {i}?", "output": f"stone {i}"} for i in range(20))]),
        pool="p",
    )
    report = catalog.train_losses("p", proxy=str(model), epochs=1, batch=8)
    assert [row["step"] for row in report.checkpoints] == [0, 1, 2, 3]
    assert report.reasons == {"prompt_fills_window": 20}
    again = catalog.train_losses("p", proxy=str(model), epochs=1, batch=8)
    assert (again.signal.signal_id, again.n_computed) == (report.signal.signal_id, 0)
    with pytest.raises(
        OptionError,
        match=r"20 members .*20 prompt_fills_window.* 3 steps",
    ):
        catalog.train_losses("p", proxy=str(model), epochs=1, batch=8, checkpoints=4)
    assert len(catalog.signals("p")) == 1


def test_a_run_without_any_loss_leaves_no_signal(
    catalog: Catalog, jsonl: Write, model: Path
) -> None:
    catalog.register(
        jsonl([{"instruction": "the river " * 400 + str(i), "output": "light"} for i in range(5)]),
        pool="p",
    )
    with pytest.raises(
        SignalError,
        match="5 prompt_fills_window",
    ):
        catalog.train_losses("p", proxy=str(model))
    assert catalog.signals("p").is_empty()
