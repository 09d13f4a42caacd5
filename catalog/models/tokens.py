"""Instructions as token ids, with the span that a loss is taken over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from catalog.models.template import Instruction, Template
from catalog.models.training_turns import is_one_answer, turns_of
from catalog.models.turns import Turns

Ids = np.ndarray[Any, np.dtype[np.int32]]

# Why an instruction has no loss; stored beside the NULL.
NO_LOSS = (
    *("no_response", "empty_response", "prompt_fills_window", "template_refuses"),
    "not_trained",
)

NO_LIMIT = 2**31 - 1
"""The window of a caller that reads whole texts."""

_NOTHING = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True)
class Tokens:
    """Instruction as a causal language model reads it.

    Attributes:
        ids: int32 (T,), prompts and responses with their ends, cut at the window and behind the
            last response token; empty where there is a reason.
        start: position of the first response token, at least 1.
        is_truncated: whether the window cut the text.
        reason: one of :data:`NO_LOSS`, or None.
        between: first and one past the last position of each run of other tokens after ``start``.
            Everything else from ``start`` on is response.
    """

    ids: Ids
    start: int
    is_truncated: bool = False
    reason: str | None = None
    between: tuple[tuple[int, int], ...] = ()

    @property
    def n_response(self) -> int:
        """Return the number of response tokens inside the window; 0 where there is a reason."""
        return len(self.ids) - self.start - sum(end - first for first, end in self.between)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Return first and one past the last position of each response; none with a reason."""
        starts = [self.start, *(end for _, end in self.between)]
        ends = [*(first for first, _ in self.between), len(self.ids)]
        return [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]

    def first(self, n: int) -> Tokens:
        """Return the text up to and with its first ``n`` response tokens, at least 1."""
        left = n
        for start, end in self.spans:
            if left <= end - start:
                cut = start + left
                kept = tuple(pair for pair in self.between if pair[1] <= cut)
                return Tokens(self.ids[:cut], self.start, between=kept)
            left -= end - start
        return self


def nothing(reason: str) -> Tokens:
    """Return an instruction without a loss."""
    return Tokens(_NOTHING, 0, reason=reason)


def tokens_of(
    instructions: Sequence[Instruction],
    *,
    tokenizer: Any,
    template: Template,
    max_length: int = 512,
    turns: str = "last",
) -> list[Tokens]:
    """Return instructions as token ids, in their order.

    The text is tokenised in one piece, as a model meets it, and a response begins with the token
    that holds its first character. Literal special tokens in a text are read as special tokens, as
    everywhere in training.

    Args:
        instructions: mappings with ``messages``, and perhaps ``system`` and ``tools``.
        tokenizer: a fast Hugging Face tokenizer.
        template: its template.
        max_length: the window in tokens; what lies beyond it is cut.
        turns: the responses: ``"last"``, the last message of the assistant, or ``"all"`` that a
            trainer learns from, see :func:`catalog.models.training_turns.turns_of`.
    """
    rendered = [_rendered(instruction, template, turns) for instruction in instructions]
    texts = [each.text for each in rendered if each.reason is None]
    encodings = iter(encodings_of(tokenizer, texts))
    opening = opening_tokens(tokenizer, template)
    return [
        nothing(each.reason) if each.reason else _cut(each, next(encodings), opening, max_length)
        for each in rendered
    ]


def _rendered(instruction: Instruction, template: Template, turns: str) -> Turns:
    if turns == "all" and not is_one_answer(instruction):
        return turns_of(instruction, template)
    last = template.render(instruction)
    return Turns(last.text, ((last.boundary, len(last.text)),), last.reason)


def _cut(turns: Turns, encoding: Any, opening: list[int], max_length: int) -> Tokens:
    ids = np.array(opening + encoding.ids, dtype=np.int32)
    spans = _token_spans(turns, encoding, len(opening))
    kept = [(start, min(end, max_length)) for start, end in spans if start < max_length]
    if not kept and len(ids) >= max_length:
        return nothing("prompt_fills_window")
    if not kept:
        return nothing("empty_response")
    if kept[0][0] == 0:  # the first token of a sequence is predicted from nothing
        return nothing("template_refuses")
    between = tuple((left[1], right[0]) for left, right in pairwise(kept))
    is_truncated = len(ids) > max_length
    return Tokens(ids[: kept[-1][1]], kept[0][0], is_truncated, between=between)


def _token_spans(turns: Turns, encoding: Any, shift: int) -> list[tuple[int, int]]:
    """Return first and one past the last token of each response; an empty one has none."""
    spans: list[tuple[int, int]] = []
    for start, end in turns.spans:
        first = token_at(encoding, range(start, end))
        last = token_at(encoding, range(end - 1, start - 1, -1))
        if first is None or last is None:
            continue
        past = len(encoding.ids) if end == len(turns.text) else last + 1
        first = max(first, spans[-1][1] - shift) if spans else first
        if shift + first == 0 and len(turns.spans) > 1:
            first = 1  # the first token of a sequence is predicted from nothing
        if first < past:
            spans.append((shift + first, shift + past))
    return spans


def encodings_of(tokenizer: Any, texts: Sequence[str]) -> Sequence[Any]:
    """Return the encoding of each text, whole and without special tokens of the tokenizer's own.

    Args:
        tokenizer: a fast Hugging Face tokenizer.
        texts: n texts.

    Returns:
        n objects of the tokenizers library, with ``ids`` and ``char_to_token``.
    """
    if not texts:
        return ()
    options = {"add_special_tokens": False, "padding": False, "truncation": False}
    options |= {"return_attention_mask": False, "verbose": False}
    encodings: Sequence[Any] = tokenizer(list(texts), **options).encodings
    return encodings


def token_at(encoding: Any, characters: range) -> int | None:
    """Return the token of the first character that has one: a tokenizer may drop a space."""
    tokens = (encoding.char_to_token(position) for position in characters)
    return next((int(token) for token in tokens if token is not None), None)


def opening_tokens(tokenizer: Any, template: Template) -> list[int]:
    """Return the begin-of-sequence token, where the tokenizer adds one by itself.

    A chat template writes its own.
    """
    if template.name != "alpaca":
        return []
    return beginning_tokens(tokenizer)


def beginning_tokens(tokenizer: Any) -> list[int]:
    """Return the begin-of-sequence token if the tokenizer puts it before a text."""
    if tokenizer.bos_token_id is None:
        return []
    first = tokenizer("a", add_special_tokens=True)["input_ids"][:1]
    if first == [tokenizer.bos_token_id]:
        return [tokenizer.bos_token_id]
    return []
