"""Run of training and scoring: its options and its progress."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from catalog.compute.losses.recorder import (
    Members,
    Stopwatch,
    fingerprints_sha256,
    record_checkpoint,
)
from catalog.compute.proxies import checkpoint_file, proxy_name, start_identity
from catalog.compute.shard_runner import Progress
from catalog.engine import Engine
from catalog.models.lora_shape import LoraShape
from catalog.models.recipe import Recipe
from catalog.signals.kind_options import Turns, turns_identity
from catalog.signals.registry import Signal
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM

VERSION = 2  # of this computation; a change that changes values counts it up


@dataclass
class LossRun:
    """Options and progress of a run; ``is_usual`` if the number of checkpoints is the default."""

    store: Store
    reference: Reference
    proxy: str
    recipe: Recipe
    max_length: int
    turns: Turns
    lora: LoraShape | None
    keep_checkpoints: bool | None
    limit: int | None
    chunk_rows: int
    progress: Progress | None
    is_usual: bool
    engine: Engine | None = None
    watch: Stopwatch = field(default_factory=Stopwatch)
    n_done: int = (
        0  # in scored instructions; a trained one counts three: forward, and backward twice
    )
    n_total: int = 0
    n_tokens: int = 0

    @property
    def name(self) -> str:
        """Return the name of the signal."""
        return proxy_name(self.proxy)

    def identity(self, members: pa.Table) -> dict[str, Any]:
        """Return what decides the values, without the precision of a new proxy."""
        adapters = {"lora": self.lora.text} if self.lora else {}
        return (
            adapters
            | {
                "start": start_identity(self.proxy, seed=self.recipe.seed),
                "recipe": self.recipe.identity(),
                "max_length": self.max_length,
                "trained_on": fingerprints_sha256(members),
                "version": VERSION,
            }
            | turns_identity(self.turns)
        )

    def trained(self, n_instructions: int, n_tokens: int) -> None:
        """Count training."""
        self._tell(3 * n_instructions, n_tokens)

    def scored(self, n_instructions: int, n_tokens: int) -> None:
        """Count scoring."""
        self._tell(n_instructions, n_tokens)

    def _tell(self, n_done: int, n_tokens: int) -> None:
        self.n_done += n_done
        self.n_tokens += n_tokens
        if self.progress:
            self.progress(self.n_done, self.n_total, self.n_tokens)

    def record(
        self,
        signal: Signal,
        lm: CausalLM,
        members: Members,
        *,
        checkpoint: int,
        step: int = 0,
        n_steps: int = 1,
    ) -> None:
        """Write every member's loss at one checkpoint."""
        record_checkpoint(
            self.store,
            signal,
            lm,
            members,
            checkpoint=checkpoint,
            step=step,
            epoch=step / n_steps * self.recipe.epochs,
            watch=self.watch,
            chunk_rows=self.chunk_rows,
            engine=self.engine,
            progress=self.scored,
        )

    def keep(self, signal: Signal, lm: CausalLM, *, checkpoint: int) -> None:
        """Save the weights of a checkpoint atomically."""
        from catalog.models.resume import save_weights

        file = checkpoint_file(self.store, signal, checkpoint)
        if file.is_file():
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}")
        save_weights(lm.model, draft)
        draft.replace(file)
