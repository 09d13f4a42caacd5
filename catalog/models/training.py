"""Train a causal language model on instructions, stopping at checkpoints.

The set-up is SmallToLarge's (Yang et al. 2024, arXiv 2403.07384): AdamW, learning rate 2e-5 with a
cosine schedule and 3 % warm-up, 128 instructions a step, 3 epochs, 12 checkpoints, gradients
clipped at norm 1. The loss of a step is the mean over all its response tokens, so that it does not
depend on how the step is cut into micro-batches.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import OptionError, SignalError
from catalog.models.causal_lm import CausalLM
from catalog.models.losses import loss_batches, response_nats
from catalog.models.products import fast_products
from catalog.models.recipe import Recipe
from catalog.models.resume import load_state, save_state, trained_weights
from catalog.models.tokens import Tokens

if TYPE_CHECKING:
    import torch

Progress = Callable[[int, int], None]  # (instructions done, tokens done) since the last call


@dataclass(frozen=True)
class Checkpoint:
    """Step at which training pauses; the caller has the model until it asks for the next.

    Attributes:
        number: from 1 to the recipe's ``checkpoints``.
        step: optimiser steps done.
        n_steps: optimiser steps in all.
        optimizer: its state is that after these steps.
    """

    number: int
    step: int
    n_steps: int
    optimizer: torch.optim.Optimizer


def train(
    lm: CausalLM,
    instructions: Sequence[Tokens],
    *,
    recipe: Recipe,
    folder: Path,
    save_seconds: float = 120.0,
    progress: Progress | None = None,
) -> Iterator[Checkpoint]:
    """Train, and stop at each checkpoint for the caller to evaluate ``lm``.

    Everything that the run needs to go on is in ``folder`` before a checkpoint is given out, and
    every ``save_seconds`` besides; each save replaces the last one whole. Called again on the same
    folder, with the same model as at the start, it goes on from there to the same numbers, bit for
    bit on the same machine with as many threads, and gives out the checkpoint again that it was
    killed in. What the caller does at a checkpoint does not touch the run's random numbers.

    Args:
        lm: the model at its start, in float32; trained in place, as far as its parameters require
            gradients.
        instructions: a sequence, perhaps on disk (:class:`catalog.models.token_file.TokenFile`);
            those without a loss are left out.
            Put them in an order that does not depend on the pool's, such as by fingerprint.
        recipe: how.
        folder: where the state is kept; made when missing, the caller's to delete when the run is
            over.
        save_seconds: seconds between saves.
        progress: told after each step how many instructions and tokens it held. After a resume it
            starts with all that was done before.

    Raises:
        OptionError: fewer steps than checkpoints, or a model whose weights are not float32.
        SignalError: no instruction has a loss, or the folder holds the state of another run.
    """
    usable = _usable(lm, instructions)
    run = _Run(lm, instructions, usable, recipe, folder)
    if progress and run.step:
        progress(run.n_instructions, run.n_tokens)
    marks = {step: number for number, step in enumerate(recipe.marks(len(usable)), 1)}
    saved_at = time.monotonic()
    while True:
        if run.step in marks:
            run.save()
            saved_at = time.monotonic()
            yield Checkpoint(marks[run.step], run.step, run.n_steps, run.optimizer)
        if run.step == run.n_steps:
            return
        read_counts = run.advance()
        if progress:
            progress(*read_counts)
        if time.monotonic() - saved_at > save_seconds:
            run.save()
            saved_at = time.monotonic()


class _Run:
    """The state of a training run: model, optimiser, random numbers, place in the order."""

    def __init__(
        self,
        lm: CausalLM,
        instructions: Sequence[Tokens],
        usable: np.ndarray[Any, Any],
        recipe: Recipe,
        folder: Path,
    ) -> None:
        import torch

        self.lm, self.instructions, self.usable, self.recipe = lm, instructions, usable, recipe
        self.n_steps = recipe.n_steps(len(usable))
        self.step = self.n_instructions = self.n_tokens = 0
        self.file = folder / "state.pt"
        self.identity = _identity(lm, instructions, usable, recipe)
        self.optimizer = torch.optim.AdamW(
            [each for each in lm.model.parameters() if each.requires_grad],
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            fused=lm.device.type in ("cpu", "cuda"),
        )
        self.random = _seeded_random(recipe.seed, lm.device)
        self._epoch, self._order = -1, usable
        folder.mkdir(parents=True, exist_ok=True)
        self._load()

    def advance(self) -> tuple[int, int]:
        """One optimiser step; returns how many instructions and tokens it held."""
        import torch

        group = self._group()
        n_response = sum(each.n_response for each in group)
        for setting in self.optimizer.param_groups:
            setting["lr"] = self.recipe.rate(self.step, self.n_steps)
        model = self.lm.model
        was_training = model.training
        model.train()
        devices = [self.lm.device] if self.lm.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices), torch.enable_grad(), fast_products():
            _set_random(self.random, self.lm.device)
            for batch in loss_batches(self.lm, group, budget=self.recipe.budget):
                nats, _ = response_nats(self.lm, [group[i] for i in batch])  # (P,)
                (nats.sum() / n_response).backward()  # type: ignore[no-untyped-call]
            self.random = _get_random(self.lm.device)
        torch.nn.utils.clip_grad_norm_(model.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        model.train(was_training)
        read_counts = len(group), sum(len(each.ids) for each in group)
        self.step += 1
        self.n_instructions += read_counts[0]
        self.n_tokens += read_counts[1]
        return read_counts

    def save(self) -> None:
        """Replace the saved state by this one."""
        save_state(
            self.file,
            {
                "identity": self.identity,
                "step": self.step,
                "done": [self.n_instructions, self.n_tokens],
                "model": trained_weights(self.lm.model),
                "optimizer": self.optimizer.state_dict(),
                "random": self.random,
            },
        )

    def _load(self) -> None:
        state = load_state(self.file, device=self.lm.device)
        if state is None:
            return
        if state["identity"] != self.identity:
            raise SignalError(
                f"{self.file}: holds the state of another run (other model, instructions or "
                "recipe); delete it to start afresh"
            )
        self.lm.model.load_state_dict(_whole_weights(self.lm.model, state["model"]))
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.random = state["step"], state["random"]
        self.n_instructions, self.n_tokens = state["done"]

    def _group(self) -> list[Tokens]:
        """Return the instructions of the next step."""
        epoch, place = divmod(self.step, self.n_steps // self.recipe.epochs)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng([self.recipe.seed, epoch]).permutation(self.usable)
        return [
            self.instructions[int(i)]
            for i in self._order[place * self.recipe.batch : (place + 1) * self.recipe.batch]
        ]


def _whole_weights(model: Any, trained: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return dict(model.state_dict()) | trained


def _usable(lm: CausalLM, instructions: Sequence[Tokens]) -> np.ndarray[Any, np.dtype[np.int64]]:
    import torch

    if lm.model.dtype != torch.float32:
        raise OptionError(
            f"{lm.name}: its weights are {lm.model.dtype}, in which small updates vanish; load it "
            "with to_train=True"
        )
    usable = np.array(
        [i for i in range(len(instructions)) if instructions[i].reason is None], dtype=np.int64
    )
    if not len(usable):
        raise SignalError(
            f"{lm.name}: none of {len(instructions):,} instructions has a response to learn from; "
            "see their reasons"
        )
    return usable


def _identity(
    lm: CausalLM, instructions: Sequence[Tokens], usable: np.ndarray[Any, Any], recipe: Recipe
) -> str:
    """Return a hash of everything that a run starts from."""
    digest = hashlib.sha256(json.dumps([asdict(recipe), lm.dtype], sort_keys=True).encode())
    for name, tensor in sorted(lm.model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    for i in usable:
        each = instructions[int(i)]
        between = f" {each.between}" if each.between else ""
        digest.update(f"{each.start} {len(each.ids)}{between}".encode())
        digest.update(each.ids.tobytes())
    return digest.hexdigest()


def _seeded_random(seed: int, device: torch.device) -> list[torch.Tensor]:
    import torch

    states = [torch.Generator().manual_seed(seed).get_state()]
    if device.type == "cuda":
        states.append(torch.Generator(device).manual_seed(seed).get_state())
    return states


def _set_random(states: list[torch.Tensor], device: torch.device) -> None:
    import torch

    torch.set_rng_state(states[0].cpu())
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1].cpu(), device)


def _get_random(device: torch.device) -> list[torch.Tensor]:
    import torch

    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states
