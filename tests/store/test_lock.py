"""The catalog's lock."""

import subprocess
import sys
from pathlib import Path

import pytest

from catalog.errors import LockedError
from catalog.store.lock import locked

HOLD = """
import sys, time
from pathlib import Path
from catalog.store.lock import locked
with locked(Path(sys.argv[1]), wait=1):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_waits_and_at_last_names_the_first(tmp_path: Path) -> None:
    path = tmp_path / "catalog.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(LockedError, match=f"held by process {holder.pid}"),
            locked(path, wait=0.1),
        ):
            pass
        holder.kill()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "catalog.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
        holder.wait()
    with locked(path, wait=0.0):
        assert path.read_text().isdigit()


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "catalog.lock"
    with pytest.raises(ZeroDivisionError), locked(path, wait=0.0):
        1 / 0  # noqa: B018
    with locked(path, wait=0.0):
        pass
