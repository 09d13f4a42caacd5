"""Gradients: for each instruction, the direction in which training on it moves a model.

LESS selects by them (Xia et al. 2024, arXiv 2402.04333). A vector holds the gradient at every
checkpoint of a warm-up, projected, of length one, times the square root of the checkpoint's
share of the learning rate. So the inner product of two vectors is the influence of LESS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from catalog.compute.language_model import LanguageModel, model_signal, resumable, tokens_of_texts
from catalog.compute.lora_warm_up import LoraWarmUp
from catalog.compute.shard_runner import SHARD_ROWS, ComputeReport, Progress, compute
from catalog.compute.shard_writer import Values
from catalog.compute.turns import same_values
from catalog.compute.warm_up import WarmUpPart, warm_up_part
from catalog.engine import Engine
from catalog.models.lora_shape import LoraShape
from catalog.models.recipe import Recipe
from catalog.signals.kinds.gradients import WARM_UP_RATE, GradientsOptions
from catalog.signals.registry import Signal, list_named
from catalog.store.references import Reference, resolve
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.tokens import Tokens

VERSION = 2  # of this computation; a change that changes values counts it up
SHARD_BYTES = 64 * 2**20  # what one shard's vectors may hold in memory
BATCH = 32  # instructions a step of the warm-up, as in the paper
ADAM, SGD = "adam", "sgd"


def compute_gradients(
    store: Store,
    reference: Reference,
    *,
    model: str,
    target_of: str | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
    **options: Any,
) -> ComputeReport:
    """Compute the gradients of the members that have none yet.

    A random part of the pool warms adapters up; a later version of the pool keeps those of an
    earlier one. A member's gradient is what Adam makes of it with the state of the warm-up, a
    target's is plain, as in the paper.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        model: a proxy that was trained here, such as ``tiny``; else a Hugging Face id or a path.
        target_of: the pool that is selected from, where the members are examples of a target.
        limit: the size of the sample to compute; None computes every member.
        progress: called after each shard.
        engine: where gradients are computed; None is this process, which warms up in any case.
        options: those of `GradientsOptions`.

    Raises:
        ModelNotFoundError: there is no such model here.
        SignalError: the warm-up part is empty, or was removed and cannot be trained on again.
        OptionError: an option is out of its range.
    """
    pool = reference
    if target_of is not None:
        with store.reading() as connection:
            pool = resolve(connection, target_of)
    job = _Job(store, pool, model, GradientsOptions(**options))
    signal = job.signal(reference, optimizer=SGD if target_of else ADAM)
    vectors = job.vectors_of(signal)
    rows = int(np.clip(SHARD_BYTES // (4 * (signal.dimension or 1)), 32, SHARD_ROWS))
    return compute(
        *(store, reference, signal, vectors),
        shard_rows=rows,
        limit=limit,
        progress=progress,
        engine=engine,
    )


@dataclass
class _Job:
    """The warm-up of a pool, and the gradients at its checkpoints."""

    store: Store
    pool: Reference
    model_name: str
    options: GradientsOptions

    @cached_property
    def model(self) -> LanguageModel:
        """The model without adapters."""
        return LanguageModel(self.store, self.model_name)

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe of the warm-up: as many epochs as checkpoints."""
        n, rate = self.options.checkpoints, self.options.learning_rate
        recipe = Recipe(epochs=n, checkpoints=n, batch=BATCH, seed=self.options.seed)
        recipe = replace(recipe, schedule="linear")  # as in the code of LESS
        if self.model.is_trained_here:
            rate = rate or WARM_UP_RATE
        return replace(recipe, learning_rate=rate or recipe.learning_rate)

    def signal(self, reference: Reference, *, optimizer: str) -> Signal:
        """Return the signal of one side, created if it is new."""
        identity = self._identity() | {"warm_up_sha256": self.part.sha256, "optimizer": optimizer}
        return model_signal(
            self.store,
            reference,
            self.model,
            kind="gradients",
            name=self.model.name,
            identity=identity | {"version": VERSION},
            dimension=self.options.dim * self.options.checkpoints,
            has_vectors=True,
            details={
                **self.part.recorded,
                "n_warm_up": self.part.rows.num_rows,
                "model": self.model_name,
            },
        )

    def _identity(self) -> dict[str, Any]:
        options = self.options.identity() | {"recipe": self.recipe.identity()}
        return dict(self.model.identity()) | options

    @cached_property
    def part(self) -> WarmUpPart:
        """The part of the pool that the adapters are warmed up on, of an earlier version if any."""
        with self.store.reading() as connection:
            known = list_named(connection, kind="gradients", name=self.model.name)
            wanted = list(same_values(connection, self.pool, self._identity()))
        return warm_up_part(
            *(self.store, self.pool),
            share=self.options.warm_up,
            seed=self.options.seed,
            known=[signal for signal in known if _comparable(signal.identity) in wanted],
        )

    def vectors_of(self, signal: Signal) -> Callable[[pa.Table], Values]:
        """Return what computes a shard of a signal."""
        warm_up = LoraWarmUp(
            self.store,
            self.model,
            LoraShape.parsed(self.options.lora),
            self.recipe,
            dtype=signal.identity["dtype"],
            part=self.part,
            window={"max_length": self.options.max_length, "turns": self.options.turns},
        )

        dim, dtype = self.options.dim, self.options.dtype

        def values(texts: pa.Table) -> Values:
            lm, _ = warm_up.model
            tokens = tokens_of_texts(texts, lm, **warm_up.window)
            return _values(texts, tokens, _vectors(warm_up, signal, tokens, dim=dim), dtype)

        return values


def _vectors(
    warm_up: LoraWarmUp, signal: Signal, tokens: list[Tokens], *, dim: int
) -> np.ndarray[Any, Any]:
    """Return the vectors of texts, float32 (n, C dim); NaN where there is no gradient."""
    vectors = np.full((len(tokens), signal.dimension or 0), np.nan, dtype=np.float32)
    kept = [place for place, each in enumerate(tokens) if each.reason is None]
    is_adam = signal.identity["optimizer"] == ADAM
    for number, checkpoint in enumerate(warm_up.checkpoints):
        projected = warm_up.projected(
            checkpoint, [tokens[place] for place in kept], is_adam=is_adam, dim=dim
        )
        part = slice(number * dim, (number + 1) * dim)
        vectors[kept, part] = checkpoint.share**0.5 * projected
    return vectors


def _comparable(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return an identity without the members of the warm-up, the optimizer and the version."""
    left_out = ("warm_up_sha256", "optimizer", "version")
    return {key: value for key, value in resumable(identity).items() if key not in left_out}


def _values(
    texts: pa.Table, tokens: list[Tokens], vectors: np.ndarray[Any, Any], dtype: str
) -> Values:
    ids = texts["instruction_id"].to_numpy()
    is_number = np.isfinite(vectors).all(axis=1)
    gaps = [
        (int(i), each.reason or "not_a_number")
        for i, each, has_value in zip(ids, tokens, is_number, strict=True)
        if not has_value
    ]
    flat = pa.array(vectors[is_number].astype(dtype).reshape(-1))
    column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return Values(
        pa.table({"instruction_id": ids[is_number], "vector": column}),
        gaps=gaps,
        n_tokens=sum(len(each.ids) for each in tokens),
        n_truncated=sum(each.is_truncated for each in tokens),
    )
