"""Few texts to vectors, without the library that embeds many.

A search encodes one text, and importing sentence-transformers takes longer than that. So an encoder
that is a transformer, one pooling and perhaps a normalisation runs through transformers alone, with
vectors equal to the library's to 1e-6; every other encoder is loaded by `load_encoder`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import ModelNotFoundError
from catalog.models.device import best_device, silence_libraries
from catalog.models.encoder import load_encoder
from catalog.models.encoder_identity import encoder_identity, is_language_model
from catalog.models.weights import model_folder, read_json

if TYPE_CHECKING:
    import torch

Vectors = np.ndarray[Any, np.dtype[np.float32]]
Encode = Callable[[Sequence[str]], Vectors]

POOLINGS = ("mean", "cls")
_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
_SETTINGS = {"max_seq_length", "do_lower_case"}  # of the transformer's module; more is not plain


def encode_texts(name: str, texts: Sequence[str], *, dtype: str = "float32") -> Vectors:
    """Return texts as vectors, float32 (n, d); the encoder stays loaded for the next call.

    Args:
        name: the encoder, a hub id or a local path.
        texts: n texts.
        dtype: the precision of products, ``"float32"`` or ``"bfloat16"``.

    Raises:
        ModelNotFoundError: there is no such encoder here, or it cannot be loaded.
    """
    weights = str(encoder_identity(name)["weights"])  # another file of the same name is another
    return _loaded(name, dtype, weights)(texts)


@lru_cache(maxsize=2)
def _loaded(name: str, dtype: str, _weights: str) -> Encode:
    if dtype == "float32" and is_plain(name):
        return _plain_encoder(name)
    encoder = load_encoder(name, dtype=dtype)
    return lambda texts: encoder.encode(texts).vectors


def is_plain(name: str) -> bool:
    """Return whether an encoder is a transformer, mean or CLS pooling and perhaps normalisation."""
    if is_language_model(name):
        return False
    folder = model_folder(name)
    identity = encoder_identity(name)
    modules = [each.get("type", "") for each in read_json(folder / "modules.json") or []]
    settings = read_json(folder / "config_sentence_transformers.json")
    transformer = read_json(folder / "sentence_bert_config.json")
    return (
        [type_.rsplit(".", 1)[-1] for type_ in modules] in _MODULES
        and all(type_.startswith("sentence_transformers.") for type_ in modules)
        and identity["pooling"] in POOLINGS
        and identity["max_tokens"] is not None
        and transformer.keys() <= _SETTINGS
        and not transformer.get("do_lower_case")
        and not settings.get("default_prompt_name")
        and (folder / "tokenizer.json").is_file()
    )


def _plain_encoder(name: str) -> Encode:
    import torch

    identity = encoder_identity(name)
    folder = model_folder(name)
    model, tokenizer = _model(name, folder)
    is_normalized = len(read_json(folder / "modules.json")) == len(_MODULES[1])
    device = best_device()
    model.to(device)

    def encode(texts: Sequence[str]) -> Vectors:
        features = tokenizer(
            list(texts),
            truncation=True,
            max_length=identity["max_tokens"],
            padding=True,
            return_tensors="pt",
        ).to(device)
        with torch.inference_mode():
            hidden = model(**features).last_hidden_state.float()  # (B, T, d)
            pooled = _pooled(hidden, features["attention_mask"], mode=identity["pooling"])
            if is_normalized:
                pooled = torch.nn.functional.normalize(pooled, dim=1)
        vectors: Vectors = pooled.cpu().numpy()  # (B, d)
        return vectors

    return encode


def _model(name: str, folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer

    silence_libraries()
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        model = AutoModel.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelNotFoundError(
            f"{name}: transformers cannot load it ({error}); is the folder complete?"
        ) from error
    return model.eval().float(), tokenizer


def _pooled(hidden: torch.Tensor, mask: torch.Tensor, *, mode: str) -> torch.Tensor:
    """Return one vector a text, (B, d), from its tokens' (B, T, d) and their mask (B, T)."""
    if mode == "cls":
        return hidden[:, 0]
    weights = mask.unsqueeze(-1).to(hidden.dtype)  # (B, T, 1)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)
