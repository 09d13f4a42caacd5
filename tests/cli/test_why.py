"""`catalog why`: a screen for a person, a document for a program, and exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from tests.cli.conftest import Run
from tests.copies import made_once

N = 30

pytestmark = pytest.mark.usefixtures("filled")


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path) -> Catalog:
    """A pool with a score, and a subset of it."""
    catalog.register(
        jsonl(
            [{"instruction": f"question {i}", "output": "word " * (i % 7 + 1)} for i in range(N)]
        ),
        pool="p",
    )
    np.save(tmp_path / "depth.npy", np.arange(N, dtype=np.float64))
    catalog.import_scores("p", tmp_path / "depth.npy", name="depth")
    catalog.select("depth_only", "p", budget=3, name="deep")
    return catalog


def test_a_members_rank_and_reasons_are_reported(run: Run) -> None:
    lines = run("why", "deep", "28").stdout.splitlines()
    assert lines[0].startswith("row 28 of ")
    assert lines[1:] == [
        "  question 28",
        "in deep@1: rank 2 of 3, selected by depth_only from p@1",
        "  depth  28  how much it can teach",
    ]


def test_one_left_out_stands_beside_those_that_were_taken(run: Run) -> None:
    answer = run("why", "deep", "20")
    last = json.loads(run("why", "deep", "27", "--json").stdout)["fingerprint"][:12]
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    assert lines[2:5] == [
        "not in deep@1: 3 members, selected by depth_only from p@1",
        "  place 10 of 30 eligible; 3 were selected, 7 places before it",
        "  ordered by depth DESC: this row has depth 20; "
        f"the last selected row, {last} (rank 3), has 27",
    ]
    assert lines[6].split() == ["this", "row", "last", "selected"]
    assert [line.split() for line in lines[8:]] == [
        ["prompt", "question", "20", "question", "27"],
        [
            "fingerprint",
            json.loads(run("why", "deep", "20", "--json").stdout)["fingerprint"][:12],
            last,
        ],
        ["rank", "3"],
        ["depth", "20", "27"],
    ]


def test_json_holds_what_is_printed(run: Run) -> None:
    member = json.loads(run("why", "deep", "29", "--json").stdout)
    assert (member["reference"], member["is_member"], member["rank"], member["why"]) == (
        "deep@1",
        True,
        1,
        {"depth": 29.0},
    )
    found = json.loads(run("why", "deep", "0", "--json").stdout)
    assert (
        found["is_member"],
        found["cause"],
        found["place"],
        found["n_eligible"],
        found["n_taken"],
    ) == (False, "place", 30, 30, 3)
    assert [(one["who"], one["rank"], one["depth"]) for one in found["beside"]] == [
        ("this row", None, 0.0),
        ("last selected", 3, 27.0),
    ]


def test_a_fingerprints_beginning_serves_as_well(run: Run) -> None:
    fingerprint = json.loads(run("why", "deep", "28", "--json").stdout)["fingerprint"]
    assert (
        run("why", "deep", fingerprint[:9]).stdout
        == run("why", "deep", "28").stdout
        == run("why", "deep", fingerprint.upper()).stdout
    )


@pytest.mark.parametrize(
    ("which", "exit_code", "message"),
    [
        ("30", 1, "error: p@1 has no row 30: its rows are 0 to 29\n"),
        ("f00", 2, "error: expected a row number, or the first 8"),
    ],
)
def test_a_row_that_is_not_there_is_one_line_on_stderr(
    run: Run, which: str, exit_code: int, message: str
) -> None:
    answer = run("why", "deep", which)
    assert (answer.exit_code, answer.stdout) == (exit_code, "")
    assert answer.stderr.startswith(message)
    assert answer.stderr.count("\n") == 1
