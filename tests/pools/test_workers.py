"""Processes that read the parts of a load: how far they are, and what dies with what."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.errors import WorkerError
from catalog.pools.load import load
from catalog.pools.options import ReadOptions
from catalog.pools.parts import Part
from catalog.pools.sources import resolve
from catalog.pools.staging import StagedPart, stage_part
from catalog.pools.workers import Count, Workers


class Ready(Workers):
    """Workers that have read a part before anybody waits for it."""

    def submit(self, part: Part, *, progress: Count) -> Future[StagedPart]:
        def staged() -> StagedPart:
            return stage_part(part, self._options, folder=self._folder, progress=progress)

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(staged)


def test_progress_ends_with_all_records_however_soon_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.pools.load.Workers", Ready)
    file = tmp_path / "a.jsonl"
    file.write_text('{"instruction": "a", "output": "b"}\n' * 5)
    told: list[int] = []
    load(
        resolve([str(file)]),
        ReadOptions(),
        folder=tmp_path,
        jobs=2,
        part_bytes=40,
        progress=lambda n_records, *_: told.append(n_records),
    )
    assert told[-1] == 5


def children(process: int) -> list[int]:
    """Return the processes that a process started."""
    found: list[int] = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, path.read_text().split())
    return found


def worker_of(process: int, before: Sequence[int] = ()) -> int:
    """Wait until a process has a worker that was not there before."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for child in set(children(process)) - set(before):
            with suppress(OSError):
                if b"catalog.pools.workers" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return child
        time.sleep(0.01)
    raise TimeoutError("no worker started")


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A pipe that nobody writes into."""
    os.mkfifo(tmp_path / "endless.jsonl")
    return tmp_path / "endless.jsonl"


linux = pytest.mark.skipif(sys.platform != "linux", reason="finds the worker in /proc")


@linux
def test_a_killed_worker_ends_the_load_with_an_error_and_a_clean_catalog(
    catalog: Catalog, endless: Path
) -> None:
    before = children(os.getpid())
    with ThreadPoolExecutor() as threads:
        loading = threads.submit(catalog.register, endless, pool="p", jobs=2)
        os.kill(worker_of(os.getpid(), before), signal.SIGKILL)
        with pytest.raises(WorkerError) as error:
            loading.result(timeout=120)
    assert str(endless) in str(error.value)
    assert "-9" in str(error.value)
    assert (list(catalog.store.scratch.iterdir()), catalog.pools().height) == ([], 0)
    assert catalog.doctor() == []


@linux
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_their_parent(catalog: Catalog, endless: Path, number: int) -> None:
    command = [sys.executable, "-m", "catalog", "--home", str(catalog.store.path), "register"]
    parent = subprocess.Popen([*command, str(endless), "--pool", "p", "--jobs", "2"])
    worker = worker_of(parent.pid)
    parent.send_signal(number)
    assert parent.wait(timeout=120) == (130 if number == signal.SIGINT else -9)
    deadline = time.monotonic() + 120
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{worker}").exists()
    catalog.gc()
    assert (list(catalog.store.scratch.iterdir()), catalog.pools().height) == ([], 0)
