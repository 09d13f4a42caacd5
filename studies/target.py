"""The model that a study fine-tunes, small enough for two cores.

The catalog's own training loop trains it for a fixed number of steps.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from catalog.models.causal_lm import CausalLM
from catalog.models.losses import response_losses, response_nats
from catalog.models.recipe import Recipe
from catalog.models.tiny import TinyShape, build_tiny
from catalog.models.tokens import Tokens, tokens_of
from catalog.models.training import train

Array = np.ndarray[Any, Any]

SMALL = TinyShape(vocabulary=1024, width=96, layers=3, heads=3, inner=256)  # 0.4 million parameters
DOUBLE = TinyShape(vocabulary=2048, width=160, layers=5, heads=5, inner=448)  # 2 million parameters


def untrained(texts: Sequence[str], *, seed: int, shape: TinyShape) -> CausalLM:
    """Return a new target: vocabulary from ``texts`` in their order, weights from ``seed``."""
    return build_tiny(iter(texts), seed=seed, shape=shape)


def encode(
    lm: CausalLM, instructions: Sequence[dict[str, Any]], *, max_length: int = 256
) -> list[Tokens]:
    """Return instructions (mappings with ``messages``) as the target reads them.

    Instructions without a loss are left out.
    """
    return [
        tokens
        for tokens in tokens_of(
            instructions, tokenizer=lm.tokenizer, template=lm.template, max_length=max_length
        )
        if tokens.reason is None
    ]


def train_steps(
    lm: CausalLM,
    instructions: Sequence[Tokens],
    *,
    steps: int,
    batch: int,
    seed: int,
    learning_rate: float = 3e-3,
) -> None:
    """Train in place for exactly ``steps`` steps of ``batch`` instructions.

    Small sets repeat more often. This is SmallToLarge's protocol (Yang et al. 2024, section 5):
    every subset gets as many steps as the full pool.
    """
    cycled = Cycled(instructions, n=steps * batch, seed=seed)
    recipe = Recipe(
        learning_rate=learning_rate, epochs=1, batch=batch, checkpoints=1, seed=seed, budget=4096
    )
    folder = Path(tempfile.mkdtemp(prefix="target-"))
    try:
        for _ in train(lm, cycled, recipe=recipe, folder=folder, save_seconds=math.inf):
            pass
    finally:
        shutil.rmtree(folder)


def dev_loss(lm: CausalLM, instructions: Sequence[Tokens]) -> float:
    """Return the cross-entropy in nats per response token over all of ``instructions``."""
    losses = response_losses(lm, instructions, budget=4096)
    return float(losses.total.sum() / losses.n_tokens.sum())


def gradients(lm: CausalLM, instructions: Sequence[Tokens], *, numbers: int) -> Array:
    """Return gradients of each mean response loss, (n, numbers), by a count sketch.

    The gradient is with respect to all parameters; the sketch keeps inner products. Charikar, Chen
    & Farach-Colton 2002: every parameter adds to one of ``numbers`` places with one sign, both
    drawn once.
    """
    import torch

    parameters = list(lm.model.parameters())
    draws = torch.Generator().manual_seed(0)
    n = sum(instruction.numel() for instruction in parameters)
    places = torch.randint(numbers, (n,), generator=draws)
    signs = torch.randint(2, (n,), generator=draws).float() * 2 - 1
    sketches = np.empty((len(instructions), numbers))
    for row, instruction in enumerate(instructions):
        nats, _ = response_nats(lm, [instruction])
        slopes = torch.autograd.grad(nats.mean(), parameters)
        flat = torch.cat([slope.reshape(-1) for slope in slopes])  # (n,)
        sketches[row] = torch.zeros(numbers).index_add_(0, places, flat * signs).numpy()
    return sketches


class Cycled(Sequence[Tokens]):
    """Sequence of ``n`` instructions, permutation after permutation."""

    def __init__(self, instructions: Sequence[Tokens], *, n: int, seed: int) -> None:
        self.instructions = instructions
        generator = np.random.default_rng([seed, len(instructions)])
        rounds = math.ceil(n / len(instructions))
        self.order = np.concatenate(
            [generator.permutation(len(instructions)) for _ in range(rounds)]
        )[:n]

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: Any) -> Any:
        return self.instructions[int(self.order[place])]

    def __iter__(self) -> Iterator[Tokens]:
        return (self.instructions[int(row)] for row in self.order)
