"""Proxies: the models that are trained here, and their files."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from catalog.compute.losses.recorder import texts_of
from catalog.errors import OptionError, SignalError
from catalog.models.lora_shape import LoraShape
from catalog.models.recipe import TINY_RECIPE, Recipe
from catalog.models.tiny import build_tiny, tiny_identity
from catalog.models.weights import model_id
from catalog.query.trajectories import START
from catalog.signals.options import TINY
from catalog.signals.registry import Signal, list_named
from catalog.signals.resolve import command_for
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM


def proxy_folder(store: Store, signal: Signal) -> Path:
    """Return the folder of a proxy's training state, checkpoints and final weights."""
    return store.models / f"{re.sub(r'[^A-Za-z0-9._-]', '-', signal.name)}-{signal.signal_id:04d}"


def final_folder(store: Store, signal: Signal) -> Path:
    """Return the folder of the trained model as Hugging Face files."""
    return proxy_folder(store, signal) / "final"


def checkpoint_file(store: Store, signal: Signal, checkpoint: int) -> Path:
    """Return the file of the weights at one checkpoint, kept of small proxies.

    Checkpoints count from 0; `START` is the model before training.
    """
    name = "start" if checkpoint == START else f"{checkpoint:02d}"
    return proxy_folder(store, signal) / "checkpoints" / f"{name}.safetensors"


def find_proxy(
    store: Store,
    name: str,
) -> Path | None:
    """Return the folder of the newest fully trained proxy of a name; a sample does not count."""
    if not store.database.exists():
        return None
    with store.reading() as connection:
        known = list_named(connection, kind="losses", name=name)
    trained = [
        final_folder(store, signal) for signal in known if not signal.details.get("is_sample")
    ]
    return next((folder for folder in trained if folder.is_dir()), None)


def trained_proxy(
    store: Store,
    name: str,
) -> str:
    """Return what to load for a model's name: a proxy trained here, else the hub id or path itself.

    Raises:
        SignalError: the name is ``tiny`` and none was trained yet.
    """
    folder = find_proxy(store, name)
    if folder is None and name == TINY:
        command = command_for("losses", "POOL", TINY)
        problem = "no proxy `tiny` was trained in this catalog yet"
        raise SignalError(f"{problem}: `{command}` trains one", command=command)
    return name if folder is None else str(folder)


def proxy_name(proxy: str) -> str:
    """Return the name of a proxy's losses: ``tiny``, or the last part of a hub id or path.

    >>> proxy_name("EleutherAI/pythia-70m")
    'pythia-70m'
    """
    if proxy == TINY:
        return proxy
    return model_id(proxy).rsplit("/", 1)[-1]


def start_identity(proxy: str, *, seed: int) -> dict[str, Any]:
    """Return what decides the model that training starts from, without the precision.

    Raises:
        ModelNotFoundError: there is no such model here.
    """
    if proxy == TINY:
        identity = tiny_identity(seed=seed)
    else:
        from catalog.models.causal_lm import lm_identity

        identity = lm_identity(proxy, dtype="")
    return {key: value for key, value in identity.items() if key != "dtype"}


def start_dtype(proxy: str) -> str:
    """Return the precision of a new proxy: bfloat16 on a GPU, float32 on the CPU and for tiny."""
    from catalog.models.device import best_device

    if proxy != TINY and best_device().type == "cuda":
        return "bfloat16"
    return "float32"


def start_model(
    store: Store,
    signal: Signal,
    proxy: str,
    members: pa.Table,
    *,
    seed: int,
) -> CausalLM:
    """Return the model that training starts from, with its adapters if it trains some.

    A resumed run starts from the same one.
    """
    from catalog.models.causal_lm import load_causal_lm, save_causal_lm
    from catalog.models.lora import add_lora

    dtype = signal.identity["start"]["dtype"]
    if proxy != TINY:
        lm = load_causal_lm(proxy, dtype=dtype, to_train=True)
        if "lora" in signal.identity:
            add_lora(lm, LoraShape.parsed(signal.identity["lora"]), seed=seed, dropout=0.0)
        return lm
    folder = proxy_folder(store, signal) / "start"
    if not folder.is_dir():
        texts = (
            text
            for shard in texts_of(store, members)
            for pair in zip(shard["prompt"].to_pylist(), shard["response"].to_pylist(), strict=True)
            for text in pair
            if text
        )
        folder.parent.mkdir(parents=True, exist_ok=True)
        save_causal_lm(build_tiny(texts, seed=seed), folder)
    return load_causal_lm(folder, dtype=dtype, to_train=True)


def recipe_of(proxy: str, changes: Mapping[str, Any], *, n_instructions: int) -> Recipe:
    """Return the proxy's recipe with changes; None leaves a default.

    The default number of checkpoints is at most one per step.

    Raises:
        OptionError: a recipe has no such field, or its value makes no sense.
    """
    asked = {name: value for name, value in changes.items() if value is not None}
    try:
        recipe = replace(TINY_RECIPE if proxy == TINY else Recipe(), **asked)
    except TypeError:
        fields = ", ".join(Recipe.__dataclass_fields__)
        raise OptionError(f"a recipe has the fields {fields}, got {', '.join(asked)}") from None
    if "checkpoints" in asked or not n_instructions:
        return recipe
    return replace(recipe, checkpoints=min(recipe.checkpoints, recipe.n_steps(n_instructions)))


def sweep_drafts(store: Store, signal: Signal) -> None:
    """Remove the unfinished files of a killed run."""
    folder = proxy_folder(store, signal)
    for draft in [*folder.glob(".*"), *folder.glob("checkpoints/.*")]:
        shutil.rmtree(draft) if draft.is_dir() else draft.unlink()


def sweep_training(store: Store, signal: Signal) -> None:
    """Remove the files that only training needs: optimiser state, token ids, start model."""
    for part in ("run", "tokens", "start"):
        shutil.rmtree(proxy_folder(store, signal) / part, ignore_errors=True)
