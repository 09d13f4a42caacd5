"""What a person sees: commands on terminals of 80, 100 and 160 columns."""

import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from catalog import Catalog
from catalog.cli import main, progress
from catalog.cli.progress import progress_bar
from catalog.cli.status import _echo as echo_status
from catalog.project.status import SignalGap, Status
from catalog.query import runner
from tests.quick import few_of, one_in

ROOT = Path(__file__).resolve().parent.parent.parent
LONG = "a-pool-with-a-long-name-that-is-nobodys-favourite"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SLOW = "SELECT sum(hash(i)) AS total FROM range(200000000) AS numbers(i)"  # some seconds
MARK = "\x1e"
"""What no command prints: it follows what was written so far."""


def on_terminal(home: Path, *arguments: str, columns: int = 80) -> str:
    """Everything that a command writes to a terminal, escape sequences included."""
    mine, theirs = pty.openpty()
    environment = os.environ | {
        "COLUMNS": str(columns),
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
    table = ESCAPES.sub("", screen).rpartition(" left ")[2].partition(" more column")[0]
    return [line.rstrip() for line in table.splitlines() if line.strip()]


def left_out(screen: str) -> set[str]:
    """The columns that a screen says it leaves out."""
    names = re.search(r"more columns?: --wide or --json\s+\(([^)]*)\)", ESCAPES.sub("", screen))
    return set(re.split(r",\s+", names[1])) if names else set()


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, columns: int = 80) -> Iterator[Callable[[], str]]:
    """Make this process's output a terminal; the value reads what came since its last call."""
    mine, theirs = pty.openpty()
    unread = b""

    def screen() -> str:
        nonlocal unread
        print(MARK, end="", file=file, flush=True)
        while MARK.encode() not in unread:  # the kernel hands texts on late, and in parts
            unread += os.read(mine, 65536)
        text, _, unread = unread.partition(MARK.encode())
        return text.decode().replace("\r\n", "\n")

    with (
        os.fdopen(theirs, "w", encoding="utf-8", buffering=1) as file,
        monkeypatch.context() as patch,
    ):
        patch.setenv("COLUMNS", str(columns))
        patch.setattr(sys, "stdout", file)
        patch.setattr(sys, "stderr", file)
        yield screen
    os.close(mine)


def in_process(
    monkeypatch: pytest.MonkeyPatch, home: Path, *arguments: str, columns: int = 80
) -> str:
    """Everything that a command of this process writes to a terminal, without its bar."""
    monkeypatch.setattr(progress, "QUIET", 600.0)
    with terminal(monkeypatch, columns) as screen:
        main(["--home", str(home), *arguments], standalone_mode=False)
        return screen()


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
        "alpaca", folder / "scores.csv", name="quality-as-somebody-rated-it", column="quality"
    )
    return catalog.store.path


@pytest.mark.parametrize("columns", few_of([80, 100, 160, 200], 80))
def test_pools_shows_every_name_whole(home: Path, columns: int) -> None:
    screen = on_terminal(home, "pools", columns=columns)
    lines = lines_of(screen)
    assert [line.split()[0] for line in lines if line.startswith("a")] == [LONG, "alpaca"]
    assert max(map(len, lines)) <= columns
    assert ("shapes" in left_out(screen)) == (columns < 200)


