"""Writers get their turn, however many readers come one after another, and readers keep theirs."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import pytest

from catalog.store.lock import try_lock
from catalog.store.store import Store

SCRIPT = Path(__file__).with_name("run_reader.py")
INSERT = "INSERT INTO tags VALUES ('a', 'seen', 1, now()::TIMESTAMP)"


@contextmanager
def readers(store: Store, n: int) -> Iterator[list[float]]:
    """Run processes that read in a loop during the block; yield the seconds of each reading."""
    command = [sys.executable, str(SCRIPT), str(store.path)]
    ways = ["reading", "session"]
    processes = [
        subprocess.Popen(
            [*command, ways[i % 2]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for i in range(n)
    ]
    seconds: list[float] = []
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    yield seconds
    for process in processes:
        seconds += json.loads(process.communicate()[0])


def write_among(
    store: Store, *, n_readers: int, n_writes: int, pause: float
) -> tuple[list[float], list[float]]:
    """Seconds of each write among readers, and of each reading meanwhile."""
    writes = []
    with readers(store, n_readers) as among:
        for _ in range(n_writes):
            time.sleep(pause)
            started = time.perf_counter()
            with store.writing() as connection:
                connection.execute(INSERT)
            writes.append(time.perf_counter() - started)
    return writes, among


@pytest.mark.slow
def test_a_write_among_readers_that_never_pause_commits_within_two_seconds(store: Store) -> None:
    with store.writing():
        pass
    writes, among = write_among(store, n_readers=3, n_writes=4, pause=0.2)
    assert max(writes) < 2
    assert len(among) > 4


@pytest.mark.slow
def test_eight_busy_readers_leave_every_write_two_seconds_and_take_at_most_twice_as_long(
    store: Store,
) -> None:
    with store.writing():
        pass
    with readers(store, 8) as alone:
        time.sleep(20)
    writes, among = write_among(store, n_readers=8, n_writes=40, pause=0.5)
    assert max(writes) < 2
    assert median(among) < 2 * median(alone)


def test_a_reader_waits_for_an_announced_writer_and_no_longer_than_its_patience(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.writing():
        pass
    intent = try_lock(store.intent)
    assert intent
    looks = count()
    clock = SimpleNamespace(monotonic=lambda: next(looks) / 100)
    monkeypatch.setattr("catalog.store.opening.time", clock)
    with Store(store.path, wait=0.2).reading() as connection:
        assert connection.sql("SELECT 1").fetchall() == [(1,)]
    assert 0.2 <= clock.monotonic() < 0.3
    intent.close()
