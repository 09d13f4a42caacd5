"""Conversations as token ids and labels, as a trainer reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.models.template import Template
from catalog.models.tokens import encodings_of, opening_tokens, token_at
from catalog.models.turns import Turns

Ids = np.ndarray[Any, np.dtype[np.int64]]

IGNORED = -100
"""The label of a token that is not trained."""

REASONS = ("no_response", "not_trained", "empty_response", "template_refuses", "nothing_in_window")
"""Why nothing of a conversation is trained."""

_NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Supervised:
    """One conversation.

    Attributes:
        input_ids: int64 (T,); empty where there is a reason.
        labels: int64 (T,), the ids of the assistant's turns, and `IGNORED` elsewhere. The first is
            always ignored, since nothing predicts it.
        n_trained: tokens with a label.
        is_cut: whether tokens lie beyond the window.
        reason: one of `REASONS`, or None.
    """

    input_ids: Ids
    labels: Ids
    n_trained: int = 0
    is_cut: bool = False
    reason: str | None = None


def supervise(
    conversations: Sequence[Turns], *, tokenizer: Any, template: Template, max_length: int
) -> list[Supervised]:
    """Return conversations as tokens, in their order.

    A text is tokenised in one piece. A turn begins with the token that holds its first character.

    Args:
        conversations: what `catalog.models.turns.render_turns` returned.
        tokenizer: a fast Hugging Face tokenizer.
        template: its template.
        max_length: the window in tokens; what lies beyond it is cut.
    """
    texts = [turns.text for turns in conversations if turns.reason is None]
    encodings = iter(encodings_of(tokenizer, texts))
    opening = opening_tokens(tokenizer, template)
    return [
        _nothing(turns.reason)
        if turns.reason
        else _labelled(turns, next(encodings), opening, max_length)
        for turns in conversations
    ]


def _nothing(reason: str, *, is_cut: bool = False) -> Supervised:
    return Supervised(_NOTHING, _NOTHING, is_cut=is_cut, reason=reason)


def _labelled(turns: Turns, encoding: Any, opening: list[int], max_length: int) -> Supervised:
    ids = np.array(opening + encoding.ids, dtype=np.int64)
    labels = np.full_like(ids, IGNORED)
    for start, end in turns.spans:
        first = token_at(encoding, range(start, end))
        last = token_at(encoding, range(end - 1, start - 1, -1))
        if first is not None and last is not None:
            span = slice(len(opening) + first, len(opening) + last + 1)
            labels[span] = ids[span]
    labels[:1] = IGNORED
    is_cut = len(ids) > max_length
    ids, labels = ids[:max_length], labels[:max_length]
    n_trained = int(np.count_nonzero(labels != IGNORED))
    if not n_trained:
        return _nothing("nothing_in_window", is_cut=is_cut)
    return Supervised(ids, labels, n_trained, is_cut=is_cut)
