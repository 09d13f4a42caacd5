"""Bars on a terminal."""

import re
import time
from itertools import count

import pytest

from catalog.cli import progress
from catalog.cli.progress import progress_bar
from tests.cli.conftest import ESCAPES, terminal
from tests.quick import one_in


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


@pytest.mark.parametrize(
    "name",
    [
        "querying",
        "embeddings of alpaca",
        "mapping a-pool-with-a-long-name-that-is-nobodys-favourite",
    ],
)
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
    assert not re.search(r"\S {2,}━", "\n".join(drawn))
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
