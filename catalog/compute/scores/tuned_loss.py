"""Loss of a response under the fine-tuned model, the second half of `depth`."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from catalog.compute.language_model import resumable, tokens_of_texts
from catalog.compute.scores.measure import Measure, ScoreContext, loss_values, measured_score
from catalog.compute.shard_runner import Values, read_texts
from catalog.errors import SignalError
from catalog.models.recipe import Recipe
from catalog.signals.registry import Signal, identity_sha256, list_named
from catalog.store.queries import query

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
    recipe = replace(SMALL if context.model.is_trained_here else RECIPE, seed=context.seed)
    common = context.model.identity() | {
        "base": base.identity_sha256,
        "recipe": recipe.identity(),
        "share": context.warm_up,
        "max_length": context.max_length,
    }
    reference = context.reference
    details = reference.parameters
    earlier = _earlier(context, common)
    part = _warm_up_part(context, earlier.details if earlier else details)
    warm_up = hashlib.sha256("\n".join(part["fingerprint"].to_pylist()).encode()).hexdigest()
    if earlier and warm_up != earlier.identity["warm_up_sha256"]:
        version = f"{reference.name}@{earlier.details['version']}"
        raise SignalError(
            f"depth's warm-up part of {version} was removed: choose another --seed to sample anew"
        )
    if not part.num_rows:
        raise SignalError(
            f"a warm-up share of {context.warm_up} samples no member of {reference}: "
            "choose a larger --warm-up"
        )
    identity = common | {"warm_up_sha256": warm_up}
    tuning = _Tuning(context, base, recipe, part, identity)
    return Measure(identity, tuning.values, details=details | {"n_warm_up": part.num_rows})


def _earlier(context: ScoreContext, common: Mapping[str, Any]) -> Signal | None:
    """Return the signal of the same tuning on this version of the pool or an earlier one."""
    with context.store.reading() as connection:
        known = list_named(connection, kind="score", name="tuned_loss")
    for signal in known:
        if _is_of_earlier_version(signal, context) and _comparable(signal) == common:
            return signal
    return None


def _comparable(signal: Signal) -> dict[str, Any]:
    """Return an identity without the warm-up part and the version."""
    identity = resumable(signal.identity)
    return {
        key: value for key, value in identity.items() if key not in ("warm_up_sha256", "version")
    }


def _is_of_earlier_version(signal: Signal, context: ScoreContext) -> bool:
    recorded, reference = signal.details, context.reference
    is_same_pool = (recorded["kind"], recorded["id"]) == (reference.kind, reference.id)
    return is_same_pool and bool(recorded["version"] <= reference.version)


def _warm_up_part(context: ScoreContext, recorded: Mapping[str, Any]) -> pa.Table:
    """Return the warm-up part, ``instruction_id`` and ``fingerprint``, in order of fingerprint.

    The fingerprints, the seed and the share decide it.
    """
    parameters = {key: recorded[key] for key in ("kind", "id", "version")}
    parameters |= {"seed": context.seed, "share": context.warm_up}
    with context.store.reading() as connection:
        return connection.sql(query("scores/warm_up"), params=parameters).to_arrow_table()


@dataclass
class _Tuning:
    """The tuned model, made when first needed, and the losses under it."""

    context: ScoreContext
    base: Signal
    recipe: Recipe
    part: pa.Table
    identity: Mapping[str, Any]
    _loaded: list[CausalLM] = field(default_factory=list)

    def values(self, texts: pa.Table) -> Values:
        """Return one shard's losses under the tuned model; the warm-up part has none."""
        import pyarrow.compute as pc

        from catalog.models.losses import response_losses

        if not self._loaded:
            self._loaded.append(self._model())
        computed = loss_values(
            texts, self._loaded[0], response_losses, max_length=self.context.max_length
        )
        ids = computed.rows["instruction_id"]
        is_warm = pc.is_in(ids, self.part["instruction_id"].combine_chunks())
        warm = [(i, WARM_UP) for i in ids.filter(is_warm).to_pylist()]
        rows = computed.rows.filter(pc.invert(is_warm))
        return replace(computed, rows=rows, gaps=[*computed.gaps, *warm])

    @property
    def folder(self) -> Path:
        """The folder of the tuned model, and of the state of a run that was killed."""
        sha256 = identity_sha256("score", "tuned_loss", self.identity)
        return self.context.store.models / f"warm-up-{sha256[:16]}"

    def _model(self) -> CausalLM:
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
        tokens = tokens_of_texts(texts, lm, max_length=context.max_length)
        for _ in train(lm, tokens, recipe=self.recipe, folder=self.folder / "run"):
            pass
        save_causal_lm(lm, final)
        shutil.rmtree(self.folder / "run", ignore_errors=True)
