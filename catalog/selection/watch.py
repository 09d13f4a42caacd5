"""Waiting for DuckDB so that the clock, the user and the progress are heard meanwhile.

DuckDB's client looks for Ctrl-C only between tasks of its own, and not at all while other threads have them all. So a
query runs in a thread of its own and the caller's thread waits, where Python hears every signal.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Protocol, TypeVar

from catalog.errors import InterruptedQueryError

Answer = TypeVar("Answer")
Progress = Callable[[float], None]  # percent of the running query, 0 to 100

TICK = 0.1  # seconds between looks at the clock and the progress


class Interruptible(Protocol):
    """What can be asked how far it is, and stopped."""

    def interrupt(self) -> None:
        """Stop what runs, from another thread."""

    def progress(self) -> float:
        """Percent done; -1 when unknown."""


class Watch:
    """One thread to run queries in, with a time limit over all of them."""

    def __init__(self, subject: Interruptible, *, name: str, seconds: float | None, progress: Progress | None) -> None:
        self.subject = subject
        self.name = name
        self.seconds = seconds
        self.progress = progress
        self.deadline = time.monotonic() + seconds if seconds is not None else None
        self.pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="catalog-query")

    def run(self, work: Callable[[], Answer]) -> Answer:
        """Do the work in the other thread and return its answer.

        Raises:
            InterruptedQueryError: the time is up; the work has stopped.
            KeyboardInterrupt: the user asked; the work has stopped.
        """
        self.check()
        future = self.pool.submit(work)
        try:
            while True:
                try:
                    return future.result(timeout=self._tick())
                except NotYet:
                    if future.done():  # the work's own timeout, and no tick of ours
                        raise
                self.check()
                self._tell()
        except BaseException:
            self._stop(future)
            raise

    def check(self) -> None:
        """Raise when the time is up."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise InterruptedQueryError(
                f"{self.name}: stopped after {self.seconds:g} s, its time limit: ask for less, or give it more time"
            )

    def close(self) -> None:
        """End the thread."""
        self.pool.shutdown()

    def _tick(self) -> float:
        if self.deadline is None:
            return TICK
        return max(0.001, min(TICK, self.deadline - time.monotonic()))

    def _tell(self) -> None:
        if self.progress is not None and (percent := self.subject.progress()) >= 0:
            self.progress(percent)

    def _stop(self, future: Future[Answer]) -> None:
        while not future.done():
            self.subject.interrupt()  # again and again, since the work may begin another query
            try:
                future.exception(timeout=0.05)
            except NotYet:
                continue
