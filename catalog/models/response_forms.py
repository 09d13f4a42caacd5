"""Responses after their prompt and without it, as the published code of two papers writes them.

Cherry LLM (Li et al. 2023, arXiv 2308.12032) puts a response after Alpaca's prompt, and after
``### Response:`` alone. Superfiltering (Li et al. 2024, arXiv 2402.00530) puts it after the plain
prompt and a line break, and after nothing, where the first token is not scored. In both no end of
sequence is scored, and the tokenizer's chat template is not used.

The code of both reads one prompt. Earlier turns and a system text come before it here, which is
ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.models.template import Instruction, alpaca_prompt, split_response, tools_of
from catalog.models.tokens import Tokens, beginning_tokens


@dataclass(frozen=True)
class ResponseForm:
    """Text around a response.

    Attributes:
        prompt: returns the text before the response, of an instruction and its earlier messages.
        marker: the text before a response without its prompt.
    """

    prompt: Callable[[Instruction, Sequence[Mapping[str, str]]], str]
    marker: str


def _after_alpaca(instruction: Instruction, messages: Sequence[Mapping[str, str]]) -> str:
    return alpaca_prompt(messages, system=instruction.get("system"), tools=tools_of(instruction))


def _after_plain_text(instruction: Instruction, messages: Sequence[Mapping[str, str]]) -> str:
    texts = [instruction.get("system"), *(message["content"] for message in messages)]
    return "\n".join(text for text in texts if text) + "\n"


CHERRY = ResponseForm(_after_alpaca, marker="### Response:")
SUPERFILTERING = ResponseForm(_after_plain_text, marker="")
RESPONSE_FORMS: Mapping[str, ResponseForm] = {"cherry": CHERRY, "superfiltering": SUPERFILTERING}


def form_tokens(
    instructions: Sequence[Instruction],
    *,
    tokenizer: Any,
    form: ResponseForm,
    has_prompt: bool,
    max_length: int,
) -> list[Tokens]:
    """Return instructions as token ids in the form of a paper's code, in their order.

    As in that code, a response starts after as many tokens as the text before it has by itself. A
    response that the window cuts (``truncated_response``) and one of which no token is scored
    without the prompt (``one_token_response``) have no tokens, with the prompt as without it.

    Args:
        instructions: mappings with ``messages``, and perhaps ``system`` and ``tools``.
        tokenizer: a Hugging Face tokenizer.
        form: of `RESPONSE_FORMS`.
        has_prompt: whether the prompt comes before the response.
        max_length: the window in tokens, of prompt and response.
    """
    split = [split_response(instruction) for instruction in instructions]
    pairs = zip(instructions, split, strict=True)
    prompts = [form.prompt(instruction, messages) for instruction, (messages, _, _) in pairs]
    responses = [response for _, response, _ in split]
    after_prompt = _encoded(tokenizer, prompts, responses)
    after_marker = _encoded(tokenizer, [form.marker] * len(split), responses)
    tokens = []
    for (_, _, reason), given, alone in zip(split, after_prompt, after_marker, strict=True):
        reason = reason or _unfit(given, alone, max_length=max_length)
        ids, start = given if has_prompt else alone
        tokens.append(Tokens(ids[:0], 0, reason=reason) if reason else Tokens(ids, start))
    return tokens


Encoded = tuple[np.ndarray[Any, np.dtype[np.int32]], int]
"""The token ids of a text, and the position of the first scored one."""


def _encoded(tokenizer: Any, before: Sequence[str], responses: Sequence[str]) -> list[Encoded]:
    if not before:
        return []
    whole = [first + response for first, response in zip(before, responses, strict=True)]
    options = {"add_special_tokens": False, "return_attention_mask": False, "verbose": False}
    beginning = beginning_tokens(tokenizer)
    starts = [len(ids) for ids in tokenizer(list(before), **options)["input_ids"]]
    encoded = tokenizer(whole, **options)["input_ids"]
    return [
        (np.array(beginning + ids, dtype=np.int32), max(1, len(beginning) + start))
        for ids, start in zip(encoded, starts, strict=True)
    ]


def _unfit(given: Encoded, alone: Encoded, *, max_length: int) -> str | None:
    """Return why a response has no loss with or without its prompt, else None."""
    ids, start = given
    if start >= max_length:
        return "prompt_fills_window"
    if len(ids) > max_length:
        return "truncated_response"
    if start >= len(ids) or alone[1] >= len(alone[0]):
        return "one_token_response"
    return None
