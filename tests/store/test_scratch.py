"""Scratch folders belong to the process that holds their lock, in any container."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.store.scratch import scratch_folder

ROOT = Path(__file__).resolve().parent.parent.parent
HOLD = """
import sys
from pathlib import Path
from catalog.store.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1]), "register") as folder:
    (folder / "staged").write_text("rows")
    sys.stdout.write(folder.name + "\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


@contextmanager
def holder(catalog: Catalog, *prefix: str) -> Iterator["subprocess.Popen[str]"]:
    """A process with a scratch folder of its own, told by its first line."""
    command = [*prefix, sys.executable, "-c", HOLD, str(catalog.store.scratch)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def registered(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    catalog.register(jsonl([{"instruction": "q", "output": "a"}]), pool="p")
    return catalog


def test_gc_leaves_the_staging_of_a_live_job_in_another_pid_namespace(registered: Catalog) -> None:
    unshare = shutil.which("unshare")
    command = [str(unshare), "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    if (
        unshare is None
        or subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this user cannot make a PID namespace")
    with holder(registered, *command) as process:
        assert process.stdout
        folder = registered.store.scratch / process.stdout.readline().strip()
        assert registered.doctor() == []
        assert registered.gc().scratch == []
        assert (folder / "staged").read_text() == "rows"


def test_what_a_killed_job_left_is_found_and_swept(registered: Catalog) -> None:
    with holder(registered) as process:
        assert process.stdout
        folder = registered.store.scratch / process.stdout.readline().strip()
    assert [finding.check for finding in registered.doctor()] == ["scratch"]
    assert registered.gc(dry_run=True).scratch == [str(folder)]
    assert registered.gc().scratch == [str(folder)]
    assert list(registered.store.scratch.glob("register-*")) == []
    assert registered.doctor() == []


def test_a_scratch_folder_and_its_lock_go_with_their_block(registered: Catalog) -> None:
    with scratch_folder(registered.store.scratch, "register") as folder:
        assert registered.gc().scratch == []
        assert folder.is_dir()
    assert list(registered.store.scratch.glob("register-*")) == []


def test_what_duckdb_spilled_for_a_process_that_died_is_swept(registered: Catalog) -> None:
    left = registered.store.scratch / "spill-1-0a1b2c3d"  # a process of this number always lives
    left.mkdir()
    assert registered.gc().scratch == [str(left)]
    assert not left.exists()


def test_a_lock_whose_folder_is_gone_is_swept_when_it_is_old(registered: Catalog) -> None:
    left, begun = (registered.store.scratch / f"register-{name}.lock" for name in ("left", "begun"))
    for lock in (left, begun):
        lock.touch()
    os.utime(left, (0, 0))
    registered.gc()
    assert [lock.exists() for lock in (left, begun)] == [False, True]
