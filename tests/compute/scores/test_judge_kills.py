"""After kill -9 and with two processes at once, no stored answer is lost or asked again."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from tests.compute.scores.judge_server import JudgeServer, by_number, calls, number, running, values
from tests.conftest import ROOT

CONCURRENCY = 8


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    """A server that fails every fifth request."""
    with running(JudgeServer(reply=by_number, every=5)) as started:
        yield started


def command(catalog: Catalog, server: JudgeServer) -> "subprocess.Popen[str]":
    options = ["--endpoint", server.url, "--model", "m", "--concurrency", str(CONCURRENCY)]
    start = [sys.executable, "-m", "catalog", "--home", str(catalog.store.path)]
    return subprocess.Popen(
        [*start, "score", "p", "deita_quality", *options],
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for(server: JudgeServer, n: int) -> None:
    until = time.monotonic() + 300
    while len(server.asked) < n:
        assert time.monotonic() < until
        time.sleep(0.02)


def numbers(texts: list[str]) -> set[int]:
    return {number({"messages": [{"content": text}]}) for text in texts}


@pytest.mark.parametrize("n", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_kill_loses_no_stored_answer(
    catalog: Catalog, server: JudgeServer, jsonl: Callable[..., Path], records: Any, n: int
) -> None:
    catalog.register(jsonl(records(n)), pool="p")
    n_before, is_killed = 3 * n // 4 if n == 60 else n // 3, threading.Event()

    def answer(body: dict[str, Any]) -> str:
        if len(server.asked) > n_before:
            is_killed.wait()  # so that the run does not come to its end
        return by_number(body)

    server.reply, server.seconds = answer, 0.25 if n == 60 else 0.02
    killed = command(catalog, server)
    wait_for(server, n_before)
    killed.kill()
    killed.communicate()
    is_killed.set()
    rows = catalog.sql("SELECT instruction_id, row_number FROM pool('p')").rows()
    row_of = dict(rows)
    stored = {row_of[row["instruction_id"]] for row in calls(catalog)}
    assert 0 < len(stored) < n
    every = 0 if n == 60 else 5  # no pauses by default: the faults came before the kill
    with running(JudgeServer(reply=by_number, every=every)) as other:  # which no dead client asks
        (report,) = catalog.score(
            "p", "deita_quality", endpoint=other.url, model="m", concurrency=CONCURRENCY
        ).reports
    assert (report.n_computed, report.n_left, report.reasons) == (n, 0, {})
    assert numbers(other.asked) == set(range(n)) - stored
    assert list(values(catalog).values()) == [1 + row % 6 for row in range(n)]
    assert len(calls(catalog)) == n
    assert max(server.most, other.most) <= CONCURRENCY


@pytest.mark.slow
def test_a_second_process_is_refused_and_ctrl_c_keeps_answers(
    catalog: Catalog, server: JudgeServer, jsonl: Callable[..., Path], records: Any
) -> None:
    catalog.register(jsonl(records(60)), pool="p")
    server.seconds = 0.4
    first = command(catalog, server)
    wait_for(server, 9)
    second = command(catalog, server)
    assert second.wait(timeout=60) == 1
    assert f"process {first.pid}" in second.communicate()[1]
    wait_for(server, 30)
    first.send_signal(2)
    first.communicate(timeout=60)
    n_stored = len(calls(catalog))
    assert n_stored >= 30 - CONCURRENCY - 6
    server.every, n_asked = 0, len(server.asked)
    catalog.score("p", "deita_quality", endpoint=server.url, model="m")
    assert len(server.asked) - n_asked == 60 - n_stored
