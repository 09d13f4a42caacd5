"""Render an instruction as one text, and find where its response begins.

A tokenizer with a chat template is used with that template. Any other is used with Stanford
Alpaca's prompt (the form without input, since an input is already part of the prompt here), carried
on to several turns::

    Below is an instruction that describes a task. Write a response that appropriately completes the
    request.

    ### Instruction:
    {user}

    ### Response:{assistant}

    ### Instruction:
    {user}

    ### Response:{the response}{end of sequence}

A system text takes the place of the first line; tools follow it under ``### Tools:``; any other
role becomes a heading of its name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from catalog.errors import UsageError
from catalog.json_text import as_list

Instruction = Mapping[str, Any]
"""``messages``: [{role, content}, ...], ``system``: str | None, ``tools``: list | str | None."""

Turn = dict[str, Any]
T = TypeVar("T")

ALPACA = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)


@dataclass(frozen=True)
class Rendered:
    """Instruction as text.

    Attributes:
        text: prompt, response and end of sequence; empty where there is a reason.
        boundary: characters of the prompt; the response is ``text[boundary:]``.
        reason: why there is no text to score (``no_response``, ``empty_response``,
            ``template_refuses``), else None.
    """

    text: str
    boundary: int
    reason: str | None = None


class Template:
    """Rule that makes text of instructions for one tokenizer; made by :func:`template_of`."""

    def __init__(self, tokenizer: Any, *, name: str) -> None:
        self.name = name
        self.end = str(tokenizer.eos_token)
        self._tokenizer = tokenizer

    def text_of(
        self, turns: Sequence[Mapping[str, Any]], *, tools: list[Any] | None, is_open: bool = False
    ) -> str:
        """Return messages as the chat template writes them; with ``is_open`` up to an answer."""
        rendered = self._tokenizer.apply_chat_template(
            list(turns), tools=tools, tokenize=False, add_generation_prompt=is_open
        )
        return str(rendered)

    def identity(self) -> str:
        """Return ``alpaca``, or ``chat:`` and the start of the chat template's sha256."""
        if self.name == "alpaca":
            return "alpaca"
        return (
            "chat:" + hashlib.sha256(str(self._tokenizer.chat_template).encode()).hexdigest()[:16]
        )

    def render(self, instruction: Instruction) -> Rendered:
        """Return the text of an instruction up to its last assistant message, the response."""
        messages, response, reason = split_response(instruction)
        if reason:
            return Rendered("", 0, reason)
        if self.name == "alpaca":
            prompt = alpaca_prompt(
                messages, system=instruction.get("system"), tools=tools_of(instruction)
            )
            return Rendered(prompt + response + self.end, len(prompt))
        return self._render_chat(messages, response, instruction)

    def _render_chat(
        self, messages: list[dict[str, str]], response: str, instruction: Instruction
    ) -> Rendered:
        tools = tools_of(instruction)

        def span(form: list[Turn], _shift: int) -> Rendered:
            return self._span(form, response, tools)

        rendered = first_accepted(messages, instruction.get("system"), span)
        return rendered or Rendered("", 0, "template_refuses")

    def _span(self, messages: list[Turn], response: str, tools: list[Any] | None) -> Rendered:
        full = self.text_of([*messages, {"role": "assistant", "content": response}], tools=tools)
        core = response.strip()
        prompts = []
        if messages:
            prompts = [
                self.text_of(messages, tools=tools, is_open=True),
                self.text_of(messages, tools=tools),
            ]
        # Not from the end where a prompt is known: an answer such as ">" stands in the mark after
        # it, too.
        after_prompts = [
            full.find(core, len(prompt)) for prompt in prompts if full.startswith(prompt)
        ]
        place = next((found for found in after_prompts if found >= 0), full.rfind(core))
        if place < 0:  # the template rewrites answers, so that nothing can be said of this one
            return Rendered("", 0, "template_refuses")
        end = place + len(core)
        # Some templates drop or rewrite earlier turns once there is an answer; then the response
        # starts where its text does.
        boundary = next(
            (len(prompt) for prompt in prompts if full.startswith(prompt) and len(prompt) <= place),
            place,
        )
        # Text after the end-of-turn mark is the next turn's business; where there is no mark, the
        # end of sequence is one.
        tail = full[end:].rstrip()
        return Rendered(full[:end] + (tail or self.end), boundary)


