"""Interruption: kill -9 at any moment leaves a whole version of a pool, the old or the new one."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catalog import Catalog


def write(path: Path, *, n: int, first: int = 0) -> Path:
    records = [
        {"instruction": f"question {i}", "output": "x" * 300} for i in range(first, first + n)
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def register(home: Path, source: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "catalog", "--home", str(home)]
    command += ["register", str(source), "--pool", "p"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_while_registering(catalog: Catalog, tmp_path: Path, *, kills: int, n: int) -> None:
    old = write(tmp_path / "old.jsonl", n=1_000)
    new = write(tmp_path / "new.jsonl", n=n, first=500)
    catalog.register(old, pool="p")
    started = time.monotonic()
    throwaway = tmp_path / "throwaway"
    register(throwaway, new).wait()
    whole = time.monotonic() - started
    draw = random.Random(0)
    for _ in range(kills):
        process = register(catalog.store.path, new)
        time.sleep(draw.uniform(0.1, 1.0) * whole)
        process.kill()
        process.wait()
        assert [issue for issue in catalog.doctor() if issue.check != "scratch"] == []
        catalog.gc()
        assert catalog.doctor() == []
        n_members = catalog.sql("SELECT count(*) FROM pool('p')").item()
        assert n_members in (1_000, n)
        assert n_members == catalog.history("p")["n_members"].to_list()[-1]
        if n_members == n:
            catalog.register(old, pool="p", mode="replace")
    assert catalog.register(new, pool="p").n_members == n
    assert catalog.doctor() == []


def test_a_killed_registration_leaves_the_old_version_or_the_new_one(
    catalog: Catalog, tmp_path: Path
) -> None:
    kill_while_registering(catalog, tmp_path, kills=1, n=4_000)


@pytest.mark.slow
def test_thirty_killed_registrations_leave_the_old_version_or_the_new_one(
    catalog: Catalog, tmp_path: Path
) -> None:
    kill_while_registering(catalog, tmp_path, kills=30, n=50_000)


@pytest.mark.slow
@pytest.mark.usefixtures("empty_folder")
def test_ctrl_c_leaves_nothing_half_registered(catalog: Catalog, tmp_path: Path) -> None:
    import signal

    process = register(catalog.store.path, write(tmp_path / "new.jsonl", n=100_000))
    while not list(catalog.store.scratch.glob("register-*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130
    assert list(catalog.store.scratch.iterdir()) == []
    assert not catalog.store.database.exists()
