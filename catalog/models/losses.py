"""Measure the cross-entropy of every instruction's response under a causal language model.

This is what SmallToLarge records at each checkpoint (Yang et al. 2024, arXiv 2403.07384), and what
IFD divides (Li et al. 2023, arXiv 2308.12032). One pass, in batches of similar length, and the LM
head at the positions that predict response tokens only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.models.batches import Integers, padded, token_batches
from catalog.models.llama import is_packable, packed_states
from catalog.models.packed import n_shared_tokens, pack
from catalog.models.products import fast_products
from catalog.models.tokens import Tokens

if TYPE_CHECKING:
    import torch

    from catalog.models.causal_lm import CausalLM

Progress = Callable[[int, int], None]  # (instructions done, tokens done) since the last call

CUT = ("prompt_fills_window", "truncated_response")
"""The reasons of a response that lies beyond the window."""

_LOGITS = 2**24  # numbers in one piece of logits: 64 MiB in float32, whatever the vocabulary


@dataclass(frozen=True)
class Losses:
    """Response losses in the order of their instructions.

    Attributes:
        mean: float64 (n,), mean cross-entropy in nats a token; NaN where there is none.
        n_tokens: int32 (n,), response tokens that it is the mean of, end of sequence included; 0
            where there is none.
        reasons: why there is none, else None.
    """

    mean: np.ndarray[Any, np.dtype[np.float64]]
    n_tokens: np.ndarray[Any, np.dtype[np.int32]]
    reasons: list[str | None]

    @property
    def total(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Summed cross-entropy in nats; NaN where there is none."""
        return self.mean * self.n_tokens


def response_losses(
    lm: CausalLM,
    instructions: Sequence[Tokens],
    *,
    budget: int = 2048,
    progress: Progress | None = None,
) -> Losses:
    """Mean cross-entropy of each response given its prompt, prompt masked, end of sequence counted.

    Of several responses of a conversation it is the mean over all their tokens. Batches change a
    loss by rounding only (about 1e-6 in float32).

    Args:
        lm: the model; it is put into evaluation mode and given back as it was.
        instructions: n of them, as :func:`catalog.models.tokens.tokens_of` gives them; at most a
            shard.
        budget: tokens of a padded batch; a preamble that all texts share is not counted.
        progress: told after each batch how many instructions and tokens it held.
    """
    import torch

    totals = np.full(len(instructions), np.nan)
    counts = np.zeros(len(instructions), dtype=np.int32)
    kept = np.array(
        [i for i, each in enumerate(instructions) if each.reason is None], dtype=np.int64
    )
    with evaluating(lm.model), torch.inference_mode(), fast_products():
        for batch in loss_batches(lm, [instructions[i] for i in kept], budget=budget):
            where = kept[batch]
            group = [instructions[i] for i in where]
            nats, rows = response_nats(lm, group)  # (P,), (P,)
            sums = torch.zeros(len(group), dtype=torch.float64, device=nats.device).index_add_(
                0, rows, nats.double()
            )  # (B,)
            totals[where] = sums.cpu().numpy()
            counts[where] = [each.n_response for each in group]
            if progress:
                progress(len(group), sum(len(each.ids) for each in group))
    return Losses(totals / np.maximum(counts, 1), counts, [each.reason for each in instructions])


def answer_losses(
    lm: CausalLM,
    instructions: Sequence[Tokens],
    *,
    budget: int = 2048,
    progress: Progress | None = None,
) -> Losses:
    """Mean cross-entropy of each response alone, without its prompt: what IFD divides by.

    The same tokens as in :func:`response_losses`, after the begin-of-sequence token only (the
    end-of-sequence token where a tokenizer has no other), so that the first token of the answer
    counts on both sides of the ratio. Each of several responses stands alone. There is none for a
    text that the window cut (``truncated_response``) or whose answers are one token and its end
    (``one_token_response``).
    """
    alone = [_alone(each, lm.opening_id) for each in instructions]
    flat = [piece for pieces in alone for piece in pieces]
    return grouped(response_losses(lm, flat, budget=budget, progress=progress), map(len, alone))


def _alone(each: Tokens, opening: int) -> list[Tokens]:
    """Return each response after the opening token, or one text without tokens and its reason."""
    reason = each.reason or unfit_alone(each)
    if reason:
        return [Tokens(each.ids[:0], 0, reason=reason)]
    return [
        Tokens(np.concatenate([[opening], each.ids[start:end]]).astype(np.int32), 1)
        for start, end in each.spans
    ]


