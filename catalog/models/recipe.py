"""Recipe of a proxy's training: SmallToLarge's set-up (Yang et al. 2024, arXiv 2403.07384)."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from catalog.errors import OptionError

Schedule = Literal["cosine", "linear"]


@dataclass(frozen=True)
class Recipe:
    """Recipe of a training; every field but ``budget`` is part of a run's identity.

    Attributes:
        learning_rate: peak; 2e-5 for a pretrained model, see `TINY_RECIPE` has another.
        epochs: passes over the instructions.
        batch: instructions a step.
        checkpoints: how many, evenly spaced, the last at the end.
        warmup: share of the steps in which the rate rises linearly.
        weight_decay: AdamW's.
        clip: largest norm of a step's gradient.
        seed: order of the instructions, and dropout where a model has some.
        budget: tokens of a padded micro-batch; changes speed, memory and rounding.
        schedule: of the learning rate: ``"cosine"``, or ``"linear"`` as in transformers'
            ``get_linear_schedule_with_warmup``, whose first step has the rate zero.
    """

    learning_rate: float = 2e-5
    epochs: int = 3
    batch: int = 128
    checkpoints: int = 12
    warmup: float = 0.03
    weight_decay: float = 0.0
    clip: float = 1.0
    seed: int = 0
    budget: int = 2048
    schedule: Schedule = "cosine"

    def __post_init__(self) -> None:
        if (
            min(self.epochs, self.batch, self.checkpoints, self.budget) < 1
            or not 0 <= self.warmup < 1
            or self.learning_rate <= 0
        ):
            raise OptionError(
                f"{self}: epochs, batch, checkpoints and budget start at 1, warmup is in [0, 1), "
                "learning_rate above 0"
            )

    def identity(self) -> dict[str, Any]:
        """Return what decides the numbers of a run, except rounding."""
        kept = {name: value for name, value in asdict(self).items() if name != "budget"}
        if self.schedule == "cosine":  # the only one for a long time, and not recorded
            del kept["schedule"]
        return kept

    def n_steps(self, n_instructions: int) -> int:
        """Optimiser steps of a run over so many instructions."""
        return self.epochs * math.ceil(n_instructions / self.batch)

    def marks(self, n_instructions: int) -> list[int]:
        """Return the steps after which there is a checkpoint.

        Raises:
            OptionError: there are fewer steps than checkpoints.

        >>> Recipe(epochs=3, checkpoints=4).marks(1000)
        [6, 12, 18, 24]
        """
        n_steps = self.n_steps(n_instructions)
        if n_steps < self.checkpoints:
            raise OptionError(
                f"{n_instructions:,} instructions make {n_steps} steps of {self.batch}, too few "
                f"for {self.checkpoints} checkpoints; "
                f"ask for at most {n_steps} checkpoints, or for a smaller batch"
            )
        return [round(n_steps * (i + 1) / self.checkpoints) for i in range(self.checkpoints)]

    def rate(self, step: int, n_steps: int) -> float:
        """Return the rate of a step (from 0): linear to the peak, then by the schedule to zero.

        >>> recipe = Recipe(learning_rate=1.0, warmup=0.2)
        >>> [round(recipe.rate(step, 10), 2) for step in (0, 1, 2, 6, 9)]
        [0.5, 1.0, 1.0, 0.5, 0.04]
        >>> recipe = Recipe(learning_rate=1.0, warmup=0.2, schedule="linear")
        >>> [round(recipe.rate(step, 10), 2) for step in (0, 1, 2, 6, 9)]
        [0.0, 0.5, 1.0, 0.5, 0.12]
        """
        rising = math.ceil(self.warmup * n_steps)
        is_linear = self.schedule == "linear"
        if step < rising:
            return self.learning_rate * (step + (not is_linear)) / rising
        done, falling = step - rising, max(1, n_steps - rising)
        if is_linear:
            return self.learning_rate * (falling - done) / falling
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * done / falling))


TINY_RECIPE = Recipe(learning_rate=3e-3, batch=32)
"""The recipe of the proxy `tiny`.

Training from scratch has far to go in few steps: the rate is a hundred times that of fine-tuning,
and the batch a quarter.
"""
