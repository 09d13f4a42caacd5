"""Small pools and small models: nothing here may reach for a network."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

WORDS = (
    "the river night light field stone word small large add sum is are was "
    "why how what give three reasons for of and to in"
)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Run models on one thread: models this small are slower on two."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def records() -> Callable[..., list[dict[str, Any]]]:
    """Make n different single-turn records of all lengths; a larger n only appends."""

    def make(n: int) -> list[dict[str, Any]]:
        made = []
        for i in range(n):
            rng = random.Random(i)
            question, answer = (
                " ".join(rng.choices(WORDS.split(), k=rng.randint(2, 20))) for _ in range(2)
            )
            made.append({"instruction": f"{question} {i}", "input": "", "output": answer})
        return made

    return make


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small random language model as Hugging Face files."""
    from catalog.models.causal_lm import save_causal_lm
    from catalog.models.tiny import TinyShape, build_tiny

    folder = tmp_path_factory.mktemp("models") / "very-small"
    save_causal_lm(
        build_tiny(
            WORDS.split(), shape=TinyShape(vocabulary=300, width=16, layers=1, heads=2, inner=16)
        ),
        folder,
    )
    return folder
