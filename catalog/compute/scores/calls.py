"""Requests to a judge, its answers, and the table that keeps them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from catalog.store.queries import query
from catalog.store.store import Store

MOST_CHARACTERS = 65_536
"""Characters of an answer that are kept and parsed; a judge's answer has a few hundred."""


@dataclass(frozen=True)
class Request:
    """Request for one answer.

    Attributes:
        instruction_id: whom the answer is about.
        turn: the assistant's turn that it is about, from 0.
        body: of the request to ``/chat/completions``.
    """

    instruction_id: int
    turn: int
    body: Mapping[str, Any]

    @cached_property
    def sha256(self) -> str:
        """Return the hash of the body: equal requests share an answer."""
        text = json.dumps(self.body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Answer:
    """Answer to a request.

    Attributes:
        text: what the model wrote; None if the endpoint refused the request.
        logprobs: the likeliest first tokens with their log-probabilities, as JSON.
        finish: why the model stopped, such as ``stop`` or ``length``.
        problem: why there is no answer.
        n_prompt_tokens: of the request; None if the endpoint did not count.
        n_answer_tokens: of the answer.
        seconds: from the last attempt's request to its answer.
        cost: in the currency of the prices; None without prices or counts.
        n_attempts: how often the request was sent.
    """

    text: str | None
    logprobs: str | None = None
    finish: str | None = None
    problem: str | None = None
    n_prompt_tokens: int | None = None
    n_answer_tokens: int | None = None
    seconds: float = 0.0
    cost: float | None = None
    n_attempts: int = 1

    @property
    def n_tokens(self) -> int:
        """Return the tokens that the endpoint counted."""
        return (self.n_prompt_tokens or 0) + (self.n_answer_tokens or 0)


Keep = Callable[[Sequence[tuple[Request, Answer]]], None]
"""Stores answers."""

_ANSWER = pa.schema(
    [
        ("answer", pa.string()),
        ("logprobs", pa.string()),
        ("finish", pa.string()),
        ("problem", pa.string()),
        ("n_prompt_tokens", pa.int64()),
        ("n_answer_tokens", pa.int64()),
        ("seconds", pa.float64()),
        ("cost", pa.float64()),
        ("n_attempts", pa.int64()),
    ]
)


def stored_answers(store: Store, hashes: Iterable[str]) -> dict[str, Answer]:
    """Return the answers that are stored already, by the hash of their request."""
    wanted = pa.table({"request_sha256": pa.array(hashes, pa.string())})
    with store.reading() as connection:
        connection.register("wanted_calls", wanted)
        rows = connection.sql(query("scores/calls")).fetchall()
    return {sha256: Answer(*values) for sha256, *values in rows}


def store_answers(
    store: Store, score: str, model: str, answers: Sequence[tuple[Request, Answer]]
) -> None:
    """Store answers in one transaction.

    Args:
        store: the catalog's files and database.
        score: the name of the score that asked.
        model: the model's name at the endpoint.
        answers: with their requests.
    """
    if not answers:
        return
    values = [astuple(answer) for _, answer in answers]
    columns = {
        name: pa.array([row[place] for row in values], kind)
        for place, (name, kind) in enumerate(zip(_ANSWER.names, _ANSWER.types, strict=True))
    }
    requests = [request for request, _ in answers]
    table = pa.table(
        {
            "instruction_id": pa.array([each.instruction_id for each in requests], pa.int64()),
            "turn": pa.array([each.turn for each in requests], pa.int64()),
            "request_sha256": pa.array([each.sha256 for each in requests], pa.string()),
        }
        | columns
    )
    with store.writing() as connection:
        connection.register("new_calls", table)
        connection.execute(query("scores/keep_calls"), {"score": score, "model": model})
