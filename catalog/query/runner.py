"""Waiting for DuckDB while the clock, the user and the progress are watched.

DuckDB's client looks for Ctrl-C only between tasks of its own, and not at all while other threads
have them all. So a query runs in a thread of its own and the caller's thread waits, where Python
hears every signal.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import NoReturn, Protocol, TypeVar

from catalog.errors import CatalogError, InterruptedQueryError

Answer = TypeVar("Answer")
Progress = Callable[[float], None]  # percent of the running query, 0 to 100

TICK = 0.1  # seconds between looks at the clock and the progress
GRACE = 2.0  # seconds after which what was asked to stop, and did not, counts as stuck

EndProcess = Callable[[CatalogError], NoReturn]
_end_process: EndProcess | None = None


def end_stuck_process_with(end: EndProcess | None) -> None:
    """Declare this process expendable: `end` is called when a query does not stop in time.

    It is called from any thread.

    One call of a function, or one kernel, may run for hours and hear nothing. The command line and
    the child that runs queries for the Python API are ended then; any other process waits.
    """
    global _end_process
    _end_process = end


class Interruptible(Protocol):
    """What can be asked how far it is, and stopped."""

    def interrupt(self) -> None:
        """Stop what runs, from another thread."""

    def progress(self) -> float:
        """Percent done; -1 when unknown."""


class Watch:
    """One thread to run queries in, with a time limit over all of them."""

    def __init__(
        self, subject: Interruptible, *, name: str, seconds: float | None, progress: Progress | None
    ) -> None:
        self.subject = subject
        self.name = name
        self.seconds = seconds
        self.progress = progress
        self.deadline = time.monotonic() + seconds if seconds is not None else None
        self.pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="catalog-query")
        self.timer = self._timer()

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
                    if future.done():  # since our tick, or by a timeout of its own
                        return future.result()
                self.check()
                self._tell()
        except BaseException:
            self._stop(future)
            raise

    def check(self) -> None:
        """Raise when the time is up."""
        if self._is_late():
            raise self._late()

    def close(self) -> None:
        """End the threads."""
        if self.timer:
            self.timer.cancel()
        self.pool.shutdown()

    def _timer(self) -> threading.Timer | None:
        """Return a timer that ends an expendable process after the time limit, whatever it runs."""
        if self.seconds is None or _end_process is None:
            return None
        timer = threading.Timer(self.seconds + GRACE, _end_process, [self._late()])
        timer.daemon = True
        timer.start()
        return timer

    def _is_late(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    def _late(self) -> InterruptedQueryError:
        message = f"{self.name}: stopped after {self.seconds:g} s, its time limit"
        return InterruptedQueryError(f"{message}: ask for less, or give it more time")

    def _tick(self) -> float:
        if self.deadline is None:
            return TICK
        return max(0.001, min(TICK, self.deadline - time.monotonic()))

    def _tell(self) -> None:
        if self.progress is not None and (percent := self.subject.progress()) >= 0:
            self.progress(percent)

    def _stop(self, future: Future[Answer]) -> None:
        stuck = time.monotonic() + GRACE
        while not future.done():
            if _end_process is not None and time.monotonic() >= stuck:
                _end_process(
                    self._late()
                    if self._is_late()
                    else InterruptedQueryError(f"{self.name}: stopped")
                )
            self.subject.interrupt()  # again and again, since the work may begin another query
            try:
                future.exception(timeout=0.05)
            except NotYet:
                continue
