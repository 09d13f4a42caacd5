"""Record loss trajectories from a run of Hugging Face's Trainer, or TRL's built on it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from transformers import TrainerCallback

from catalog.catalog import Catalog
from catalog.compute.losses.callback_run import ObservedRun, observe
from catalog.errors import SignalError
from catalog.models.causal_lm import CausalLM
from catalog.signals.kind_options import Turns
from catalog.signals.kinds.losses import LossesOptions


class RecordLosses(TrainerCallback):
    """Score every member of a pool with the model in training, at every save and at the end.

    The trajectories are written as ``catalog losses train`` writes its own. The run itself is not
    disturbed: no random number is drawn, and every module is left in the mode that it was in. A run
    that is resumed from a checkpoint goes on with its trajectories. Only the first process of a run
    with several scores and writes, so that it must hold the whole model: one device or DDP, not
    FSDP or DeepSpeed::

        trainer = Trainer(model=model, processing_class=tokenizer, ...,
        callbacks=[RecordLosses(".catalog", "alpaca", proxy="pythia-70m")])

    Args:
        catalog: a catalog or its folder.
        reference: the pool or subset whose members are scored.
        proxy: what the signal is called, e.g. in ``trajectories('alpaca', proxy => 'pythia-70m')``.
        steps: score after these optimiser steps instead.
        max_length: the window in tokens.
        turns: all turns of the assistant that a trainer learns from, or the last.
    """

    def __init__(
        self,
        catalog: Catalog | str | os.PathLike[str],
        reference: str,
        *,
        proxy: str,
        steps: Collection[int] | None = None,
        max_length: int = 512,
        turns: Turns = LossesOptions.turns,
    ) -> None:
        self.catalog = catalog if isinstance(catalog, Catalog) else Catalog.open(os.fspath(catalog))
        self.reference = reference
        self.proxy = proxy
        self.steps = steps
        self.max_length = max_length
        self.turns = turns
        self._lm: CausalLM | None = None
        self._run: ObservedRun | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Find the members, and what an interrupted run recorded.

        Raises:
            ReferenceNotFoundError: no such pool or subset.
            SignalError: the trainer has no tokenizer, its model is in pieces, or only virtual
                tokens are trained.
        """
        if not state.is_world_process_zero:
            return
        if getattr(args, "deepspeed", None) or getattr(args, "fsdp", None):
            raise SignalError(
                "RecordLosses needs the whole model in one process, and FSDP and DeepSpeed cut it: "
                "train on one device or DDP"
            )
        wrapped = getattr(kwargs["model"], "module", kwargs["model"])
        if getattr(getattr(wrapped, "active_peft_config", None), "is_prompt_learning", False):
            raise SignalError(
                "RecordLosses scores without PEFT's virtual tokens, and prompt tuning trains "
                "nothing else: train an adapter"
            )
        model, tokenizer = _plain(kwargs["model"]), kwargs.get("processing_class")
        tokenizer = getattr(tokenizer, "tokenizer", tokenizer)
        if tokenizer is None:
            raise SignalError(
                "RecordLosses needs the tokenizer: give the trainer processing_class=tokenizer"
            )
        with _undisturbed(model):
            dtype = str(model.dtype).removeprefix("torch.")
            if getattr(args, "bf16", False):
                dtype = "bfloat16"
            self._lm = CausalLM(model, tokenizer, self.proxy, dtype)
            self._run = observe(
                self.catalog.store,
                self.catalog.find(self.reference),
                self._lm,
                name=self.proxy,
                step=state.global_step,
                max_length=self.max_length,
                turns=self.turns,
            )
        if state.global_step:  # a run that died between a save and its scores
            self._at_save(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Score after a wanted step."""
        if self.steps is not None and state.global_step in self.steps:
            self._record(state)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Score at a save, unless steps were asked for."""
        self._at_save(state)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Score at the end unless steps were asked for, and make the trajectories readable."""
        self._at_save(state)
        if self._run:
            self._run.finish()
        self._run = self._lm = None

    def _at_save(self, state: Any) -> None:
        if self.steps is None or state.global_step in self.steps:
            self._record(state)

    def _record(self, state: Any) -> None:
        if self._run and self._lm:
            with _undisturbed(self._lm.model):
                self._run.record(self._lm, step=state.global_step, epoch=float(state.epoch or 0.0))


def _plain(model: Any) -> Any:
    """Return the language model inside what trainers wrap around it; adapters stay in it."""
    model = getattr(model, "module", model)
    if hasattr(model, "get_base_model"):
        return model.get_base_model()
    return model


@contextmanager
def _undisturbed(model: Any) -> Iterator[None]:
    """Leave the random state and the mode of every module as they were."""
    import torch

    modes = [(module, module.training) for module in model.modules()]
    devices = [model.device] if model.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        for module, is_training in modes:
            module.training = is_training
