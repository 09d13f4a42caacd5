"""One conversation as one text, with the spans of all assistant turns that are trained.

`catalog.models.template` renders the last response of an instruction; this module renders what a
trainer learns from. A tokenizer with a chat template is used with it,
and any other with Alpaca's prompt.

A span begins after the text that the template writes before an answer, and ends after the mark that
it writes behind it, so that a model learns to end its turn. The text ends with its last span.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.models.template import Template, Turn, alpaca_prompt, first_accepted, tools_of

Message = Mapping[str, Any]


@dataclass(frozen=True)
class Turns:
    """One conversation as text.

    Attributes:
        text: the text; empty where there is a reason.
        spans: first and one past the last character of each trained turn, in order.
        reason: why nothing can be trained (``no_response``, ``not_trained``, ``empty_response``,
            ``template_refuses``), else None.
    """

    text: str
    spans: tuple[tuple[int, int], ...] = ()
    reason: str | None = None


def render_turns(
    messages: Sequence[Message],
    *,
    template: Template,
    system: str | None = None,
    tools: Any = None,
    is_trained: Sequence[bool] | None = None,
) -> Turns:
    """Return the text of a conversation and its trained spans.

    Args:
        messages: objects with ``role`` and ``content``, and the keys that a template reads, such as
            ``tool_calls``.
        template: the tokenizer's template.
        system: the system prompt.
        tools: the tools, as a list or as JSON text.
        is_trained: whether each message may be trained, such as False for OpenAI's weight 0. Only
            the assistant's turns are.
    """
    turns = [_turn(message) for message in messages]
    allowed = is_trained or [True] * len(turns)
    answers = [place for place, turn in enumerate(turns) if turn["role"] == "assistant"]
    if not answers:
        return Turns("", reason="no_response")
    answers = [place for place in answers if allowed[place]]
    if not answers:
        return Turns("", reason="not_trained")
    trained = [place for place in answers if _says_something(turns[place])]
    if not trained:
        return Turns("", reason="empty_response")
    turns = turns[: trained[-1] + 1]
    listed = tools_of({"tools": tools})
    if template.name == "alpaca":
        return _plain(turns, trained, template, system=system, tools=listed)
    return _chat(turns, trained, template, system=system, tools=listed)


def _turn(message: Message) -> Turn:
    """Return a message as templates read it: calls have objects as arguments, not JSON text."""
    turn = {key: value for key, value in message.items() if value is not None}
    turn |= {"role": str(message["role"]), "content": str(message.get("content") or "")}
    calls = turn.get("tool_calls")
    if isinstance(calls, list):
        turn["tool_calls"] = [_call(call) for call in calls]
    return turn


def _call(call: Any) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
        return call
    try:
        arguments = json.loads(function["arguments"])
    except ValueError:
        return call
    return call | {"function": function | {"arguments": arguments}}


def _says_something(turn: Turn) -> bool:
    return bool(turn["content"].strip() or turn.get("tool_calls"))


def _plain(
    turns: list[Turn],
    trained: list[int],
    template: Template,
    *,
    system: str | None,
    tools: list[Any] | None,
) -> Turns:
    plain = [{"role": turn["role"], "content": _content(turn)} for turn in turns]
    spans = []
    for place in trained:
        start = len(alpaca_prompt(plain[:place], system=system, tools=tools))
        spans.append((start, start + len(plain[place]["content"])))
    text = alpaca_prompt(plain[:-1], system=system, tools=tools)
    text += plain[-1]["content"] + template.end
    return Turns(text, (*spans[:-1], (spans[-1][0], len(text))))


def _content(turn: Turn) -> str:
    """Return the content, or the calls as JSON text where a turn only calls tools."""
    if turn["content"].strip() or not turn.get("tool_calls"):
        return str(turn["content"])
    return json.dumps(turn["tool_calls"], ensure_ascii=False)


def _chat(
    turns: list[Turn],
    trained: list[int],
    template: Template,
    *,
    system: str | None,
    tools: list[Any] | None,
) -> Turns:
    def spans(form: list[Turn], shift: int) -> Turns | None:
        return _spans(form, [place + shift for place in trained], template, tools)

    return first_accepted(turns, system, spans) or Turns("", reason="template_refuses")


def _spans(
    turns: list[Turn], trained: list[int], template: Template, tools: list[Any] | None
) -> Turns | None:
    """Return the text and the spans, or None if the template rewrites an answer."""
    text = template.text_of(turns, tools=tools)
    spans: list[tuple[int, int]] = []
    cursor = 0
    for place in trained:
        is_last = place == len(turns) - 1
        whole = text if is_last else template.text_of(turns[: place + 1], tools=tools)
        prompt = template.text_of(turns[:place], tools=tools, is_open=True) if place else ""
        span = _span(text, turns[place], prompt=prompt, whole=whole, cursor=cursor)
        if span is None:
            return None
        spans.append(span)
        cursor = span[1]
    start, end = spans[-1]
    text = text[:end]
    if text.endswith(turns[-1]["content"].strip()) and turns[-1]["content"].strip():
        text += template.end  # a template that writes no mark behind an answer
    return Turns(text, (*spans[:-1], (start, len(text))))


def _span(text: str, turn: Turn, *, prompt: str, whole: str, cursor: int) -> tuple[int, int] | None:
    """Return the characters of one turn.

    Some templates rewrite earlier turns once later ones follow. The span is then the answer alone.
    """
    content, end = turn["content"].strip(), len(whole.rstrip())
    is_prefix = text.startswith(prompt) and text.startswith(whole[:end])
    is_answered = content in text[len(prompt) : end] or "tool_calls" in turn
    if is_prefix and is_answered and cursor <= len(prompt) < end:
        return len(prompt), end
    place = text.find(content, cursor) if content else -1
    return None if place < 0 else (place, place + len(content))