@pytest.mark.parametrize("columns", [80, 100])
def test_signals_shows_kind_and_name(
    home: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    screen = in_process(monkeypatch, home, "signals", "alpaca", columns=columns)
    lines = lines_of(screen)
    assert any(line.split()[:2] == ["score", "quality-as-somebody-rated-it"] for line in lines)
    assert max(map(len, lines)) <= columns
    assert left_out(screen) >= {"identity", "lance_table"}
    if columns == 100:
        assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d\b", "\n".join(lines))


def test_wide_prints_every_column(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = in_process(monkeypatch, home, "signals", "alpaca", "--wide")
    assert "identity" in lines_of(screen)[0]
    assert not left_out(screen)


def test_status_shows_whole_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    gap = SignalGap("p@1", "embedding", "e", 1, 2, f"catalog embed p --encoder {LONG}/{LONG[:20]}")
    with terminal(monkeypatch) as screen:
        echo_status(Status((), (gap,), ()))
        shown = ESCAPES.sub("", screen())
    assert f"command  {gap.command}\n" in shown
    assert len(gap.command) > 80


def test_compared_names_stay_whole(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"a_subset_with_a_long_name_{n}" for n in range(3)]
    catalog = Catalog.open(home, isolated=False)
    for n, name in enumerate(names):
        catalog.select("random", LONG, budget=1, name=name, seed=n)
    screen = in_process(monkeypatch, home, "compare", *names)
    measures = ESCAPES.sub("", screen).partition("Jaccard")[0].splitlines()
    heads = [name for line in measures if "long_name" in line for name in line.split()]
    assert heads == [*(f"{name}@1" for name in names), "random", "1"]
    assert not left_out(screen)


def test_headers_break_only_after_underscores(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = ", ".join(f"{n} AS n_of_quarantined_{n}" for n in range(4))
    screen = in_process(monkeypatch, home, "sql", f"SELECT {many}", columns=64)
    header = "\n".join(lines_of(screen)).partition("─")[0]
    assert set(re.sub("[1-3]", "0", header).split()) == {"n_of_", "quarantined_0"}
    assert not left_out(screen)


def test_rows_that_do_not_fit_are_printed_one_by_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ", ".join(f"{10**6 + i} AS a_number_of_{i}" for i in range(9))
    screen = in_process(monkeypatch, home, "sql", f"SELECT {columns}, '{'word ' * 40}' AS text")
    lines = lines_of(screen)
    assert lines[0].split()[1:3] == ["row", "1"]
    assert [line.split() for line in lines[1:10]] == [
        [f"a_number_of_{i}", f"{10**6 + i:,}"] for i in range(9)
    ]
    assert sum(line.count("word") for line in lines) == 40
    assert max(map(len, lines)) <= 80
    assert (
        "a_number_of_8"
        in lines_of(in_process(monkeypatch, home, "sql", f"SELECT {columns}", "--wide"))[0]
    )


@pytest.mark.parametrize("columns", [40, 160])
def test_texts_do_not_command_the_terminal(
    home: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """Escapes set colours, the title and the clipboard; marks of direction reorder a line."""
    obeyed = "\x1b]52;c;eA==\x07\x9b31mred\x7f\u202edne\x00\r"
    query = f"SELECT '{obeyed}' AS text, 1 AS \"a\x1b[2J\", ['{obeyed}'] AS list"
    screen = in_process(monkeypatch, home, "sql", query, columns=columns)
    assert not set(ESCAPES.sub("", screen)) & set("\x1b\x07\x9b\x7f\u202e\x00\r")
    assert "\x1b]" not in screen
    assert "␛]52;c;eA==␇�31mred␡�dne␀␍" in screen.replace("\n", "").replace(" ", "")
    assert "a␛[2J" in screen
    printed = in_process(monkeypatch, home, "sql", query, "--json")
    assert not set(printed) & set("\x1b\x07\x00\r")
    assert json.loads(printed)[0]["text"] == obeyed


def test_narration_wraps_between_words_and_never_in_a_command(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = ESCAPES.sub(
        "", in_process(monkeypatch, home, "select", "s2l", LONG, "--budget", "1", "--as", "x")
    )
    command = f"`catalog losses train {LONG}@1"
    assert any(command in line for line in screen.splitlines())
    assert all(len(line) <= 80 or command in line for line in screen.splitlines())


@pytest.mark.slow
def test_a_slow_query_prints_its_table_after_its_bar(home: Path) -> None:
    bar, querying, answer = on_terminal(home, "sql", SLOW).rpartition("querying")
    assert querying
    assert "total" in ESCAPES.sub("", answer)
    assert "total" not in bar


class AtOnce:
    """Timer whose time is over."""

    def __init__(self, seconds: float, function: Callable[[], object]) -> None:
        self.start = function

    def cancel(self) -> None:
        """Do nothing: it has run."""

    join = cancel


@pytest.mark.parametrize("options", [[], ["--json"], ["--format", "csv"]])
def test_no_format_prints_into_the_bar(
    home: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setattr(progress, "threading", SimpleNamespace(Timer=AtOnce))
    query = ["sql", "SELECT prompt FROM pool('alpaca') ORDER BY prompt", *options]
    with terminal(monkeypatch) as screen:
        main(["--home", str(home), *query], standalone_mode=False)
        bar, querying, answer = screen().rpartition("querying")
    assert runner._end_process is None  # the call is over, and this process is its caller's
    assert querying
    assert "why?" in answer
    assert "how?" not in bar


def test_work_shows_a_bar_only_after_half_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    assert progress.QUIET == 0.5
    with terminal(monkeypatch) as screen:
        monkeypatch.setattr(progress, "QUIET", 600.0)
        with progress_bar("counting", unit="rows") as bar:
            bar(1, 2, 1)
        assert screen() == ""
        monkeypatch.setattr(progress, "QUIET", 0.01)
        with progress_bar("counting", unit="rows") as bar:
            bar(1, 2, 1)
            while "counting" not in screen():
                time.sleep(0.01)


@pytest.mark.parametrize("name", ["embeddings of alpaca", f"mapping {LONG}"])
def test_a_bar_shows_its_name_whole_and_nothing_that_is_unknown(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(progress, "QUIET", 0.0)
    with terminal(monkeypatch, 80) as screen, progress_bar(name, unit="instructions"):
        shown = ""
        while shown.count("\r") < 3:
            time.sleep(0.01)
            shown += screen()
    drawn = [line for line in re.split(r"[\r\n]+", ESCAPES.sub("", shown)) if line.strip()]
    assert {line.partition("━")[0].strip() for line in drawn} == {name}
    assert not re.search(r"%|\bleft\b|\d instructions", shown)


@pytest.mark.parametrize("columns", one_in(3, [80, 100, 160]))
def test_a_bar_shows_the_time_left_on_one_line(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setattr(progress, "QUIET", 0.0)
    with terminal(monkeypatch, columns) as screen:
        with progress_bar("embedding a-pool-with-a-long-name", unit="instructions") as bar:
            shown = ""
            for done in count():
                bar(done, 4_000_000, 1_234_567)
                time.sleep(0.01)
                shown += screen()
                if shown.count("1,234,567 instructions") > 3:
                    break
        lines = re.split(r"[\r\n]+", ESCAPES.sub("", shown))
    drawn = [line.strip() for line in lines if "1,234,567 instructions" in line]
    assert drawn
    assert all(len(line) <= columns for line in drawn)
    assert [line for line in drawn if not re.search(r" [\d:-]+ left$", line)] == []
