"""Identity of an encoder: what decides its vectors, read from its files."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from catalog.models.weights import (
    MINILM,
    config_sha256,
    model_folder,
    model_id,
    read_json,
    tokenizer_sha256,
    weights_sha256,
)

PREFIX = "lm:"
"""What stands before a causal language model that embeds by its states."""


def is_language_model(name: str | os.PathLike[str]) -> bool:
    """Return whether an encoder's name means a causal language model.

    >>> is_language_model("lm:EleutherAI/pythia-70m"), is_language_model("all-MiniLM-L6-v2")
    (True, False)
    """
    return os.fspath(name).startswith(PREFIX)


def encoder_identity(name: str | os.PathLike[str] = MINILM) -> dict[str, Any]:
    """Return what decides an encoder's values, from its files alone; except its precision.

    Raises:
        ModelNotFoundError: there is no such model here.
    """
    if is_language_model(name):
        from catalog.models.position_weighted import position_weighted_identity

        return position_weighted_identity(os.fspath(name))
    folder = model_folder(name)
    settings = read_json(folder / "config_sentence_transformers.json")
    modules = {
        "modules": [
            module.get("type", "").rsplit(".", 1)[-1]
            for module in read_json(folder / "modules.json") or []
        ],
        "config": config_sha256(folder),
        "configs": {
            file.parent.name: read_json(file)
            for file in sorted(folder.glob("[0-9]*_*/config.json"))
        },
        "transformer": read_json(folder / "sentence_bert_config.json"),
        "prompts": [settings.get("prompts"), settings.get("default_prompt_name")],
    }
    return {
        "model": model_id(name),
        "weights": weights_sha256(folder),
        "tokenizer": tokenizer_sha256(folder),
        "pooling": _pooling_name(folder),
        "modules": hashlib.sha256(json.dumps(modules, sort_keys=True).encode()).hexdigest(),
        "max_tokens": modules["transformer"].get("max_seq_length") or _window(folder),
    }


def _window(folder: Path) -> int | None:
    """Return how many tokens a model's tokenizer and positions allow."""
    limits = (
        read_json(folder / "tokenizer_config.json").get("model_max_length"),
        read_json(folder / "config.json").get("max_position_embeddings"),
    )
    return min((int(limit) for limit in limits if limit and limit > 0), default=None)


def _pooling_name(folder: Path) -> str:
    config: dict[str, Any] = next(
        (read_json(file) for file in sorted(folder.glob("*_Pooling/config.json"))), {}
    )
    mode = config.get("pooling_mode")
    if mode:
        return mode if isinstance(mode, str) else "+".join(mode)
    old = [
        key.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
        for key, on in config.items()
        if key.startswith("pooling_mode_") and on
    ]
    return "+".join(old) or "mean"
