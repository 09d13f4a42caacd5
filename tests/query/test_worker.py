"""The child process that runs queries for the Python API."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from catalog import Catalog
from catalog.errors import CatalogError, InterruptedQueryError, QueryError, SourceError
from catalog.query import worker
from catalog.query.bounds import is_enforced
from catalog.query.executor import Limits


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Open a catalog whose queries run in a child process."""
    return Catalog.open(tmp_path / "home", wait=10)


def process_id(*, limits: Limits) -> int:
    """Return the process that this runs in."""
    return os.getpid()


def fail(*, limits: Limits) -> None:
    """Raise an error that carries data."""
    raise SourceError("no such file", reason="not_found")


def die(*, limits: Limits) -> None:
    """End as the system ends a process that takes too much."""
    os._exit(9)


def report(*, limits: Limits) -> None:
    """Tell how far it is."""
    assert limits.progress
    for percent in (25.0, 50.0):
        limits.progress(percent)


def test_a_query_runs_in_another_process_which_is_kept() -> None:
    first, second = (worker.call(process_id, limits=Limits()) for _ in range(2))
    assert first == second != os.getpid()


def wait(seconds: float, *, limits: Limits) -> None:
    """Keep the process busy."""
    time.sleep(seconds)


def test_of_several_processes_the_one_that_served_last_serves_next() -> None:
    with ThreadPoolExecutor(3) as threads:
        for _ in range(3):
            threads.submit(worker.call, wait, 0.3, limits=Limits())
    assert len({worker.call(process_id, limits=Limits()) for _ in range(4)}) == 1


def test_errors_come_back_with_their_data() -> None:
    with pytest.raises(SourceError, match="no such file") as caught:
        worker.call(fail, limits=Limits())
    assert caught.value.reason == "not_found"


def test_a_process_that_was_ended_is_an_error_and_the_next_call_has_a_new_one() -> None:
    before = worker.call(process_id, limits=Limits())
    with pytest.raises(InterruptedQueryError, match="9"):
        worker.call(die, limits=Limits())
    assert worker.call(process_id, limits=Limits()) != before


class Stopped(Exception):
    """What a caller's own code raises."""


def report_and_wait(*, limits: Limits) -> str:
    """Tell how far it is, and answer later."""
    assert limits.progress
    limits.progress(50.0)
    time.sleep(0.5)
    return "late"


def test_the_answer_of_a_call_that_its_caller_left_is_not_that_of_the_next() -> None:
    def stop(percent: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        worker.call(report_and_wait, limits=Limits(progress=stop))
    assert worker.call(process_id, limits=Limits()) != "late"


class OnlyHere:
    """A value of a class that the child does not find."""

    def __reduce__(self) -> tuple[object, ...]:
        """Unpickle to an error."""
        return int, ("no number",)


def test_an_argument_that_does_not_travel_is_an_error_and_the_process_is_kept() -> None:
    before = worker.call(process_id, limits=Limits())
    with pytest.raises(ValueError, match="no number"):
        worker.call(wait, OnlyHere(), limits=Limits(seconds=1))
    with pytest.raises((AttributeError, pickle.PicklingError)):
        worker.call(wait, ["x" * 100_000, lambda: 0], limits=Limits())
    assert worker.call(process_id, limits=Limits()) == before


class LastMoment:
    """Timer whose time is over when it is cancelled."""

    def __init__(self, seconds: float, function: Callable[[], object]) -> None:
        self.cancel = function

    def start(self) -> None:
        """Do nothing."""

    join = start


def test_a_process_that_was_killed_while_it_answered_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(worker, "threading", SimpleNamespace(Timer=LastMoment))
        killed = worker.call(process_id, limits=Limits(seconds=1))
    assert worker.call(process_id, limits=Limits()) != killed


def test_progress_is_passed_on() -> None:
    told: list[float] = []
    worker.call(report, limits=Limits(progress=told.append))
    assert told == [25.0, 50.0]


@pytest.mark.slow
def test_the_api_stops_what_does_not_stop_itself(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "pool.jsonl").write_text('{"instruction": "q", "output": "a"}\n')
    catalog.register(tmp_path / "pool.jsonl", pool="p")
    started = time.monotonic()
    with pytest.raises(InterruptedQueryError, match="time limit"):
        catalog.sql("SELECT length(repeat('x', 900000000)) AS n", memory="4GB", seconds=0.2)
    assert time.monotonic() - started < 15
    if is_enforced():
        with pytest.raises(InterruptedQueryError, match="2GB"):
            catalog.sql("SELECT length(repeat('x', 4000000000)) AS n")
    assert catalog.sql("SELECT prompt FROM pool('p')").to_dicts() == [{"prompt": "q"}]


def test_a_stream_is_read_as_it_is_asked_for_and_may_be_left(
    catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "pool.jsonl").write_text('{"instruction": "q", "output": "a"}\n')
    catalog.register(tmp_path / "pool.jsonl", pool="p")
    with catalog.stream("SELECT * FROM range(200000)") as reader:
        assert sum(batch.num_rows for batch in reader) == 200_000
    with catalog.stream("SELECT * FROM range(200000)") as reader:
        assert next(iter(reader)).num_rows < 200_000
    with pytest.raises(QueryError, match="inside of its block"):
        next(iter(reader))
    with pytest.raises(QueryError, match="query:1:8"), catalog.stream("SELECT nothing"):
        pass
    assert catalog.sql("SELECT 1 AS n").item() == 1


def test_a_relative_home_is_found_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pool.jsonl").write_text('{"instruction": "q", "output": "a"}\n')
    catalog = Catalog.open("home")
    catalog.register("pool.jsonl", pool="p")
    assert catalog.sql("SELECT count(*) AS n FROM pool('p')").item() == 1


def test_a_catalog_that_is_not_isolated_answers_here(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "pool.jsonl").write_text('{"instruction": "q", "output": "a"}\n')
    catalog.register(tmp_path / "pool.jsonl", pool="p")
    here = Catalog.open(catalog.store.path, isolated=False)
    assert here.sql("SELECT 1 AS n").item() == 1
    with pytest.raises(CatalogError):
        here.sql("SELECT nothing")
