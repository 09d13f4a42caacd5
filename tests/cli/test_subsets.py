"""Selections on the command line: what is said, what is data, and what the exit codes say."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from catalog.store.paths import package_data_dir
from tests.cli.conftest import Run
from tests.copies import made_once

N = 40
MINE = """-- summary: The first.\n-- param: skip integer = 0 [0..5]  left out
SELECT instruction_id, row_number FROM pool($pool) WHERE row_number >= $skip
ORDER BY row_number LIMIT $budget\n"""


@pytest.fixture
def records() -> list[dict[str, str]]:
    return [
        {"instruction": f"question {i}", "output": "word " * (i % 7 + 1), "from": f"s{i % 3}"}
        for i in range(N)
    ]


@pytest.fixture
@made_once
def filled(
    catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path, records: list[dict[str, str]]
) -> Catalog:
    """A pool with a score `depth`, trajectories, and the subsets `deep` and `drawn`."""
    catalog.register(jsonl(records), pool="p", source_column="from")
    np.save(tmp_path / "losses.npy", np.random.default_rng(0).random((N, 4), dtype=np.float32))
    catalog.import_losses("p", tmp_path / "losses.npy", proxy="mine")
    np.save(tmp_path / "score.npy", np.arange(N, dtype=np.float64))
    catalog.import_scores("p", tmp_path / "score.npy", name="depth")
    catalog.select("depth_only", "p", budget=10, name="deep")
    catalog.select("random", "p", budget=10, name="drawn")
    return catalog


@pytest.fixture
def embedded(filled: Catalog) -> Catalog:
    filled.embed("p")
    return filled


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
def test_compare_prints_a_row_a_measure_and_says_what_it_could_not_measure(run: Run) -> None:
    result = run("compare", "deep", "drawn")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["deep@1", "drawn@1", "random", "10"]
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.strip()}
    assert rows["n_members"] == ["10", "10", "10"]
    assert rows["depth_mean"][0] == "34.5"
    assert lines[-2].split() == ["deep@1", rows["deep@1"][-1]]  # the matrix of overlap
    assert lines[-1].split() == ["drawn@1", rows["deep@1"][-1]]
    message = "  not measured: p@1 has no score n_tokens; there are: depth: "
    message += "`catalog score p@1 n_tokens --tokenizer ID` computes it"
    assert result.stderr.splitlines() == [
        message,
        "  not measured: p@1 has no embeddings: "
        "`catalog embed p@1 --encoder all-MiniLM-L6-v2` computes them",
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
def test_compare_takes_the_encoder_and_the_proxy_that_are_named(run: Run) -> None:
    result = run("compare", "deep", "--encoder", "MiniLM", "--proxy", "other")
    assert result.exit_code == 0, result.output
    assert (
        "p@1 has no losses of other; there are: mine: "
        "`catalog losses import p@1 FILE --proxy other` imports them" in result.stderr
    )
    assert (
        "p@1 has no embeddings of MiniLM: `catalog embed p@1 --encoder MiniLM` computes them"
        in result.stderr
    )


@pytest.mark.slow
@pytest.mark.usefixtures("embedded")
def test_compare_answers_in_json_and_draws(run: Run, tmp_path: Path) -> None:
    for name, begin in (("picture.png", b"\x89PNG"), ("picture.svg", b"<?xml")):
        path = tmp_path / name
        result = run("compare", "deep", "drawn", "--projection", "pca", "--json", "-o", str(path))
        assert result.exit_code == 0, result.output
        assert path.read_bytes().startswith(begin)
        answer = json.loads(result.stdout)
        assert answer["picture"] == str(path)
    assert [row["name"] for row in answer["rows"]] == ["deep@1", "drawn@1", "random 10"]
    assert answer["rows"][0]["depth_mean"] == 34.5
    assert all(0 < row["coverage"] <= 1 for row in answer["rows"])
    (overlap,) = answer["overlap"]
    assert (overlap["left"], overlap["right"]) == ("deep@1", "drawn@1")
    assert answer["parent"] == "p@1"
    assert answer["spread"]["random 10"]["depth_mean"] > 0
    assert answer["facts"]["deep@1"] == {"selector": "depth_only", "budget": 10, "seed": 0}


@pytest.mark.usefixtures("filled")
def test_a_comparison_of_two_pools_is_refused(
    run: Run, catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    catalog.register(jsonl([{"instruction": "a", "output": "b"}], "other.jsonl"), pool="other")
    result = run("compare", "deep", "other")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "come from 2 pools (other@1, p@1)" in result.stderr


@pytest.mark.usefixtures("filled")
def test_explain_prints_the_plan_the_sql_alone_or_json(run: Run) -> None:
    wanted = ("explain", "s2l", "p", "--budget", "25%", "--set", "k=4", "--seed", "7")
    plan = run(*wanted)
    assert plan.exit_code == 0
    assert "$budget = 10" in plan.stdout
    assert "$seed = 7" in plan.stdout
    assert "losses of mine: 40 of 40" in plan.stdout
    sql = run(*wanted, "--sql").stdout
    assert sql.startswith(
        "-- __fn0 = trajectories('p@1', incomplete => 'refuse')\n-- __fn1 = kmeans((SELECT"
    )
    assert sql.rstrip().endswith("LIMIT $budget")
    assert "signals:" not in sql
    answer = json.loads(run(*wanted, "--json").stdout)
    assert (answer["is_ready"], answer["sql"], answer["references"]) == (
        True,
        sql.rstrip("\n"),
        ["p@1"],
    )
    assert (
        run("explain", "k_center", "p")
        .stdout.rstrip()
        .endswith("catalog embed p@1 --encoder all-MiniLM-L6-v2")
    )


@pytest.mark.usefixtures("filled")
def test_a_selector_of_ones_own_is_kept_shown_listed_and_selects(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.sql"
    file.write_text(MINE)
    added = run("selectors", "add", str(file))
    assert (added.exit_code, added.stdout) == (0, "")
    warning, message = added.stderr.splitlines()
    assert ("mine.sql:4:" in warning, message) == (True, "mine: The first.")
    file.unlink()
    assert run("selectors", "show", "mine").stdout == MINE
    assert (
        run("selectors", "show", "s2l").stdout
        == (package_data_dir("selectors") / "s2l.sql").read_text()
    )
    listed = {row["selector"]: row for row in json.loads(run("selectors", "--json").stdout)}
    assert len(listed) == len(list(package_data_dir("selectors").glob("*.sql"))) + 1
    assert listed["mine"]["parameters"] == ["skip integer = 0 [0..5] left out"]
    assert "mine" in run("selectors").stdout
    made = run("select", "mine", "p", "--budget", "3", "--set", "skip=2", "--as", "first", "--json")
    assert json.loads(made.stdout)["definition"]["parameters"] == {"skip": 2}
    # The same name again is the next text of it.
    file.write_text(MINE.replace("The first.", "The next."))
    run("selectors", "add", str(file))
    assert "The next." in run("selectors", "show", "mine").stdout


def test_a_selector_that_cannot_be_kept_says_why(run: Run, tmp_path: Path) -> None:
    for name, text, exit_code, message in (
        ("s2l.sql", MINE, 2, "s2l is a selector that comes with the catalog: rename the file"),
        ("bare.sql", "SELECT 1", 1, "bare.sql:1:1: "),
    ):
        (tmp_path / name).write_text(text)
        result = run("selectors", "add", str(tmp_path / name))
        assert (result.exit_code, result.stdout) == (exit_code, "")
        assert message in result.stderr
    assert run("selectors", "add", str(tmp_path / "nothing.sql")).exit_code == 1
    unknown = run("selectors", "show", "s3l")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "no selector named s3l; did you mean s2l?" in unknown.stderr


@pytest.mark.usefixtures("filled")
def test_select_tells_what_it_wrote_and_a_dry_run_writes_nothing(
    run: Run, catalog: Catalog
) -> None:
    wanted = ("select", "s2l", "p", "--budget", "10%", "--set", "k=2", "--as", "best")
    assert run(*wanted, "--dry-run").stdout.startswith("dry run: 4 members")
    assert catalog.subsets().height == 2
    assert run(*wanted).stdout.startswith("best@1: 4 members of p@1")
    assert run(*wanted).stdout == "best@1: 4 members, the same definition as before\n"
    short = run("select", "depth_only", "p", "--budget", "10%", "--as", "p")
    assert (short.exit_code, "pools and subsets share their names" in short.stderr) == (2, True)
    assert run("select", "s2l", "p").exit_code == 2
    assert json.loads(run("subsets", "--json").stdout)[0]["name"] in {"deep", "drawn", "best"}


@pytest.mark.usefixtures("filled")
def test_refreshing_counts_the_members_it_adds_and_removes(
    run: Run, catalog: Catalog, jsonl: Callable[..., Path], records: list[dict[str, str]]
) -> None:
    catalog.register(jsonl(records[3:], "fewer.jsonl"), pool="p", source_column="from")
    result = run("refresh", "drawn")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("drawn@2: 10 members of p@2")
    words = result.stdout.splitlines()[1].replace(",", "").split()
    assert words[1::2] == ["added", "removed", "unchanged"]
    n_added, n_removed, n_unchanged = map(int, words[::2])
    assert n_added == n_removed
    assert n_added + n_unchanged == 10


@pytest.mark.usefixtures("filled")
def test_refreshing_takes_other_parameters_and_nothing_else(run: Run) -> None:
    run("select", "s2l", "p", "--budget", "8", "--set", "k=4", "--seed", "3", "--as", "best")
    result = run("refresh", "best", "--set", "k=2", "--json")
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    assert (made["reference"], made["definition"]["seed"], made["definition"]["budget"]) == (
        "best@2",
        3,
        8,
    )
    assert made["definition"]["parameters"] == {
        "incomplete": "refuse",
        "iterations": 20,
        "k": 2,
        "proxy": None,
        "start": "random",
    }
    named = json.loads(run("refresh", "best", "--set", "proxy=mine", "--json").stdout)
    assert named["definition"]["parameters"]["proxy"] == "mine"
    for wrong, message in (
        ("k=two", "k takes an integer"),
        ("clusters=2", "s2l has no parameter clusters"),
    ):
        refused = run("refresh", "best", "--set", wrong)
        assert (refused.exit_code, message in refused.stderr) == (2, True)
    for options in (["--seed", "0"], ["--as", "other"], ["random", "p"]):
        refused = run("refresh", "best", *options)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert options[0] in refused.stderr


@pytest.mark.usefixtures("filled")
def test_a_selection_has_a_time_limit(run: Run, catalog: Catalog, tmp_path: Path) -> None:
    slow = tmp_path / "slow.sql"
    heavy = "(SELECT sum(sqrt(a.range * b.range)) FROM range(1000000) a, range(1000000) b)"
    slow.write_text(
        f"-- summary: Slow.\nSELECT instruction_id FROM pool($pool) WHERE {heavy} > 0 "
        "ORDER BY fingerprint LIMIT $budget\n"
    )
    result = run("select", str(slow), "p", "--budget", "3", "--as", "slow", "--timeout", "0.3")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "stopped after 0.3 s, its time limit" in result.stderr
    assert catalog.subsets().height == 2
    assert (
        run("select", "random", "p", "--budget", "3", "--as", "quick", "--timeout", "60").exit_code
        == 0
    )


@pytest.mark.usefixtures("filled")
def test_verify_ends_with_3_when_members_differ(run: Run, catalog: Catalog) -> None:
    assert run("verify", "deep").exit_code == 0
    assert json.loads(run("verify", "deep", "--json").stdout)["is_same"] is True
    with catalog.store.writing() as connection:
        connection.execute("UPDATE subset_members SET rank = 11 - rank WHERE subset_id = 1")
    result = run("verify", "deep")
    assert result.exit_code == 3
    assert "10 of 10 rows differ" in result.stdout
    assert "the stored members are not those that were written" in result.stderr


@pytest.mark.usefixtures("filled")
def test_show_prints_what_made_a_subset(run: Run) -> None:
    text = run("show", "deep").stdout
    assert "deep@1: 10 members, selected" in text
    assert "depth_only of p@1, budget 10, seed 0" in text
    assert "score depth, identity" in text
    assert "order by" in text.lower()
    answer = json.loads(run("show", "deep", "--json").stdout)
    assert (answer["reference"], answer["n_members"], len(answer["examples"])) == ("deep@1", 10, 3)


def test_a_picture_that_cannot_be_is_refused_before_the_work(run: Run, tmp_path: Path) -> None:
    for name, message in (
        ("none/x.png", f"{tmp_path / 'none'} does not exist"),
        ("x.gif", "a picture ends in .png, .svg"),
    ):
        result = run("compare", "nothing", "-o", str(tmp_path / name))
        assert (result.exit_code, message in result.stderr) == (2, True)
