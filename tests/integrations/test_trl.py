"""Trainer and SFTTrainer on a subset."""

import copy
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog

pytestmark = [
    pytest.mark.skipif(not find_spec("accelerate"), reason="the trainers need accelerate"),
    pytest.mark.filterwarnings("ignore"),  # the trainers' own
]

N_ROWS = 13


@pytest.fixture(scope="module")
def start() -> Any:
    import torch

    from catalog.models.tiny import TinyShape, build_tiny

    torch.set_num_threads(1)
    shape = TinyShape(vocabulary=300, width=16, layers=1, heads=2, inner=16)
    lm = build_tiny(["the river", "a stone", "light"], shape=shape)
    return lm.model, lm.tokenizer


@pytest.fixture
def dataset(catalog: Catalog, jsonl: Callable[..., Path], start: Any) -> Callable[..., Any]:
    records = [{"instruction": f"river {i}", "output": "stone " * (i + 1)} for i in range(N_ROWS)]
    catalog.register(jsonl(records), pool="p")

    def make(**options: Any) -> Any:
        from catalog.integrations.torch import SubsetDataset

        return SubsetDataset("p", catalog=catalog, tokenizer=start[1], max_length=500, **options)

    return make


def settings(folder: Path, **options: Any) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "report_to": [],
        "disable_tqdm": True,
        "use_cpu": True,
        "logging_steps": 1,
        "save_strategy": "no",
        "learning_rate": 1e-2,
        "per_device_train_batch_size": 4,
        "num_train_epochs": 2,
    } | options


def losses(trainer: Any) -> list[float]:
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def transformers_trainer(start: Any, data: Any, folder: Path, **options: Any) -> Any:
    from transformers import Trainer, TrainingArguments

    return Trainer(
        model=copy.deepcopy(start[0]),
        args=TrainingArguments(**settings(folder, **options)),
        train_dataset=data,
        data_collator=data.collate,
    )


def sft_trainer(start: Any, data: Any, folder: Path) -> Any:
    from trl import SFTConfig, SFTTrainer

    from catalog.integrations.trl import SFTDataset

    args = SFTConfig(
        **settings(folder),
        bf16=False,
        max_length=None,
        padding_free=data.pack is not None,
        dataset_kwargs={"skip_prepare_dataset": True},
        lr_scheduler_type="linear",
    )
    return SFTTrainer(
        model=copy.deepcopy(start[0]),
        args=args,
        processing_class=start[1],
        train_dataset=SFTDataset(data),
    )


def test_a_trainer_learns_from_a_subset(
    dataset: Callable[..., Any], start: Any, tmp_path: Path
) -> None:
    data = dataset()
    got = losses(transformers_trainer(start, data, tmp_path))
    assert len(got) == 2 * 4  # epochs, and batches of 13 rows
    assert got[-1] < got[0]
    assert data.reading().n_items == N_ROWS
    assert data.epoch == 1


@pytest.mark.slow
def test_a_trainer_with_workers_is_shown_the_same(
    dataset: Callable[..., Any], start: Any, tmp_path: Path
) -> None:
    shuffled = {"order": "shuffle", "seed": 1}
    plain = losses(transformers_trainer(start, dataset(**shuffled), tmp_path))
    with_workers = transformers_trainer(
        start, dataset(**shuffled), tmp_path, dataloader_num_workers=2
    )
    assert losses(with_workers) == plain


@pytest.mark.slow
def test_a_trainer_resumes_with_the_rows_that_it_has_not_seen(
    dataset: Callable[..., Any], start: Any, tmp_path: Path
) -> None:
    saving = {"save_strategy": "steps", "save_steps": 6}
    plain = losses(transformers_trainer(start, dataset(order="shuffle"), tmp_path, **saving))
    resumed = transformers_trainer(start, dataset(order="shuffle"), tmp_path, **saving)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-6"))
    got = [entry["loss"] for entry in resumed.state.log_history if "loss" in entry]
    assert got == pytest.approx(plain, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("pack", [None, "bfd"])
def test_sft_trainer_learns_the_same_as_trainer(
    dataset: Callable[..., Any], start: Any, tmp_path: Path, pack: Any
) -> None:
    pytest.importorskip("trl")
    expected = losses(transformers_trainer(start, dataset(pack=pack), tmp_path))
    assert losses(sft_trainer(start, dataset(pack=pack), tmp_path)) == pytest.approx(
        expected, rel=1e-2
    )