def grouped(losses: Losses, sizes: Iterable[int]) -> Losses:
    """Return one loss for each group of consecutive responses: the mean over all their tokens.

    A group in which the window cut a response has none. Others without a loss are left out, unless
    all of a group are.

    Args:
        losses: of the responses.
        sizes: responses of each group, at least 1; their sum is the number of losses.
    """
    ends = np.cumsum([*sizes], dtype=np.int64)
    means, counts, reasons = [], [], []
    for start, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
        reason = _reason(losses.reasons[start:end])
        kept = [i for i in range(start, end) if losses.reasons[i] is reason is None]
        n = int(losses.n_tokens[kept].sum())
        mean = losses.mean[start] if end == start + 1 else losses.total[kept].sum() / max(n, 1)
        means.append(np.nan if reason else mean)
        counts.append(n)
        reasons.append(reason)
    return Losses(np.array(means, dtype=np.float64), np.array(counts, dtype=np.int32), reasons)


def _reason(reasons: Sequence[str | None]) -> str | None:
    """Return why a group of responses has no loss, else None."""
    cut = next((reason for reason in reasons if reason in CUT), None)
    return cut or (None if None in reasons else reasons[-1])


def loss_batches(lm: CausalLM, group: Sequence[Tokens], *, budget: int) -> list[Integers]:
    """Return :func:`token_batches` of texts with response tokens, as a model reads them.

    Where texts are packed, a preamble that all of them share is computed once and takes no budget.
    """
    n_shared = n_shared_tokens(group) if group and is_packable(lm) else 0
    return token_batches([len(each.ids) - n_shared for each in group], budget=budget)


def response_nats(lm: CausalLM, group: Sequence[Tokens]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the cross-entropy of every response token of a batch, (P,), and its row, (P,).

    Keeps gradients where they are on.
    """
    import torch
    import torch.nn.functional as F

    if is_packable(lm):
        packed = pack(group)
        targets, rows = torch.from_numpy(packed.targets), torch.from_numpy(packed.rows)
        return _nats(lm, packed_states(lm.model, packed), targets), rows
    ids, before = placed(group, device=lm.device)  # (B, T), (B, T-1)
    targets, rows = ids[:, 1:][before], before.nonzero()[:, 0]  # (P,), (P,)
    if not lm.is_head_plain:
        logits = lm.whole_logits(ids)[:, :-1][before]  # (P, V)
        return F.cross_entropy(logits.float(), targets, reduction="none"), rows
    return _nats(lm, lm.states(ids)[:, :-1][before], targets), rows


def _nats(lm: CausalLM, states: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy (P,) of targets (P,) given states (P, d), in pieces of logits."""
    import torch
    import torch.nn.functional as F

    step = max(16, _LOGITS // lm.n_vocabulary)
    pieces = [
        F.cross_entropy(
            lm.logits(states[start : start + step]).float(),
            targets[start : start + step],
            reduction="none",
        )  # (p,)
        for start in range(0, len(states), step)
    ]
    return torch.cat(pieces)


def placed(group: Sequence[Tokens], *, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return one batch as a rectangle, and the positions that predict its response tokens.

    Padding lies on the right, where no real position of a causal model sees it, and positions count
    from 0 in every row.

    Returns:
        ids (B, T), and a boolean (B, T-1): whether the next position holds a response token.
    """
    import torch

    ids, mask = padded([each.ids for each in group], fill=0)  # (B, T), (B, T)
    starts = torch.tensor([each.start for each in group])  # (B,)
    is_response = (torch.arange(ids.shape[1]) >= starts[:, None]) & mask.bool()  # (B, T)
    for row, each in zip(is_response, group, strict=True):
        for first, end in each.between:
            row[first:end] = False
    return ids.to(device), is_response[:, 1:].to(device)


def unfit_alone(each: Tokens) -> str | None:
    """Why an answer that has a loss has none by itself, as a reason, else None."""
    if each.is_truncated:
        return "truncated_response"
    if max(end - start for start, end in each.spans) <= 2:
        return "one_token_response"
    return None


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Put a model into evaluation mode for a while."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
