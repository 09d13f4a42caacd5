from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest

from catalog.errors import (
    ForbiddenQueryError,
    HomeNotFoundError,
    InterruptedQueryError,
    LockedError,
    QueryError,
    ReferenceNotFoundError,
)
from catalog.query.executor import Limits
from catalog.query.stream import run, stream
from catalog.store.store import Store
from tests.quick import few_of

ENDLESS = (
    "SELECT count(*) FROM range(1000000) AS a, range(10000000) AS b WHERE (a.range * "
    "b.range) % 7 = 3"
)


def test_time_is_limited(store: Store) -> None:
    started = time.monotonic()
    with pytest.raises(InterruptedQueryError, match=r"0\.3 s, its time limit"):
        run(store, ENDLESS, limits=Limits(seconds=0.3))
    assert time.monotonic() - started < 30  # of hours


def test_memory_is_limited(store: Store) -> None:
    with pytest.raises(InterruptedQueryError, match="more memory than its limit of 100MB"):
        run(store, "SELECT list(range) FROM range(100000000)", limits=Limits(memory="100MB"))


def test_spilling_is_limited(store: Store) -> None:
    with pytest.raises(InterruptedQueryError, match="more disk"):
        run(
            store,
            "SELECT DISTINCT repeat(CAST(range AS VARCHAR), 20) AS x FROM range(3000000)",
            limits=Limits(memory="100MB", spill="10MB"),
        )
    assert not list(store.scratch.iterdir())


def test_a_stream_that_fails_late_raises_our_error(store: Store) -> None:
    late = (
        "SELECT CASE WHEN range = 3000000 THEN error('too far') ELSE range END AS i FROM "
        "range(5000000)"
    )
    with stream(store, late) as reader, pytest.raises(QueryError, match="too far"):
        for _ in reader:
            pass


class Enough(Exception):
    """What ends a query that has told how far it is."""


def test_progress_is_reported_from_0_to_100(store: Store) -> None:
    told: list[float] = []

    def tell(percent: float) -> None:
        told.append(percent)
        if len(told) == 5:
            raise Enough

    with pytest.raises(Enough):
        run(store, ENDLESS.replace("1000000)", "3000)"), limits=Limits(progress=tell))
    assert all(0 <= percent <= 100 for percent in told)
    assert told == sorted(told)


def test_the_database_is_free_again_afterwards(store: Store) -> None:
    run(store, "SELECT 1")
    with pytest.raises(QueryError):
        run(store, "SELECT nothing")
    with store.writing() as connection:
        connection.execute("INSERT INTO tags VALUES ('tiny', 'second', 2, TIMESTAMP '2026-01-03')")


def test_queries_run_beside_each_other_and_beside_readers_with_limits_of_their_own(
    store: Store,
) -> None:
    with (
        store.reading(),
        stream(store, "SELECT range FROM range(1000000)", limits=Limits(memory="200MB")) as one,
        stream(store, "SELECT 1", limits=Limits(memory="300MB")) as two,
    ):
        assert two.read_all().num_rows == 1
        assert one.read_all().num_rows == 1_000_000


def test_a_query_waits_for_a_writer_in_this_process(store: Store) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def write() -> None:
        with store.writing():
            begun.set()
            may_end.wait()

    thread = threading.Thread(target=write)
    thread.start()
    begun.wait()
    try:
        with pytest.raises(LockedError):
            run(Store(store.path, wait=0.05), "SELECT 1")
        threading.Timer(0.1, may_end.set).start()
        assert run(Store(store.path, wait=60), "SELECT 1 AS x").to_pylist() == [{"x": 1}]
    finally:
        may_end.set()
        thread.join()


def test_time_is_limited_while_a_writer_holds_the_catalog(store: Store) -> None:
    with store.writing():
        started = time.monotonic()
        with pytest.raises(InterruptedQueryError, match="time limit"):
            run(Store(store.path, wait=60), "SELECT 1", limits=Limits(seconds=0.2))
        assert time.monotonic() - started < 30


def test_a_missing_catalog_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HomeNotFoundError, match="no catalog in"):
        run(Store(tmp_path / "none"), "SELECT 1")


def test_an_unknown_pool_is_an_error_with_its_location(store: Store) -> None:
    with pytest.raises(
        ReferenceNotFoundError,
        match=r"^query:1:15: no pool or subset named tinny; did you mean tiny\?",
    ):
        run(store, "SELECT * FROM pool('tinny')")


def test_a_subset_is_wanted_and_a_pool_is_named(store: Store) -> None:
    with pytest.raises(ReferenceNotFoundError, match="'tiny' is a pool"):
        run(store, "SELECT * FROM subset('tiny')")


def test_the_python_around_is_not_readable(store: Store) -> None:
    secrets = pa.table({"password": ["x"]})
    with pytest.raises(QueryError, match="secrets does not exist"):
        run(store, "SELECT * FROM secrets")
    assert secrets.num_rows == 1


@pytest.mark.parametrize("verb", few_of(["run", "stream"], "stream"))
def test_ctrl_c_stops_at_once_and_leaves_everything_sane(store: Store, verb: str) -> None:
    code = f"""
import sys
from pathlib import Path
from catalog.query.stream import run, stream
from catalog.query.executor import Limits
from catalog.store.store import Store
home = Store(Path({str(store.path)!r}))
run(home, "SELECT 1")
told = []
def tell(_):
    if not told:
        told.append(print("ready", flush=True))
try:
    if {verb!r} == "run":
        run(home, {ENDLESS!r}, limits=Limits(seconds=60, progress=tell))
    else:
        sql = "SELECT range FROM range(100000000000)"
        with stream(home, sql, limits=Limits(seconds=60)) as reader:
            for batch in reader:
                tell(batch)
except KeyboardInterrupt:
    print("stopped", run(home, "SELECT 41 + 1 AS x").to_pylist(), flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        started = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert out == "stopped [{'x': 42}]\n"
    assert err == ""
    assert time.monotonic() - started < 30  # the query has twice that time


def test_selecting_one_loads_nothing_heavy(store: Store) -> None:
    code = f"""
import sys
from pathlib import Path
from catalog.query.stream import run
from catalog.store.store import Store
run(Store(Path({str(store.path)!r})), "SELECT instruction_id FROM pool('tiny')")
heavy = {{
    "torch", "lancedb", "lance", "transformers", "sklearn", "sqlglot", "scipy", "pyarrow.dataset",
    "polars",
}}
print(sorted(heavy & sys.modules.keys()))
"""
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "[]\n"
    )


def test_what_is_forbidden_has_its_own_error(store: Store) -> None:
    with pytest.raises(ForbiddenQueryError):
        run(store, "DROP TABLE pools")
