"""What a person sees: commands on a terminal of 80 columns."""

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.cli import main, output
from catalog.cli.output import progress_bar
from catalog.query import runner

ROOT = Path(__file__).resolve().parent.parent.parent
LONG = "a-pool-with-a-long-name-that-is-nobodys-favourite"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SLOW = "SELECT sum(hash(i)) AS total FROM range(200000000) AS numbers(i)"  # some seconds


def on_terminal(home: Path, *arguments: str) -> str:
    """Everything that a command writes to a terminal of 80 columns, escape sequences included."""
    mine, theirs = pty.openpty()
    environment = os.environ | {
        "COLUMNS": "80",
        "LINES": "40",
        "TERM": "xterm",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "catalog", "--home", str(home), *arguments]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT
    ) as process:
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(mine, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not part:
                break
            parts.append(part)
    os.close(mine)
    assert process.returncode == 0, b"".join(parts).decode()
    return b"".join(parts).decode().replace("\r\n", "\n")


def lines_of(screen: str) -> list[str]:
    """The lines of a table."""
    table = re.sub(r"(?m)^.* left out .*$", "", ESCAPES.sub("", screen))
    return [line.rstrip() for line in table.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("terminal")
    file = folder / "pool.jsonl"
    file.write_text(
        '{"instruction": "why?", "output": "because"}\n{"instruction": "how?", "output": "so"}\n',
        encoding="utf-8",
    )
    (folder / "scores.csv").write_text("quality\n1\n2\n", encoding="utf-8")
    catalog = Catalog.open(folder / "home", isolated=False)
    for pool in ("alpaca", LONG):
        catalog.register(file, pool=pool)
        catalog.tag(pool, "as-it-was-published-first")
    catalog.import_scores(
        "alpaca", folder / "scores.csv", name="quality-as-somebody-rated-it", value="quality"
    )
    return catalog.store.path


def test_pools_shows_every_name_at_80_columns(home: Path) -> None:
    lines = lines_of(on_terminal(home, "pools"))
    assert [line.split()[0] for line in lines if line.startswith("a")] == [LONG, "alpaca"]
    assert max(map(len, lines)) <= 80


def test_signals_shows_kind_and_name_at_80_columns(home: Path) -> None:
    lines = lines_of(on_terminal(home, "signals", "alpaca"))
    assert any(line.split()[1:3] == ["score", "quality-as-somebody-rated-it"] for line in lines)
    assert max(map(len, lines)) <= 80


def test_numbers_are_never_cut(home: Path) -> None:
    columns = ", ".join(f"{10**6 + i} AS a_number_of_{i}" for i in range(9))
    screen = on_terminal(home, "sql", f"SELECT {columns}, 'an_ability' AS name")
    (row,) = (line for line in lines_of(screen) if "an_ability" in line)
    assert row.split() == [f"{10**6 + i:,}" for i in range(len(row.split()) - 1)] + ["an_ability"]
    assert "a_number_of_8" in screen.rpartition("left out")[2]


def test_a_slow_query_prints_its_table_after_its_bar(home: Path) -> None:
    bar, querying, answer = on_terminal(home, "sql", SLOW).rpartition("querying")
    assert querying
    assert "total" in ESCAPES.sub("", answer)
    assert "total" not in bar


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Make this process's output a terminal; the value reads what was written to it so far."""
    mine, theirs = pty.openpty()
    os.set_blocking(mine, False)
    with (
        os.fdopen(theirs, "w", encoding="utf-8", buffering=1) as file,
        monkeypatch.context() as patch,
    ):
        patch.setenv("COLUMNS", "80")
        patch.setattr(sys, "stdout", file)
        patch.setattr(sys, "stderr", file)
        yield lambda: os.read(mine, 65536).decode()
    os.close(mine)


@pytest.mark.parametrize("options", [[], ["--json"], ["--format", "csv"]])
def test_no_format_prints_into_the_bar(
    home: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setattr(output, "QUIET", 0.0)
    query = ["sql", "SELECT prompt FROM pool('alpaca') ORDER BY prompt", *options]
    with terminal(monkeypatch) as screen:
        main(["--home", str(home), *query], standalone_mode=False)
        bar, querying, answer = screen().rpartition("querying")
    assert runner._end_process is None  # the call is over, and this process is its caller's
    assert querying
    assert "why?" in answer
    assert "how?" not in bar


def test_work_shows_a_bar_only_after_half_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    assert output.QUIET == 0.5
    with terminal(monkeypatch) as screen:
        with progress_bar("counting", unit="rows") as bar:
            bar(1, 2, 1)
        with pytest.raises(BlockingIOError):
            screen()
        monkeypatch.setattr(output, "QUIET", 0.01)
        with progress_bar("counting", unit="rows") as bar:
            bar(1, 2, 1)
            time.sleep(0.3)
        assert "counting" in screen()
