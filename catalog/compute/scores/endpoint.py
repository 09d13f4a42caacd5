"""OpenAI-compatible endpoint: one request, and what its answer means."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from catalog.compute.scores.calls import MOST_CHARACTERS, Answer, Request
from catalog.errors import SignalError

if TYPE_CHECKING:
    import httpx2

_MOST_BYTES = 16 * 2**20
_REJECTED = frozenset((400, 413, 422))
_HOPELESS = frozenset((401, 402, 403, 404, 405))


@dataclass(frozen=True)
class Endpoint:
    """Endpoint and the limits of a run.

    Attributes:
        url: up to and including ``/v1``.
        key: sent as a bearer token; never stored, never shown.
        concurrency: requests at once.
        timeout: seconds to wait for an answer.
        price_in: of a million tokens of requests; None if unknown.
        price_out: of a million tokens of answers.
        max_cost: what the run may cost.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    concurrency: int = 16
    timeout: float = 120.0
    price_in: float | None = None
    price_out: float | None = None
    max_cost: float | None = None

    def cost(self, n_prompt_tokens: int | None, n_answer_tokens: int | None) -> float | None:
        """Return the cost of tokens; None without prices or counts."""
        if self.price_in is None or self.price_out is None:
            return None
        if n_prompt_tokens is None or n_answer_tokens is None:
            return None
        return (self.price_in * n_prompt_tokens + self.price_out * n_answer_tokens) / 1e6

    def most_cost(self, request: Request) -> float:
        """Return a bound of a request's cost: a token has at least one byte."""
        n_bytes = sum(len(each["content"].encode()) + 32 for each in request.body["messages"])
        limit = request.body.get("max_tokens") or request.body.get("max_completion_tokens") or 0
        return self.cost(n_bytes + 32, limit) or 0.0


class RetryError(Exception):
    """Raised if an attempt failed in a way that may pass."""

    def __init__(self, problem: str, pause: float | None = None, *, is_limit: bool = False) -> None:
        super().__init__(problem)
        self.pause, self.is_limit = pause, is_limit


async def attempt(client: httpx2.AsyncClient, endpoint: Endpoint, request: Request) -> Answer:
    """Send a request once.

    Raises:
        RetryError: it failed in a way that may pass.
        SignalError: it failed in a way that every other request shares.
    """
    import httpx2

    started = time.monotonic()
    url = f"{endpoint.url}/chat/completions"
    try:
        async with asyncio.timeout(endpoint.timeout):
            async with client.stream("POST", url, json=request.body) as response:
                content = await _read(response)
    except (httpx2.TransportError, httpx2.DecodingError, TimeoutError) as error:
        raise RetryError(f"{type(error).__name__} {error}".strip()) from None
    if response.status_code != 200:
        return _refused(endpoint, response, content)
    try:
        answer = answer_of(content)
    except NoCompletionError:
        raise RetryError("its answer is not a chat completion") from None
    return replace(
        answer,
        seconds=time.monotonic() - started,
        cost=endpoint.cost(answer.n_prompt_tokens, answer.n_answer_tokens),
    )


def _refused(endpoint: Endpoint, response: httpx2.Response, content: bytes) -> Answer:
    status, text = response.status_code, _message(endpoint, content)
    if status == 429:
        raise RetryError(f"HTTP 429 {text}", _retry_after(response), is_limit=True)
    if status in _REJECTED:
        return Answer(None, problem=f"HTTP {status} {text}".strip())
    if status in _HOPELESS:
        raise SignalError(f"{endpoint.url}: HTTP {status} {text}", next_step=_STEPS[status])
    raise RetryError(f"HTTP {status} {text}", _retry_after(response))


def _message(endpoint: Endpoint, content: bytes) -> str:
    """Return what an endpoint says about an error, in a line, without the key."""
    try:
        error = json.loads(content)
        text = error.get("error", error)
        text = text.get("message", text) if isinstance(text, dict) else text
    except (ValueError, AttributeError):
        text = content.decode("utf-8", "replace")
    line = " ".join(str(text).split())[:300]
    return line.replace(endpoint.key, "***") if endpoint.key else line


_STEPS = dict.fromkeys((401, 403), "the API key comes from the environment: see --api-key-env") | {
    402: "the account has no credit",
    404: "check --endpoint (it ends with /v1) and --model",
    405: "check --endpoint (it ends with /v1)",
}


async def _read(response: httpx2.Response) -> bytes:
    pieces, size = [], 0
    async for piece in response.aiter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > _MOST_BYTES:
            raise RetryError(f"the answer has more than {_MOST_BYTES:,} bytes")
    return b"".join(pieces)


class NoCompletionError(Exception):
    """Raised if a body is not a chat completion."""


def answer_of(content: Any) -> Answer:
    """Read the body of a chat completion, as bytes or as the object that JSON holds.

    Raises:
        NoCompletionError: it is not one.
    """
    try:
        body = json.loads(content) if isinstance(content, bytes) else content
        choice = body["choices"][0]
        text = choice["message"].get("content") or ""
        usage = body.get("usage") or {}
        return Answer(
            str(text)[:MOST_CHARACTERS],
            logprobs=_logprobs(choice),
            finish=_text(choice.get("finish_reason")),
            n_prompt_tokens=_count(usage.get("prompt_tokens")),
            n_answer_tokens=_count(usage.get("completion_tokens")),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise NoCompletionError from None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    """Return a number of tokens; None if it is not one, as if the endpoint did not count."""
    return value if type(value) is int and 0 <= value < 2**31 else None


def _logprobs(choice: Any) -> str | None:
    tokens = (choice.get("logprobs") or {}).get("content") or []
    if not tokens:
        return None
    return json.dumps([[each["token"], each["logprob"]] for each in tokens[0]["top_logprobs"]])


def _retry_after(response: httpx2.Response) -> float | None:
    """Return the seconds of a Retry-After header: a number, or a date."""
    text = response.headers.get("retry-after")
    if text is None:
        return None
    with suppress(ValueError):
        return max(0.0, float(text))
    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    return None
