"""Adapters warmed up on a part of a pool, and gradients at the checkpoints of that training."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.compute.language_model import LanguageModel, tokens_of_texts
from catalog.compute.shard_runner import read_texts
from catalog.compute.warm_up import WarmUpPart
from catalog.errors import SignalError
from catalog.models.device import best_device
from catalog.models.lora_shape import LoraShape
from catalog.models.recipe import Recipe
from catalog.models.tokens import Tokens
from catalog.signals.registry import identity_sha256
from catalog.store.atomic import replacing
from catalog.store.lock import locked
from catalog.store.store import Store

if TYPE_CHECKING:
    import torch

    from catalog.models.causal_lm import CausalLM
    from catalog.models.lora import Lora

GRADIENT_BYTES = 256 * 2**20  # of whole gradients that wait for their projection
BUDGET = 2048  # tokens of a padded batch
TENSORS = ("weights", "mean", "square")  # of a checkpoint
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's


@dataclass(frozen=True)
class LoraCheckpoint:
    """State of the adapters and of Adam at one step of the warm-up.

    Attributes:
        share: its mean learning rate over that of all checkpoints; they sum to one.
        weights: float32 (D,) of the adapters.
        mean: float32 (D,), Adam's first moment.
        square: float32 (D,), its second.
    """

    share: float
    weights: torch.Tensor
    mean: torch.Tensor
    square: torch.Tensor

    def __getstate__(self) -> dict[str, Any]:
        """Return the tensors as arrays."""
        arrays = {name: getattr(self, name).cpu().numpy() for name in TENSORS}
        return {"share": self.share} | arrays

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the tensors to this process's device."""
        import torch

        tensors = {name: torch.tensor(state[name], device=best_device()) for name in TENSORS}
        self.__dict__.update(state | tensors)

    def preconditioned(self, gradients: torch.Tensor) -> torch.Tensor:
        """Return the steps that Adam would take for each of the gradients (n, D).

        As in the code of LESS, the moments are not corrected for their start at zero, and epsilon
        stands under the root.
        """
        first, second = BETAS
        mean = first * self.mean + (1 - first) * gradients
        square = second * self.square + (1 - second) * gradients**2
        return mean / (square + EPSILON).sqrt()


