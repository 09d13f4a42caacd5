"""Compute the hidden states that predict a response's tokens, before the LM head (for FisherSFT).

FisherSFT linearises a model at its last layer, so that token j of instruction i contributes its
state x_ij in R^d (Deb et al. 2025, arXiv 2505.14826). One forward pass; no labels and no
probabilities enter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import OptionError, SignalError
from catalog.models.causal_lm import CausalLM
from catalog.models.llama import is_packable, packed_states
from catalog.models.losses import evaluating, loss_batches, placed
from catalog.models.packed import pack
from catalog.models.products import fast_products
from catalog.models.projection import Projection
from catalog.models.tokens import Tokens

if TYPE_CHECKING:
    import torch

Progress = Callable[[int, int], None]  # (instructions done, tokens done) since the last call


@dataclass(frozen=True)
class States:
    """Token states in the order of their instructions.

    Instruction i has the rows ``offsets[i]:offsets[i + 1]``.

    Attributes:
        vectors: float16 (or what was asked for), shape (n_rows, k).
        offsets: int64 (n + 1,).
        reasons: why an instruction has no rows, else None.
    """

    vectors: np.ndarray[Any, Any]
    offsets: np.ndarray[Any, np.dtype[np.int64]]
    reasons: list[str | None]


def token_states(
    lm: CausalLM,
    instructions: Sequence[Tokens],
    *,
    max_tokens: int = 128,
    projection: Projection | None = None,
    dtype: str = "float16",
    budget: int = 2048,
    progress: Progress | None = None,
) -> States:
    """Return the states of the positions that predict the first ``max_tokens`` response tokens.

    Args:
        lm: the model.
        instructions: n of them; at most a shard, since all their states are held at once (n_rows *
            k * 2 bytes).
        max_tokens: rows of an instruction at most.
        projection: to fewer dimensions, if any.
        dtype: ``"float16"`` or ``"float32"``.
        budget: tokens of a padded batch.
        progress: told after each batch how many instructions and tokens it held.

    Raises:
        OptionError: ``max_tokens`` below 1 or another dtype.
        SignalError: the model's head does not read its last hidden state, or a state does not fit
            the dtype.
    """
    import torch

    _require_states(lm, max_tokens, dtype)
    counts = [min(each.n_response, max_tokens) for each in instructions]
    offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
    matrix = (
        None if projection is None else torch.from_numpy(projection.matrix).to(lm.device)
    )  # (d, k)
    vectors = np.empty(
        (int(offsets[-1]), lm.dimension if matrix is None else matrix.shape[1]), dtype=dtype
    )
    kept = [i for i, each in enumerate(instructions) if each.reason is None]
    # Nothing after the last wanted token is seen by it.
    cut = [instructions[i].first(max_tokens) for i in kept]
    with evaluating(lm.model), torch.inference_mode(), fast_products():
        for batch in loss_batches(lm, cut, budget=budget):
            group = [cut[i] for i in batch]
            rows = _states(lm, group).float()  # (P, d), batch row by batch row
            rows = rows if matrix is None else rows @ matrix  # (P, k)
            _place(
                vectors,
                rows.cpu().numpy(),
                [(int(offsets[kept[i]]), counts[kept[i]]) for i in batch],
            )
            if progress:
                progress(len(group), sum(len(each.ids) for each in group))
    if not np.isfinite(vectors).all():
        raise SignalError(f"{lm.name}: a state is not a finite {dtype}; take the states in float32")
    return States(vectors, offsets, [each.reason for each in instructions])


def _require_states(lm: CausalLM, max_tokens: int, dtype: str) -> None:
    """Refuse options out of their range, and a model without states."""
    if max_tokens < 1 or dtype not in ("float16", "float32"):
        raise OptionError(
            f"states with max_tokens {max_tokens} in {dtype}: give at least 1 token, and float16 "
            "or float32"
        )
    if not lm.is_state_plain:
        raise SignalError(
            f"{lm.name}: its LM head does not read the base model's last hidden state, so it "
            "has no states; use another model"
        )


def _states(lm: CausalLM, group: Sequence[Tokens]) -> torch.Tensor:
    """Return the states (P, d) that predict the response tokens of a batch."""
    if is_packable(lm):
        return packed_states(lm.model, pack(group))
    ids, before = placed(group, device=lm.device)  # (B, T), (B, T-1)
    return lm.states(ids)[:, :-1][before]


def _place(
    vectors: np.ndarray[Any, Any], rows: np.ndarray[Any, Any], places: Sequence[tuple[int, int]]
) -> None:
    done = 0
    with np.errstate(over="ignore"):  # an overflow is reported once, for the model
        for start, count in places:
            vectors[start : start + count] = rows[done : done + count]
            done += count
