"""What tests of every layer share."""

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from _pytest.doctest import DoctestModule
from hypothesis import HealthCheck, settings

from catalog import Catalog
from catalog.store.database import upgrade
from catalog.store.store import Store
from tests import quick
from tests.schedule import UnitScheduling, longest_first

ROOT = Path(__file__).resolve().parent.parent
IN_MEMORY = Path("/dev/shm")
"""Where the folders of the tests are, if there is room: to sync takes a fifth of a suite's time."""

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# The expected numbers are those of the CPU, and a model on a GPU computes in bfloat16.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# How long an example takes says nothing on a busy machine.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
# A job in the background of a script ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest first."""
    items.sort(key=longest_first)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Schedule what belongs together in one process."""
    return UnitScheduling(config, log)


class _Doctests:
    """Collects the doctests of files that hold some, so that no other is imported for them."""

    @staticmethod
    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(file_path: Path) -> Iterator[None]:
        collected = yield
        if b">>>" in file_path.read_bytes():
            return collected
        return [each for each in collected if not isinstance(each, DoctestModule)]


def pytest_configure(config: pytest.Config) -> None:
    """Register what holds for all folders; the hooks of this file hold for its own."""
    quick.is_default = "not slow" in config.option.markexpr
    config.pluginmanager.register(_Doctests())
    if quick.is_default and _has_room(IN_MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


def _has_room(folder: Path) -> bool:
    """Return whether the folders of the tests fit into a file system, and scripts run there."""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= 4 * 2**30 and not found.f_flag & os.ST_NOEXEC


def pytest_collection_finish() -> None:
    """Leave what is imported out of every later search for garbage, and search less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(autouse=True)
def _no_configuration(tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> None:
    """Keep the user's own configuration out of the tests, and the tests out of it."""
    monkeypatch.setenv("CATALOG_CONFIG", str(tmp_path_factory.getbasetemp() / "configuration"))


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a test, at one path for all.

    Tests whose catalogs are at one path share the locked instance of DuckDB that a process keeps
    for the next session with the same database; to open another takes longer than many a test.
    """
    folder = tmp_path_factory.getbasetemp() / "test"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a catalog that holds nothing yet: to migrate one takes longer than a copy."""
    store = Store(tmp_path_factory.mktemp("new") / "home")
    upgrade(store, wait=10)
    return store.path


@pytest.fixture
def catalog(new_home: Path, tmp_path: Path) -> Catalog:
    """A catalog that holds nothing yet."""
    return Catalog.open(shutil.copytree(new_home, tmp_path / "home"), wait=10, isolated=False)


@pytest.fixture
def empty_folder(catalog: Catalog) -> None:
    """Leave no catalog in the folder of `catalog`."""
    shutil.rmtree(catalog.store.path)


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Writes records as JSON Lines and names the file."""

    def write(records: Sequence[Any], name: str = "pool.jsonl") -> Path:
        path = tmp_path / name
        path.write_text(
            "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records),
            encoding="utf-8",
        )
        return path

    return write


@pytest.fixture(scope="session")
def data() -> Path:
    """Real instruction data, where it is at hand."""
    folder = Path(os.environ.get("CATALOG_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real data is not at hand: set CATALOG_TEST_DATA to its folder")
    return folder


class Forked:
    """A script in its own process, whose output is read line by line; see fork_scripts.py."""

    def __init__(
        self, server: "subprocess.Popen[str]", output: Path, script: Path, *arguments: str
    ) -> None:
        assert server.stdin
        assert server.stdout
        os.mkfifo(output)
        print(json.dumps([str(output), str(script), *arguments]), file=server.stdin, flush=True)
        self.process = int(server.stdout.readline())
        self.lines = output.open(encoding="utf-8")
        self.server = server.stdout

    def kill(self) -> None:
        """Kill -9, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)

    def wait(self) -> int:
        """Read what is left, and answer the exit status."""
        with self.lines:
            self.lines.read()
        return int(self.server.readline())


@pytest.fixture(scope="session")
def fork_server() -> Iterator["subprocess.Popen[str]"]:
    """What starts scripts with the big libraries imported."""
    libraries = ("torch", "transformers", "sentence_transformers")
    command = [sys.executable, str(Path(__file__).with_name("fork_scripts.py")), *libraries]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT)
    }  # a script's own folder comes first on its path, not the project's
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as server:
        yield server


@pytest.fixture
def fork(fork_server: "subprocess.Popen[str]", tmp_path: Path) -> Callable[..., Forked]:
    """Starts a script, e.g. to be killed: fork(script, *arguments)."""

    def start(script: Path, *arguments: str) -> Forked:
        return Forked(
            fork_server, tmp_path / f"output-{len(list(tmp_path.iterdir()))}", script, *arguments
        )

    return start


def pairs(n: int, *, first: int = 0) -> list[dict[str, str]]:
    """n single-turn records, numbered."""
    return [
        {"instruction": f"question {i}", "input": "", "output": f"answer {i}"}
        for i in range(first, first + n)
    ]