@dataclass
class LoraWarmUp:
    """Warm-up of a model's adapters, trained when its checkpoints are first needed.

    Attributes:
        store: the catalog's files and database.
        base: the model without adapters.
        shape: of the adapters.
        recipe: of the training; its seed is the adapters' too.
        dtype: what products are taken in.
        part: what is trained on.
        window: ``max_length`` and ``turns``.
    """

    store: Store
    base: LanguageModel
    shape: LoraShape
    recipe: Recipe
    dtype: str
    part: WarmUpPart
    window: Mapping[str, Any]
    plain: CausalLM | None = None  # without adapters, where it travelled

    def __getstate__(self) -> dict[str, Any]:
        """Return the checkpoints, and the model without adapters."""
        checkpoints = self.checkpoints
        state = {key: each for key, each in self.__dict__.items() if key != "model"}
        self.base.release()
        return state | {"checkpoints": checkpoints, "plain": self._plain()}

    @property
    def folder(self) -> Path:
        """Return the folder of the checkpoints, and of the state of a run that was killed."""
        identity = dict(self.base.identity()) | dict(self.window)
        identity |= {"recipe": self.recipe.identity(), "lora": self.shape.text}
        identity |= {"dtype": self.dtype, "warm_up_sha256": self.part.sha256}
        sha256 = identity_sha256("gradients", self.base.name, identity)
        return self.store.models / f"warm-up-lora-{sha256[:16]}"

    @cached_property
    def model(self) -> tuple[CausalLM, Lora]:
        """Return the model with its adapters, loaded once."""
        from catalog.models.lora import add_lora

        self.base.release()
        lm = self.plain or self._plain()
        return lm, add_lora(lm, self.shape, seed=self.recipe.seed)

    def _plain(self) -> CausalLM:
        from catalog.models.causal_lm import load_causal_lm

        return load_causal_lm(self.base.source, dtype=self.dtype, to_train=True)

    @cached_property
    def checkpoints(self) -> list[LoraCheckpoint]:
        """Return the checkpoints, trained unless that was done before.

        Raises:
            SignalError: no member of the part has a response to learn from.
            LockedError: another process trains them.
        """
        self.store.scratch.mkdir(parents=True, exist_ok=True)
        with locked(self.store.scratch / f"{self.folder.name}.lock", wait=0.0):
            if not (self.folder / "shares.json").is_file():
                self._train()
        return list(self._saved())

    def projected(
        self, checkpoint: LoraCheckpoint, texts: Sequence[Tokens], *, is_adam: bool, dim: int
    ) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return the gradients of texts at a checkpoint, projected and of length one: (n, dim).

        Args:
            checkpoint: of this warm-up.
            texts: n texts with response tokens; at most a shard.
            is_adam: whether a gradient becomes Adam's step.
            dim: dimensions of the projection.
        """
        import torch

        from catalog.models.batches import token_batches
        from catalog.models.lora import example_gradients
        from catalog.models.rademacher import rademacher

        lm, lora = self.model
        lora.load(checkpoint.weights)
        vectors = np.empty((len(texts), dim), dtype=np.float32)
        n_held = max(1, GRADIENT_BYTES // (4 * lora.n_parameters))
        waiting: list[torch.Tensor] = []
        places: list[int] = []

        def project() -> None:
            found = rademacher(torch.cat(waiting), dim=dim, seed=self.recipe.seed)
            vectors[places] = torch.nn.functional.normalize(found, dim=1).cpu().numpy()
            waiting.clear()
            places.clear()

        for batch in token_batches([len(each.ids) for each in texts], budget=BUDGET):
            gradients = example_gradients(lm, lora, [texts[place] for place in batch])
            waiting.append(checkpoint.preconditioned(gradients) if is_adam else gradients)
            places += batch.tolist()
            if len(places) >= n_held:
                project()
        if places:
            project()
        return vectors

    def _train(self) -> None:
        """Train, and write the checkpoints; the shares of the rates come last."""
        from safetensors.torch import save_file

        from catalog.models.training import train

        lm, lora = self.model
        texts = read_texts(self.store, self.part.rows.select(["instruction_id"]))
        tokens = tokens_of_texts(texts, lm, **self.window)
        n_usable = sum(each.reason is None for each in tokens)
        if not n_usable:
            raise SignalError(
                f"none of {len(tokens):,} members of the warm-up has a response to learn from: "
                "choose a larger --warm-up or another --seed"
            )
        for checkpoint in train(lm, tokens, recipe=self.recipe, folder=self.folder / "run"):
            state = [checkpoint.optimizer.state[each] for each in lora.parameters]
            tensors = {"weights": lora.weights().cpu()} | {
                name: _flat([each[name] for each in state]) for name in ("exp_avg", "exp_avg_sq")
            }
            save_file(tensors, self.folder / f"{checkpoint.number:02d}.safetensors")
        with replacing(self.folder / "shares.json") as file:
            file.write_text(json.dumps(rate_shares(self.recipe, n_usable)))
        shutil.rmtree(self.folder / "run", ignore_errors=True)

    def _saved(self) -> Iterator[LoraCheckpoint]:
        from safetensors.torch import load_file

        device = str(self.model[0].device)
        for number, share in enumerate(json.loads((self.folder / "shares.json").read_text()), 1):
            tensors = load_file(self.folder / f"{number:02d}.safetensors", device=device)
            yield LoraCheckpoint(
                share, tensors["weights"], tensors["exp_avg"], tensors["exp_avg_sq"]
            )


def rate_shares(recipe: Recipe, n_instructions: int) -> list[float]:
    """Return each checkpoint's mean learning rate since the one before, over the sum of all.

    A single step of a linear schedule has the rate zero: shares are then equal.

    >>> shares = rate_shares(Recipe(epochs=2, checkpoints=2, batch=1), 4)
    >>> [round(share, 2) for share in shares]
    [0.75, 0.25]
    """
    marks = recipe.marks(n_instructions)
    rates = [recipe.rate(step, marks[-1]) for step in range(marks[-1])]
    means = [float(np.mean(rates[a:b])) for a, b in pairwise([0, *marks])]
    if not any(means):
        return [1 / len(means)] * len(means)
    return [mean / sum(means) for mean in means]


def _flat(tensors: list[torch.Tensor]) -> torch.Tensor:
    import torch

    return torch.cat([each.detach().reshape(-1).cpu() for each in tensors])
