"""Instructions as token ids, with the span that a loss is taken over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.models.template import Instruction, Rendered, Template

Ids = np.ndarray[Any, np.dtype[np.int32]]

# Why an instruction has no loss; stored beside the NULL.
NO_LOSS = ("no_response", "empty_response", "prompt_fills_window", "template_refuses")

NO_LIMIT = 2**31 - 1
"""The window of a caller that reads whole texts."""

_NOTHING = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True)
class Tokens:
    """Instruction as a causal language model reads it.

    Attributes:
        ids: int32 (T,), prompt and response with its end of sequence, cut at the window; empty
            where there is a reason.
        start: position of the first response token, at least 1; the response is ``ids[start:]``.
        is_truncated: whether the window cut the response.
        reason: one of :data:`NO_LOSS`, or None.
    """

    ids: Ids
    start: int
    is_truncated: bool = False
    reason: str | None = None

    @property
    def n_response(self) -> int:
        """Return the number of response tokens inside the window; 0 where there is a reason."""
        return len(self.ids) - self.start


def tokens_of(
    instructions: Sequence[Instruction],
    *,
    tokenizer: Any,
    template: Template,
    max_length: int = 512,
) -> list[Tokens]:
    """Return instructions as token ids, in their order.

    The text is tokenised in one piece, as a model meets it, and the response begins with the token
    that holds its first character. Literal special tokens in a text are read as special tokens, as
    everywhere in training.

    Args:
        instructions: mappings with ``messages``, and perhaps ``system`` and ``tools``.
        tokenizer: a fast Hugging Face tokenizer.
        template: its template.
        max_length: the window in tokens; what lies beyond it is cut.
    """
    rendered = [template.render(instruction) for instruction in instructions]
    texts = [each.text for each in rendered if each.reason is None]
    encodings = iter(encodings_of(tokenizer, texts))
    opening = opening_tokens(tokenizer, template)
    return [
        Tokens(_NOTHING, 0, reason=each.reason)
        if each.reason
        else _cut(each, next(encodings), opening, max_length)
        for each in rendered
    ]


def _cut(rendered: Rendered, encoding: Any, opening: list[int], max_length: int) -> Tokens:
    start = token_at(encoding, range(rendered.boundary, len(rendered.text)))
    ids = np.array(opening + encoding.ids, dtype=np.int32)
    if start is None:
        start = len(encoding.ids)
    start += len(opening)
    if start >= max_length:
        return Tokens(_NOTHING, 0, reason="prompt_fills_window")
    if start >= len(ids):
        return Tokens(_NOTHING, 0, reason="empty_response")
    if start == 0:  # the first token of a sequence is predicted from nothing
        return Tokens(_NOTHING, 0, reason="template_refuses")
    return Tokens(ids[:max_length], start, is_truncated=len(ids) > max_length)


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
