"""Loss of a response under the fine-tuned model, the second half of `depth`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from catalog.compute.language_model import resumable, tokens_of_texts
from catalog.compute.scores.measure import Measure, ScoreContext, loss_values, measured_score
from catalog.compute.shard_runner import read_texts
from catalog.compute.shard_writer import Values
from catalog.compute.warm_up import warm_up_part
from catalog.engine.lazy import Lazy
from catalog.models.recipe import Recipe
from catalog.signals.kind_options import LAST
from catalog.signals.registry import Signal, identity_sha256, list_named

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM

WARM_UP = "warm_up"
RECIPE = Recipe(learning_rate=2e-5, epochs=3, batch=16, checkpoints=1)
SMALL = replace(RECIPE, learning_rate=3e-4)  # for a proxy that was trained here from scratch


@measured_score
def tuned_loss(context: ScoreContext) -> Measure:
    """Measure CE(y | x) under the model fine-tuned on a random warm-up part of the members.

    The warm-up part has no value, with the reason ``warm_up``. A later version of a pool is scored
    with the model that an earlier version tuned, so only new members are computed.

    Raises:
        SignalError: the warm-up part is empty, or was removed and cannot be tuned on again.
    """
    base = context.signal("response_loss")
    recipe = replace(SMALL if context.model.is_trained_here else RECIPE, seed=context.options.seed)
    common = context.model.identity() | {
        "base": base.identity_sha256,
        "recipe": recipe.identity(),
        "share": context.options.warm_up,
        "max_length": context.options.max_length,
    }
    if "turns" in base.identity:
        common["turns"] = base.identity["turns"]
    with context.store.reading() as connection:
        known = list_named(connection, kind="score", name="tuned_loss")
    part = warm_up_part(
        *(context.store, context.reference),
        share=context.options.warm_up,
        seed=context.options.seed,
        known=[signal for signal in known if _comparable(signal) == common],
    )
    identity = common | {"warm_up_sha256": part.sha256}
    tuning = _Tuning(context, base, recipe, part.rows, identity)
    loaded, window = Lazy(tuning.model), tuning.window
    warm_up = part.rows["instruction_id"].combine_chunks()

    def values(texts: pa.Table) -> Values:
        return _values(loaded(), texts, warm_up, window)

    details = context.reference.parameters | {"n_warm_up": part.rows.num_rows}
    return Measure(identity, values, details=details)


def _comparable(signal: Signal) -> dict[str, Any]:
    """Return an identity without the warm-up part and the version."""
    identity = resumable(signal.identity)
    return {
        key: value for key, value in identity.items() if key not in ("warm_up_sha256", "version")
    }


def _values(lm: CausalLM, texts: pa.Table, warm_up: pa.Array, window: Mapping[str, Any]) -> Values:
    """Return one shard's losses under the tuned model; the warm-up part has none."""
    import pyarrow.compute as pc

    from catalog.models.losses import response_losses

    computed = loss_values(texts, lm, response_losses, **window)
    ids = computed.rows["instruction_id"]
    is_warm = pc.is_in(ids, warm_up)
    warm = [(i, WARM_UP) for i in ids.filter(is_warm).to_pylist()]
    rows = computed.rows.filter(pc.invert(is_warm))
    return replace(computed, rows=rows, gaps=[*computed.gaps, *warm])


@dataclass
class _Tuning:
    """Tuning of a model on the warm-up part."""

    context: ScoreContext
    base: Signal
    recipe: Recipe
    part: pa.Table
    identity: Mapping[str, Any]

    @property
    def window(self) -> dict[str, Any]:
        """Return the part of a text that is read, as for the losses before."""
        turns = self.base.identity.get("turns", LAST)
        return {"max_length": self.context.options.max_length, "turns": turns}

    @property
    def folder(self) -> Path:
        """The folder of the tuned model, and of the state of a run that was killed."""
        sha256 = identity_sha256("score", "tuned_loss", self.identity)
        return self.context.store.models / f"warm-up-{sha256[:16]}"

    def model(self) -> CausalLM:
        """Return the tuned model, which is tuned unless it is there."""
        from catalog.models.causal_lm import load_causal_lm

        final = self.folder / "final"
        if not final.is_dir():
            self._tune(final)
        return load_causal_lm(final, dtype=self.base.identity["dtype"])

    def _tune(self, final: Path) -> None:
        from catalog.models.causal_lm import load_causal_lm, save_causal_lm
        from catalog.models.training import train

        context = self.context
        context.model.release()
        lm = load_causal_lm(context.model.source, dtype=self.base.identity["dtype"], to_train=True)
        texts = read_texts(context.store, self.part.select(["instruction_id"]))
        tokens = tokens_of_texts(texts, lm, **self.window)
        for _ in train(lm, tokens, recipe=self.recipe, folder=self.folder / "run"):
            pass
        save_causal_lm(lm, final)
        shutil.rmtree(self.folder / "run", ignore_errors=True)
