"""What a person sees: commands on terminals of 80, 100 and 160 columns."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from catalog import Catalog
from catalog.cli import main, progress
from catalog.cli.status import _echo as echo_status
from catalog.project.status import SignalGap, Status
from catalog.query import runner
from tests.cli.conftest import ESCAPES, terminal
from tests.quick import few_of

ROOT = Path(__file__).resolve().parent.parent.parent
LONG = "a-pool-with-a-long-name-that-is-nobodys-favourite"
SLOW = "SELECT sum(hash(i)) AS total FROM range(200000000) AS numbers(i)"  # some seconds


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


def test_a_list_of_marks_shows_their_texts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = Catalog.open(home, isolated=False)
    fingerprint = catalog.sql("SELECT min(fingerprint) AS f FROM pool('alpaca')")["f"][0]
    catalog.mark("alpaca", fingerprint, mark="bad", note="the answer is wrong, and too long")
    screen = in_process(monkeypatch, home, "mark", "alpaca", columns=64)
    catalog.mark("alpaca", fingerprint, mark="none", note="")
    assert "prompt" in lines_of(screen)[0]
    assert left_out(screen) == {"marked_at"}


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
