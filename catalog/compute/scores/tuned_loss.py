"""The loss of a response under the model, tuned a little: the second half of depth."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from catalog.compute.language_model import resumable, tokens_of_texts
from catalog.compute.scores.formula import Measure, loss_values
from catalog.compute.shard_runner import Values, read_texts
from catalog.errors import SignalError
from catalog.models.recipe import Recipe
from catalog.signals.registry import Signal, identity_sha256, list_named
from catalog.store.queries import query

if TYPE_CHECKING:
    from catalog.compute.scores.scoring import Scoring
    from catalog.models.causal_lm import CausalLM

WARM_UP = "warm_up"
RECIPE = Recipe(learning_rate=2e-5, epochs=3, batch=16, checkpoints=1)
SMALL = replace(RECIPE, learning_rate=3e-4)  # for a proxy that was trained here from scratch


def tuned_loss(scoring: Scoring) -> Measure:
    """CE(y | x) under the model, fine-tuned on a random warm-up part of the members; that part has none (``warm_up``).

    A later version of a pool is scored with the model that an earlier version tuned, so that new
    members cost themselves alone.

    Raises:
        SignalError: the warm-up part is empty, or no longer there to tune on again.
    """
    base = scoring.signal("response_loss")
    recipe = replace(SMALL if scoring.model.is_trained_here else RECIPE, seed=scoring.seed)
    common = scoring.model.identity() | {
        "base": base.identity_sha256,
        "recipe": recipe.identity(),
        "share": scoring.warm_up,
        "max_length": scoring.max_length,
    }
    reference = scoring.reference
    details = reference.parameters
    earlier = _earlier(scoring, common)
    part = _drawn(scoring, earlier.details if earlier else details)
    warm_up = hashlib.sha256("\n".join(part["fingerprint"].to_pylist()).encode()).hexdigest()
    if earlier and warm_up != earlier.identity["warm_up_sha256"]:
        raise SignalError(
            f"depth's warm-up part of {reference.name}@{earlier.details['version']} is no longer there: choose another --seed to draw anew"
        )
    if not part.num_rows:
        raise SignalError(
            f"a share of {scoring.warm_up} draws no warm-up part from {reference}: choose a larger --warm-up"
        )
    identity = common | {"warm_up_sha256": warm_up}
    tuning = _Tuning(scoring, base, recipe, part, identity)
    return Measure(identity, tuning.values, details=details | {"n_warm_up": part.num_rows})


def _earlier(scoring: Scoring, common: Mapping[str, Any]) -> Signal | None:
    """The signal of this pool, or of a version of it before, that is the same but for its warm-up part."""
    reference = scoring.reference
    with scoring.store.reading() as connection:
        known = list_named(connection, kind="score", name="tuned_loss")
    for signal in known:
        same = {
            key: value
            for key, value in resumable(signal.identity).items()
            if key not in ("warm_up_sha256", "version")
        }
        made = signal.details
        if (
            same == common
            and made["kind"] == reference.kind
            and made["id"] == reference.id
            and made["version"] <= reference.version
        ):
            return signal
    return None


def _drawn(scoring: Scoring, made: Mapping[str, Any]) -> pa.Table:
    """The warm-up part, ``instruction_id`` and ``fingerprint``, in the order of fingerprints: fixed by them, the seed and the share."""
    at = {key: made[key] for key in ("kind", "id", "version")} | {
        "seed": scoring.seed,
        "share": scoring.warm_up,
    }
    with scoring.store.reading() as connection:
        return connection.sql(query("scores/warm_up"), params=at).to_arrow_table()


@dataclass
class _Tuning:
    """The tuned model, made when first needed, and the losses under it."""

    scoring: Scoring
    base: Signal
    recipe: Recipe
    part: pa.Table
    identity: Mapping[str, Any]
    _loaded: list[CausalLM] = field(default_factory=list)

    def values(self, texts: pa.Table) -> Values:
        """One shard's losses under the tuned model; members of the warm-up part have none."""
        import pyarrow.compute as pc

        from catalog.models.losses import response_losses

        if not self._loaded:
            self._loaded.append(self._model())
        made = loss_values(
            texts, self._loaded[0], response_losses, max_length=self.scoring.max_length
        )
        is_warm = pc.is_in(
            made.rows["instruction_id"], self.part["instruction_id"].combine_chunks()
        )
        gaps = [
            *made.gaps,
            *((i, WARM_UP) for i in made.rows["instruction_id"].filter(is_warm).to_pylist()),
        ]
        return replace(made, rows=made.rows.filter(pc.invert(is_warm)), gaps=gaps)

    @property
    def folder(self) -> Path:
        """Where the tuned model is kept, and the state of a run that was killed."""
        return (
            self.scoring.store.models
            / f"warm-up-{identity_sha256('score', 'tuned_loss', self.identity)[:16]}"
        )

    def _model(self) -> CausalLM:
        from catalog.models.causal_lm import load_causal_lm

        final = self.folder / "final"
        if not final.is_dir():
            self._tune(final)
        return load_causal_lm(final, dtype=self.base.identity["dtype"])

    def _tune(self, final: Path) -> None:
        from catalog.models.causal_lm import load_causal_lm, save_causal_lm
        from catalog.models.training import train

        scoring = self.scoring
        scoring.model.release()
        lm = load_causal_lm(scoring.model.source, dtype=self.base.identity["dtype"], to_train=True)
        texts = read_texts(scoring.store, self.part.select(["instruction_id"]))
        tokens = tokens_of_texts(texts, lm, max_length=scoring.max_length)
        for _ in train(lm, tokens, recipe=self.recipe, folder=self.folder / "run"):
            pass
        save_causal_lm(lm, final)
        shutil.rmtree(self.folder / "run", ignore_errors=True)
