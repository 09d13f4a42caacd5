"""Memory and time hold whatever function a query calls."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catalog.errors import InterruptedQueryError
from catalog.query.bounds import bounded, is_enforced
from catalog.query.executor import Limits
from catalog.query.stream import run
from catalog.store.store import Store

ONE_VALUE = "SELECT length(repeat('x', 4000000000)) AS n"
IN_A_KERNEL = (
    "SELECT * FROM kmeans((SELECT fingerprint, losses FROM trajectories('tiny', proxy => "
    f"'tiny')), k => ({ONE_VALUE}))"
)
STUCK = "SELECT length(repeat('x', 900000000)) AS n"
MESSAGE = "the system has no limit of address space"

needs_bounds = pytest.mark.skipif(not is_enforced(), reason=MESSAGE)


def peak() -> int:
    """Bytes of memory that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@needs_bounds
@pytest.mark.parametrize("sql", [ONE_VALUE, f"{ONE_VALUE} FROM range(3)", IN_A_KERNEL])
def test_one_value_beyond_the_memory_ends_the_query_at_once(store: Store, sql: str) -> None:
    before, started = peak(), time.monotonic()
    with pytest.raises(InterruptedQueryError, match="256MB"):
        run(store, sql, limits=Limits(memory="256MB", seconds=60))
    assert time.monotonic() - started < 30
    assert peak() - before < 1.5e9
    assert run(store, "SELECT 1 AS n").to_pylist() == [{"n": 1}]


@needs_bounds
def test_an_answer_beyond_the_memory_ends_the_query(store: Store) -> None:
    wide = "SELECT repeat('abc', 100000) AS text FROM range(20000) AS t(i)"  # 6 GB
    with pytest.raises(InterruptedQueryError):
        run(store, wide, limits=Limits(memory="128MB"))


@needs_bounds
def test_bounds_go_with_their_block() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    with bounded(2**20), bounded(2**10):
        assert resource.getrlimit(resource.RLIMIT_AS)[0] != before[0]
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.slow
def test_the_command_line_ends_with_a_query_that_does_not_stop(
    store: Store, tmp_path: Path
) -> None:
    target = tmp_path / "answer.csv"
    options = ["--memory", "4GB", "--timeout", "0.2", "-o", str(target)]
    command = [sys.executable, "-m", "catalog", "--home", str(store.path), "sql", STUCK, *options]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: query: stopped after 0.2 s")
    assert answer.stderr.count("\n") == 1
    assert list(tmp_path.glob("*.csv*")) == list(tmp_path.glob(".*.part")) == []
