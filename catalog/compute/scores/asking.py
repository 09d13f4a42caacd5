"""Asking a model behind an OpenAI-compatible endpoint.

At most ``concurrency`` requests are in flight. Faults that pass (429, 5xx, timeouts, cut or
malformed answers) are retried with growing, random pauses; a pause that the endpoint asks for is
obeyed by all. Answers are stored about once a second, so that a kill loses no more.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from catalog.compute.scores.calls import Answer, Keep, Request
from catalog.compute.scores.endpoint import Endpoint, RetryError, attempt
from catalog.errors import LockedError, SignalError
from catalog.messages import quantity

if TYPE_CHECKING:
    import httpx2

ATTEMPTS = 6
RATE_LIMITED = 60  # 429s of one request; the endpoint says when to come back
LONGEST_PAUSE = 600.0
MOST_REJECTED = 8  # rejections before the first answer that mean a wrong endpoint
_FIRST_PAUSE, _STORE_SECONDS = 0.5, 1.0
_REPORTED_PAUSE, _REPORT_SECONDS = 1.0, 10.0  # shorter pauses, and more lines, tell nobody anything

_log = logging.getLogger(__name__)


@dataclass
class Asking:
    """Run of requests against one endpoint; it counts what all shards of a run share.

    Attributes:
        endpoint: whom to ask.
        keep: stores answers.
        spent: the cost so far.
        n_unanswered: requests that failed in every attempt.
        n_uncounted: answers whose tokens the endpoint did not count.
        is_stopped: whether the maximum cost stopped the run.
        has_answered: whether the endpoint has ever answered.
    """

    endpoint: Endpoint
    keep: Keep
    spent: float = 0.0
    n_unanswered: int = 0
    n_uncounted: int = 0
    is_stopped: bool = False
    has_answered: bool = False
    _reserved: float = 0.0
    _n_failed: int = 0
    _resume_at: float = 0.0
    _failure: Exception | None = None
    _unstored: list[tuple[Request, Answer]] = field(default_factory=list)
    _rejected: list[tuple[Request, Answer]] = field(default_factory=list)
    _stored_at: float = 0.0
    _reported_at: float = -math.inf

    def ask(self, requests: Sequence[Request]) -> None:
        """Ask and keep the answers.

        Raises:
            SignalError: the endpoint cannot be reached, or refuses every request.
        """
        _run(self._ask(requests))

    def notes(self) -> list[str]:
        """Return what a user should know about the run."""
        notes = []
        if self.spent:
            notes.append(f"cost of this run: {self.spent:,.4f}")
        if self.is_stopped:
            notes.append("the maximum cost is reached: a run with a larger one goes on")
        if self.n_unanswered:
            notes.append(
                f"{quantity(self.n_unanswered, 'request')} got no answer: run the command again"
            )
        if self.n_uncounted and self.endpoint.price_in is not None:
            notes.append(f"{self.n_uncounted:,} answers have no cost: their tokens are not counted")
        return notes

    async def _ask(self, requests: Sequence[Request]) -> None:
        import httpx2

        n_workers = min(self.endpoint.concurrency, len(requests))
        headers = {"Authorization": f"Bearer {self.endpoint.key}"} if self.endpoint.key else {}
        limits = httpx2.Limits(max_connections=n_workers, max_keepalive_connections=n_workers)
        timeout = httpx2.Timeout(self.endpoint.timeout, connect=min(self.endpoint.timeout, 10.0))
        self._stored_at = time.monotonic()
        pending = iter(requests)
        try:
            async with httpx2.AsyncClient(
                headers=headers, limits=limits, timeout=timeout
            ) as client:
                workers = (self._work(client, pending) for _ in range(n_workers))
                await asyncio.gather(*workers)
        finally:
            self._store()
        self._settle_rejected()
        if self._failure:
            raise self._failure

    async def _work(self, client: httpx2.AsyncClient, pending: Iterator[Request]) -> None:
        for request in pending:
            if self._failure or not self._reserve(request):
                return
            try:
                answer = await self._answer(client, request)
            except SignalError as error:
                self._failure = self._failure or error
                return
            finally:
                self._reserved -= self.endpoint.most_cost(request)
            if answer:
                self._take(request, answer)
            if time.monotonic() - self._stored_at > _STORE_SECONDS:
                with suppress(LockedError):  # another process writes: the next time does it
                    self._store()

    def _reserve(self, request: Request) -> bool:
        """Set the bound of a request's cost aside; return whether the run may cost so much."""
        most = self.endpoint.most_cost(request)
        budget = self.endpoint.max_cost
        if budget is not None and self.spent + self._reserved + most > budget:
            self.is_stopped = True
            return False
        self._reserved += most
        return True

    def _take(self, request: Request, answer: Answer) -> None:
        if answer.problem and not self.has_answered:
            self._rejected.append((request, answer))
            if len(self._rejected) >= MOST_REJECTED:
                self._settle_rejected()
            return
        self.has_answered = self.has_answered or not answer.problem
        self._unstored.append((request, answer))
        self._n_failed = 0
        self.spent += answer.cost or 0.0
        if answer.n_prompt_tokens is None and not answer.problem:
            self.n_uncounted += 1
            if self.endpoint.max_cost is not None:
                self._failure = SignalError(
                    "the endpoint does not count tokens, so that max_cost cannot be kept",
                    next_step="leave max_cost out, or use an endpoint whose answers have `usage`",
                )

    def _settle_rejected(self) -> None:
        """Keep rejections once the endpoint has answered; until then they are its failure."""
        if self.has_answered:
            self._unstored += self._rejected
            self._rejected = []
            self._store()
        elif self._rejected and not self._failure:
            self._failure = SignalError(
                f"{self.endpoint.url} rejects every request: {self._rejected[0][1].problem}"
            )

    def _store(self) -> None:
        self.keep(self._unstored)
        self._unstored = []
        self._stored_at = time.monotonic()

    async def _answer(self, client: httpx2.AsyncClient, request: Request) -> Answer | None:
        """Return the answer, after as many attempts as it takes; None if all fail."""
        n_attempts = n_limited = 0
        while not self._failure:
            await self._pause(self._resume_at - time.monotonic())
            try:
                answer = await attempt(client, self.endpoint, request)
                return replace(answer, n_attempts=n_attempts + n_limited + 1)
            except RetryError as fault:
                n_limited += fault.is_limit
                n_attempts += not fault.is_limit
                if n_attempts >= ATTEMPTS or n_limited >= RATE_LIMITED:
                    self._give_up(fault)
                    return None
                await self._wait(fault, n_attempts + n_limited)
        return None

    def _give_up(self, fault: RetryError) -> None:
        self.n_unanswered += 1
        self._n_failed += 1
        if not self.has_answered or self._n_failed > self.endpoint.concurrency:
            raise SignalError(
                f"{self.endpoint.url} does not answer: {fault}",
                next_step="run the command again later; stored answers are not asked again",
            )

    async def _wait(self, fault: RetryError, n_attempts: int) -> None:
        pause = min(60.0, _FIRST_PAUSE * 2 ** (n_attempts - 1)) * random.uniform(0.5, 1.0)
        if fault.pause is not None:
            if fault.pause > LONGEST_PAUSE:
                raise SignalError(
                    f"{self.endpoint.url} asks to wait {fault.pause:,.0f} s",
                    next_step="run the command again then; stored answers are not asked again",
                )
            self._resume_at = max(self._resume_at, time.monotonic() + fault.pause)
            pause = fault.pause + random.uniform(0, 0.1)
        self._report_wait(fault, pause)
        await self._pause(pause)

    def _report_wait(self, fault: RetryError, pause: float) -> None:
        """Log that the run waits for the endpoint, every ten seconds at most."""
        now = time.monotonic()
        if pause >= _REPORTED_PAUSE and now >= self._reported_at + _REPORT_SECONDS:
            self._reported_at = now
            _log.warning("%s: %s: waiting %.0f s", self.endpoint.url, fault, pause)

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not when the run has failed meanwhile."""
        until = time.monotonic() + seconds
        while not self._failure and (rest := until - time.monotonic()) > 0:
            await asyncio.sleep(min(rest, 0.5))


def _run(work: Any) -> None:
    """Run a coroutine; in a thread of its own where a loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
