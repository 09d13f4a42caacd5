"""Requests that a judge is sent about instructions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from catalog.compute.scores.calls import Request
from catalog.signals.model_scores import JudgeScore, conversation_text, fill

N_LOGPROBS = 20


def judge_identity(definition: JudgeScore, model: str) -> dict[str, Any]:
    """Return what decides a judge's values: template, parser, model and sampling."""
    parser = {
        "parser": definition.parser,
        "pattern": definition.pattern,
        "choices": dict(definition.choices),
        "expected": definition.is_expected,
        "scale": definition.scale,
        "combine": definition.combine,
    }
    return {
        "model": model,
        "judge": _sha256([definition.system, definition.template, definition.per]),
        "parser": _sha256(parser),
        "sampling": dict(definition.sampling),
    }


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def requests_of(definition: JudgeScore, model: str, texts: pa.Table) -> list[list[Request]]:
    """Return the requests about each instruction: one, or one for each turn of the assistant.

    An instruction without a turn of the assistant has none.

    Args:
        definition: of the score.
        model: its name at the endpoint.
        texts: with ``instruction_id``, ``prompt``, ``response``, ``messages`` and ``system``.
    """
    names = ["instruction_id", "prompt", "response", "messages", "system"]
    return [_requests(definition, model, row) for row in texts.select(names).to_pylist()]


def _requests(definition: JudgeScore, model: str, row: Mapping[str, Any]) -> list[Request]:
    messages = row["messages"] or []
    answers = [place for place, turn in enumerate(messages) if turn["role"] == "assistant"]
    if not answers:
        return []
    if definition.per == "record":
        values = {"prompt": row["prompt"] or "", "response": row["response"] or ""}
        read = [values | {"turns": conversation_text(messages)}]
    else:
        read = [_turn(messages, place) for place in answers]
    system = {"system": row["system"] or ""}
    return [
        Request(row["instruction_id"], turn, _body(definition, model, values | system))
        for turn, values in enumerate(read)
    ]


def _turn(messages: Sequence[Mapping[str, Any]], place: int) -> dict[str, str]:
    """Return the fields of one turn: the message before it, it, and all up to it."""
    prompt = messages[place - 1]["content"] if place else ""
    return {
        "prompt": prompt or "",
        "response": messages[place]["content"] or "",
        "turns": conversation_text(messages[: place + 1]),
    }


def _body(definition: JudgeScore, model: str, values: Mapping[str, str]) -> dict[str, Any]:
    messages = []
    if definition.system:
        messages.append({"role": "system", "content": definition.system})
    messages.append({"role": "user", "content": fill(str(definition.template), values)})
    body = {"model": model, "messages": messages, **definition.sampling}
    if definition.is_expected:
        body |= {"logprobs": True, "top_logprobs": N_LOGPROBS}
    return body
