"""Trajectories from a run of Hugging Face's own Trainer."""

import copy
import random
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import SignalError
from tests.copies import made_once

pytestmark = [
    pytest.mark.skipif(not find_spec("accelerate"), reason="the Trainer needs accelerate"),
    pytest.mark.filterwarnings("ignore"),  # the Trainer's own
]

WORDS = "the river night light field stone word small large add sum is are was"


@pytest.fixture(scope="module")
def start() -> Any:
    """Return a very small model with dropout, so that random numbers count."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    from catalog.models.tiny import TinyShape, build_tiny

    torch.set_num_threads(1)
    tokenizer = build_tiny(
        WORDS.split(), shape=TinyShape(vocabulary=300, width=16, layers=1, heads=2, inner=16)
    ).tokenizer
    config = GPT2Config(
        vocab_size=300,
        n_embd=16,
        n_layer=1,
        n_head=2,
        n_positions=256,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return GPT2LMHeadModel(config), tokenizer


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    rng = random.Random(0)
    texts = [" ".join(rng.choices(WORDS.split(), k=rng.randint(1, 12))) for _ in range(60)]
    catalog.register(
        jsonl(
            [{"instruction": f"{texts[2 * i]} {i}", "output": texts[2 * i + 1]} for i in range(30)]
        ),
        pool="p",
    )
    return catalog


def trainer(start: Any, folder: Path, *, callbacks: list[Any], **options: Any) -> Any:
    """The user's own run: 12 steps over texts of theirs, saving every 4."""
    from transformers import Trainer, TrainingArguments

    model, tokenizer = copy.deepcopy(start[0]), start[1]
    rng = random.Random(1)
    ids = [rng.choices(range(3, 300), k=10) for _ in range(24)]
    settings = {
        "per_device_train_batch_size": 4,
        "num_train_epochs": 2,
        "save_strategy": "steps",
        "save_steps": 4,
        "learning_rate": 1e-2,
    }
    args = TrainingArguments(
        str(folder),
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        logging_strategy="no",
        **(settings | options),
    )
    rows = [{"input_ids": row, "labels": row} for row in ids]
    return Trainer(
        model=model, args=args, train_dataset=rows, processing_class=tokenizer, callbacks=callbacks
    )


