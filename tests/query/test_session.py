"""The locked-down connection: given back, opened again, asked from another thread."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from catalog.errors import InterruptedQueryError
from catalog.query.session import session
from catalog.store.store import Store
from tests.quick import few_of


@pytest.mark.parametrize("seconds", few_of([0.5, 5], 0.5))
def test_it_may_be_given_back_while_another_thread_asks_how_far_it_is(
    store: Store, seconds: float
) -> None:
    before, is_over = sys.getswitchinterval(), threading.Event()
    with session(store) as opened, ThreadPoolExecutor(1) as other:

        def give_back_again_and_again() -> None:
            while not is_over.is_set():
                opened.connection.execute("SELECT 1")
                opened.release()

        sys.setswitchinterval(1e-6)
        given_back = other.submit(give_back_again_and_again)
        try:
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                assert -1 <= opened.progress() <= 100
        finally:
            sys.setswitchinterval(before)
            is_over.set()
        given_back.result()


def test_a_connection_that_was_closed_meanwhile_has_no_progress_and_nothing_to_stop(
    store: Store,
) -> None:
    with session(store) as opened:
        opened.connection.close()  # as another thread does between the look and the question
        assert opened.progress() == -1
        opened.interrupt()


@pytest.mark.parametrize("memory", ["100KB", "1MB"])
def test_too_little_memory_to_open_the_catalog_is_an_error(store: Store, memory: str) -> None:
    with (
        pytest.raises(
            InterruptedQueryError,
            match=f"its limit of {memory}",
        ),
        session(store, memory=memory) as opened,
    ):
        opened.connection.execute("SELECT count(*) FROM pool_members").fetchall()
