"""Waiting for work in another thread, tick by tick."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from catalog.query.runner import Watch


class Idle:
    """A subject that is never interrupted and knows no progress."""

    def interrupt(self) -> None:
        """Do nothing."""

    def progress(self) -> float:
        return -1.0


@pytest.fixture
def watch() -> Iterator[Watch]:
    opened = Watch(Idle(), name="query", seconds=None, progress=None)
    yield opened
    opened.close()


class EndsAfterTick(Future[str]):
    """Work that ends when a tick is just over."""

    def result(self, timeout: float | None = None) -> str:
        if self.done():
            return super().result(timeout)
        self.set_result("answer")
        raise TimeoutError


def test_an_answer_that_comes_when_a_tick_is_just_over_is_returned(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch.pool, "submit", lambda work: EndsAfterTick())
    assert watch.run(str) == "answer"


def test_the_works_own_timeout_is_raised(watch: Watch) -> None:
    def fail() -> Any:
        raise TimeoutError("of the work")

    with pytest.raises(TimeoutError, match="of the work"):
        watch.run(fail)
