"""Texts to vectors with any causal language model: its last states, weighted by position.

The representation of RDS+ (Ivison et al. 2025, arXiv 2503.01807): a later token has seen more of
the text, so its state counts more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from catalog.models.batches import padded, token_batches
from catalog.models.causal_lm import CausalLM, load_causal_lm
from catalog.models.encoder import Embeddings, Progress
from catalog.models.encoder_identity import PREFIX
from catalog.models.losses import evaluating
from catalog.models.weights import files_identity, model_folder, read_json

POOLING = "position_weighted"
MAX_TOKENS = 2048  # of a text that are read, as in the paper; fewer where the model reads fewer


class PositionWeightedEncoder:
    """Loaded causal language model as an encoder; made by :func:`load_position_weighted`."""

    def __init__(self, lm: CausalLM, *, name: str, max_tokens: int) -> None:
        self.name = name
        self.dtype = lm.dtype
        self.max_tokens = max_tokens
        self._lm = lm

    @property
    def dimension(self) -> int:
        """d, the length of a vector."""
        return self._lm.dimension

    def identity(self) -> dict[str, Any]:
        """Return :func:`position_weighted_identity` and the precision in use."""
        return position_weighted_identity(self.name) | {"dtype": self.dtype}

    def encode(
        self, texts: Sequence[str], *, budget: int = 2048, progress: Progress | None = None
    ) -> Embeddings:
        """Return the vectors of texts: ``sum_j j x_j``, scaled to length one.

        ``x_j`` is the state of token j, from 1, before the LM head; special tokens count.

        Args:
            texts: n texts; an empty one is read as the opening token.
            budget: tokens of a padded batch. It changes the values by rounding only.
            progress: told after each batch how many texts and tokens it held.
        """
        import torch

        whole = self._lm.tokenizer(list(texts))["input_ids"] if texts else []
        rows = [ids[: self.max_tokens] or [self._lm.opening_id] for ids in whole]
        vectors = np.empty((len(rows), self.dimension), dtype=np.float32)
        lengths = [len(row) for row in rows]
        with evaluating(self._lm.model), torch.inference_mode():
            for batch in token_batches(lengths, budget=budget):
                ids, mask = padded([rows[i] for i in batch], fill=self._lm.opening_id)
                states = self._lm.states(ids.to(self._lm.device)).float()  # (B, T, d)
                weights = (mask.cumsum(dim=1) * mask).to(states)  # (B, T): 1, 2, ..., 0 in padding
                pooled = torch.einsum("bt,btd->bd", weights / weights.sum(1, True), states)
                vectors[batch] = torch.nn.functional.normalize(pooled, dim=1).cpu().numpy()
                if progress:
                    progress(len(batch), sum(lengths[i] for i in batch))
        n_truncated = sum(len(ids) > self.max_tokens for ids in whole)
        return Embeddings(vectors, n_truncated, sum(lengths))


def load_position_weighted(
    name: str, *, device: Any = None, dtype: str = "float32"
) -> PositionWeightedEncoder:
    """Load a causal language model as an encoder.

    Args:
        name: ``lm:`` and a hub id or a local path.
        device: CUDA where there is one, else the CPU, unless said.
        dtype: ``"float32"`` or ``"bfloat16"``.

    Raises:
        ModelNotFoundError: there is no such model here, or it is not a causal language model.
        OptionError: another dtype.
    """
    lm = load_causal_lm(name.removeprefix(PREFIX), device=device, dtype=dtype)
    return PositionWeightedEncoder(lm, name=name, max_tokens=_max_tokens(name))


def position_weighted_identity(name: str) -> dict[str, Any]:
    """Return what decides the vectors, from the model's files alone; except the precision.

    Raises:
        ModelNotFoundError: there is no such model here.
    """
    files = files_identity(name.removeprefix(PREFIX))
    model = {"model": f"{PREFIX}{files['model']}"}
    return files | model | {"pooling": POOLING, "max_tokens": _max_tokens(name)}


def _max_tokens(name: str) -> int:
    config = read_json(model_folder(name.removeprefix(PREFIX)) / "config.json")
    limit = config.get("max_position_embeddings") or config.get("n_positions")
    return min(int(limit), MAX_TOKENS) if limit else MAX_TOKENS