def death() -> Any:
    """The end of a run after its tenth step."""
    from transformers import TrainerCallback

    class Die(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 10:
                raise RuntimeError("out of memory")

    return Die()


def checkpoints(catalog: Catalog) -> list[tuple[Any, ...]]:
    with catalog.store.reading() as connection:
        return connection.sql(
            "SELECT signal_id, checkpoint, step, epoch FROM checkpoints ORDER BY ALL"
        ).fetchall()


def recorded_at(catalog: Catalog, *, step: int) -> Any:
    with catalog.store.reading() as connection:
        return connection.execute(
            "SELECT max(recorded_at) FROM checkpoints WHERE signal_id = 2 AND step = $step",
            {"step": step},
        ).fetchone()


def trajectories(catalog: Catalog) -> np.ndarray[Any, Any]:
    return np.array(
        catalog.sql("SELECT losses FROM trajectories('p', proxy => 'mine') ORDER BY fingerprint")[
            "losses"
        ].to_list()
    )


def weights(model: Any) -> np.ndarray[Any, Any]:
    return np.concatenate([value.detach().numpy().ravel() for value in model.state_dict().values()])


def test_every_save_is_a_checkpoint_and_the_run_is_not_disturbed(
    pool: Catalog, start: Any, tmp_path: Path
) -> None:
    from catalog.integrations.transformers import RecordLosses
    from catalog.models.causal_lm import CausalLM
    from catalog.models.losses import response_losses
    from catalog.models.tokens import tokens_of

    plain = trainer(start, tmp_path / "plain", callbacks=[])
    plain.train()
    recorded = trainer(
        start, tmp_path / "recorded", callbacks=[RecordLosses(pool.store.path, "p", proxy="mine")]
    )
    recorded.train()
    assert np.array_equal(weights(plain.model), weights(recorded.model))
    assert checkpoints(pool) == [
        (1, 0, 4, pytest.approx(4 / 6)),
        (1, 1, 8, pytest.approx(8 / 6)),
        (1, 2, 12, 2.0),
    ]
    found = trajectories(pool)
    assert found.shape == (30, 3)
    lm = CausalLM(recorded.model, start[1], "mine")
    with pool.store.reading() as connection:
        messages = (
            connection.sql("SELECT messages FROM instructions ORDER BY fingerprint")
            .to_arrow_table()
            .to_pylist()
        )
    last = response_losses(
        lm, tokens_of(messages, tokenizer=lm.tokenizer, template=lm.template)
    ).mean
    np.testing.assert_allclose(found[:, -1], last, atol=1e-5)
    assert pool.signals("p")["dimension"].to_list() == [3]
    assert pool.doctor() == []


def test_a_look_leaves_modes_and_random_numbers_as_they_were(start: Any) -> None:
    import torch

    from catalog.integrations.transformers import _undisturbed

    model = copy.deepcopy(start[0]).train()
    model.lm_head.eval()
    modes, state = [module.training for module in model.modules()], torch.get_rng_state()
    with _undisturbed(model):
        model.eval()
        torch.rand(3)
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.slow
def test_steps_of_ones_own_and_a_second_run_of_the_same_name(
    pool: Catalog, start: Any, tmp_path: Path
) -> None:
    from catalog.integrations.transformers import RecordLosses

    for _ in range(2):
        trainer(
            start,
            tmp_path,
            callbacks=[RecordLosses(pool, "p", proxy="mine", steps={1, 6})],
            save_strategy="no",
        ).train()
    assert [row[:3] for row in checkpoints(pool)] == [(1, 0, 1), (1, 1, 6), (2, 0, 1), (2, 1, 6)]


@pytest.mark.slow
def test_a_run_that_dies_goes_on_with_its_trajectories(
    pool: Catalog, start: Any, tmp_path: Path
) -> None:
    from catalog.integrations.transformers import RecordLosses

    unbroken = trainer(
        start, tmp_path / "unbroken", callbacks=[RecordLosses(pool, "p", proxy="mine")]
    )
    unbroken.train()
    whole = trajectories(pool)
    with pytest.raises(RuntimeError, match="out of memory"):
        trainer(
            start, tmp_path / "broken", callbacks=[RecordLosses(pool, "p", proxy="mine"), death()]
        ).train()
    assert np.array_equal(trajectories(pool), whole)  # the broken one is not read
    resumed = trainer(start, tmp_path / "broken", callbacks=[RecordLosses(pool, "p", proxy="mine")])
    died = recorded_at(pool, step=8)
    resumed.train(resume_from_checkpoint=str(tmp_path / "broken" / "checkpoint-4"))
    assert [row[:3] for row in checkpoints(pool)] == [
        (signal, n, step) for signal in (1, 2) for n, step in enumerate((4, 8, 12))
    ]
    np.testing.assert_allclose(trajectories(pool), whole, atol=1e-5)
    assert (
        recorded_at(pool, step=8) > died
    )  # of the run that went on from step 4, not of the one that died


def test_a_trainer_without_a_tokenizer_is_an_error(
    pool: Catalog, start: Any, tmp_path: Path
) -> None:
    from catalog.integrations.transformers import RecordLosses

    run = trainer(start, tmp_path, callbacks=[RecordLosses(pool, "p", proxy="mine")])
    run.callback_handler.processing_class = None
    with pytest.raises(SignalError, match="processing_class=tokenizer"):
        run.train()
    assert pool.signals("p").is_empty()


@pytest.mark.slow
def test_a_run_that_goes_on_scores_the_version_that_it_began_with(
    pool: Catalog, start: Any, tmp_path: Path, jsonl: Callable[..., Path]
) -> None:
    from catalog.integrations.transformers import RecordLosses

    with pytest.raises(RuntimeError, match="out of memory"):
        trainer(
            start, tmp_path / "run", callbacks=[RecordLosses(pool, "p", proxy="mine"), death()]
        ).train()
    pool.register(
        jsonl([{"instruction": f"new {i}", "output": "light"} for i in range(5)], "more.jsonl"),
        pool="p",
        mode="append",
    )
    trainer(start, tmp_path / "run", callbacks=[RecordLosses(pool, "p", proxy="mine")]).train(
        resume_from_checkpoint=True
    )
    (row,) = pool.signals("p").to_dicts()
    assert (row["n_with_value"], row["n_members"], row["dimension"]) == (30, 35, 3)
    with pytest.raises(
        SignalError,
        match="cover 30 of 35 members of p@2: `catalog losses import p@2 FILE --proxy mine`",
    ):
        trajectories(pool)


@pytest.mark.slow
def test_a_run_over_another_pool_is_not_gone_on_with(
    pool: Catalog, start: Any, tmp_path: Path, jsonl: Callable[..., Path]
) -> None:
    from catalog.integrations.transformers import RecordLosses

    pool.register(
        jsonl([{"instruction": f"other {i}", "output": "stone"} for i in range(5)], "other.jsonl"),
        pool="other",
    )
    with pytest.raises(RuntimeError, match="out of memory"):
        trainer(
            start, tmp_path / "run", callbacks=[RecordLosses(pool, "p", proxy="mine"), death()]
        ).train()
    trainer(start, tmp_path / "run", callbacks=[RecordLosses(pool, "other", proxy="mine")]).train(
        resume_from_checkpoint=True
    )
    assert [row[0] for row in checkpoints(pool)] == [1, 1, 2, 2]


def test_prompt_tuning_is_refused(pool: Catalog, start: Any, tmp_path: Path) -> None:
    from catalog.integrations.transformers import RecordLosses

    run = trainer(start, tmp_path, callbacks=[RecordLosses(pool, "p", proxy="mine")])
    run.model.active_peft_config = SimpleNamespace(
        is_prompt_learning=True
    )  # as PEFT's models have it
    with pytest.raises(SignalError, match="virtual tokens"):
        run.train()
    assert pool.signals("p").is_empty()