def first_accepted(
    turns: Sequence[Turn], system: str | None, render: Callable[[list[Turn], int], T | None]
) -> T | None:
    """Return what is rendered of the first form of a conversation that a template accepts.

    The system prompt is a message; for templates without a system role it begins the user's first.

    Args:
        turns: objects with ``role`` and ``content``.
        system: the system prompt.
        render: called with a form, and the number of its messages before the first turn, until it
            returns something other than None and the template raises no error.
    """
    import jinja2

    for shift, form in _forms(turns, system):
        # Transformers' own errors about tools without a schema, too.
        with suppress(jinja2.TemplateError, TypeError, ValueError, LookupError):
            rendered = render(form, shift)
            if rendered is not None:
                return rendered
    return None


def _forms(turns: Sequence[Turn], system: str | None) -> list[tuple[int, list[Turn]]]:
    if not system:
        return [(0, [*turns])]
    forms = [(1, [{"role": "system", "content": system}, *turns])]
    if turns and turns[0]["role"] == "user":
        first = turns[0] | {"content": f"{system}\n\n{turns[0]['content']}"}
        forms.append((0, [first, *turns[1:]]))
    return forms


def template_of(tokenizer: Any) -> Template:
    """Return a tokenizer's template: its own chat template, else Alpaca's prompt.

    Raises:
        UsageError: the tokenizer has no end-of-sequence token.
    """
    if tokenizer.eos_token is None:
        raise UsageError(
            f"{tokenizer.name_or_path}: the tokenizer has no end-of-sequence token, so no response "
            "ends; set eos_token"
        )
    return Template(
        tokenizer, name="chat" if getattr(tokenizer, "chat_template", None) else "alpaca"
    )


def alpaca_prompt(
    messages: Sequence[Mapping[str, str]],
    *,
    system: str | None = None,
    tools: list[Any] | None = None,
) -> str:
    r"""Stanford Alpaca's prompt, for any number of turns.

    >>> print(alpaca_prompt([{"role": "user", "content": "Say hi."}], system="Be brief."))
    Be brief.
    <BLANKLINE>
    ### Instruction:
    Say hi.
    <BLANKLINE>
    ### Response:
    """
    parts = [system or ALPACA]
    if tools:
        parts.append("### Tools:\n" + json.dumps(tools, ensure_ascii=False, sort_keys=True))
    for message in messages:
        role, content = message["role"], message["content"]
        if role == "assistant":
            parts.append(f"### Response:{content}")
        else:
            parts.append(
                f"### {'Instruction' if role == 'user' else role.capitalize()}:\n{content}"
            )
    return "\n\n".join(parts) + "\n\n### Response:"


def split_response(
    instruction: Instruction,
) -> tuple[list[dict[str, str]], str, str | None]:
    """Return the messages before the response, the response, and why it cannot be scored."""
    messages = [
        {"role": str(m["role"]), "content": str(m["content"] or "")}
        for m in instruction["messages"]
    ]
    last = max(
        (i for i, message in enumerate(messages) if message["role"] == "assistant"), default=-1
    )
    if last < 0:
        return messages, "", "no_response"
    response = messages[last]["content"]
    if not response.strip():
        return messages[:last], response, "empty_response"
    return messages[:last], response, None


def tools_of(instruction: Instruction) -> list[Any] | None:
    """Return the tools of an instruction as a list; None without any."""
    tools = instruction.get("tools")
    if isinstance(tools, str):
        try:
            tools = json.loads(tools)
        except json.JSONDecodeError:
            tools = [tools]
    if not tools:
        return None
    return as_list(tools)
