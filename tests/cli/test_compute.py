"""`select --compute` computes what is missing, by the commands that it prints."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from catalog import Catalog
from catalog.store.paths import package_data_dir
from tests.cli.conftest import Run
from tests.copies import made_once

N = 48
WORDS = [
    "the",
    "river",
    "night",
    "light",
    "field",
    "stone",
    "word",
    "small",
    "large",
    "add",
    "how",
    "what",
    "give",
    "three",
    "of",
    "in",
]


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """Records with labels; too few for twelve checkpoints of a proxy."""
    draw = np.random.default_rng(0)
    records = [
        {
            "instruction": f"{' '.join(draw.choice(WORDS, draw.integers(3, 9)))} {i}",
            "output": " ".join(draw.choice(WORDS, draw.integers(1, 9))),
            "tags": draw.choice(
                ["add", "sum", "poem", "code"], draw.integers(1, 4), replace=False
            ).tolist(),
        }
        for i in range(N)
    ]
    catalog.register(jsonl(records), pool="p", labels_column="tags")
    return catalog


def commands(result: Result) -> list[str]:
    """The commands that it ran."""
    return [line.removeprefix("$ ") for line in result.stderr.splitlines() if line.startswith("$ ")]


def failure(result: Result, exit_code: int = 1) -> str:
    assert (result.exit_code, result.stdout) == (exit_code, ""), result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.slow
def test_what_is_missing_is_made_in_order_and_once(run: Run, pool: Catalog) -> None:
    wanted = ("select", "ila", "p", "--budget", "12", "--set", "projection=pca", "--as", "deep")
    message = failure(run(*wanted))
    assert len(re.findall(r"ila\.sql:\d+:\d+", message)) == 2
    assert re.findall(r"`(.*?)`", message) == [
        "catalog embed p@1 --encoder all-MiniLM-L6-v2",
        "catalog score p@1 depth --model tiny",
        "catalog losses train p@1 --proxy tiny",
    ]
    made = [
        "catalog embed p@1 --encoder all-MiniLM-L6-v2",
        "catalog losses train p@1 --proxy tiny",
        "catalog score p@1 depth --model tiny",
    ]
    assert [
        need["command"] for need in json.loads(run("explain", "ila", "p", "--json").stdout)["needs"]
    ] == made
    first = run(*wanted, "--compute")
    assert first.exit_code == 0, first.output
    assert commands(first) == made
    assert first.stdout.startswith("deep@1: 12 members of p@1")
    again = run(*wanted, "--compute")
    assert (commands(again), again.stdout) == (
        [],
        "deep@1: 12 members, the same definition as before\n",
    )
    by_losses = run(
        "select", "s2l", "p", "--budget", "9", "--set", "k=4", "--as", "even", "--compute"
    )
    assert (by_losses.exit_code, commands(by_losses)) == (
        0,
        [],
    )  # depth's proxy left its trajectories
    for selector, command in (
        ("fisher_sft", "catalog states p@1 --model tiny"),
        ("ifd", "catalog score p@1 ifd --model tiny"),
        ("high_learnability", "catalog score p@1 learnability"),
    ):
        ran = run("select", selector, "p", "--budget", "5", "--as", selector, "--compute", "--json")
        assert ran.exit_code == 0, ran.output
        assert commands(ran) == [command]
        assert json.loads(ran.stdout)["n_members"] == 5  # what was computed meanwhile is narration
    assert pool.subsets().height == 5


def test_learnability_asks_for_the_trajectories_that_it_is_made_of(run: Run, pool: Catalog) -> None:
    told = json.loads(run("explain", "high_learnability", "p", "--json").stdout)
    assert [need["command"] for need in told["needs"]] == [
        "catalog losses train p@1 --proxy tiny",
        "catalog score p@1 learnability",
    ]
    assert not told["is_ready"]


@pytest.mark.slow
@pytest.mark.parametrize("selector", ["deita", "mig"])
def test_a_score_that_only_others_have_is_asked_for_before_anything_is_computed(
    run: Run, pool: Catalog, tmp_path: Path, selector: str
) -> None:
    wanted = ("select", selector, "p", "--budget", "7", "--as", "good")
    ran = run(*wanted, "--compute")
    command = "`catalog scores import p@1 FILE --name deita`"
    assert (
        failure(ran) == f"error: {selector} needs what cannot be computed here: "
        f"score deita, which {command} imports\n"
    )
    assert commands(ran) == []
    assert f"p@1 has no score deita: {command} imports it" in failure(run(*wanted))
    np.save(tmp_path / "deita.npy", np.arange(N, dtype=np.float64))
    pool.import_scores("p", tmp_path / "deita.npy", name="deita")
    first, again = run(*wanted, "--compute"), run(*wanted[:-1], "second", "--compute")
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    assert commands(first) == (
        ["catalog embed p@1 --encoder all-MiniLM-L6-v2"] if selector == "deita" else []
    )
    assert commands(again) == []


def test_a_pool_without_labels_says_how_they_come_in(
    run: Run, catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    catalog.register(jsonl([{"prompt": "a", "completion": "b"}]), pool="bare")
    told = failure(
        run(
            "select",
            "mig",
            "bare",
            "--budget",
            "1",
            "--set",
            "score=n_tokens",
            "--as",
            "x",
            "--compute",
        )
    )
    assert (
        "label embeddings of all-MiniLM-L6-v2, which "
        "`catalog register FILE --pool bare --labels-column COLUMN` imports" in told
    )
    assert "no member of bare@1 has labels" in failure(
        run("select", "mig", "bare", "--budget", "1", "--as", "x")
    )


@pytest.mark.usefixtures("pool")
def test_the_rest_of_an_imported_score_is_the_users_to_bring(
    run: Run, pool: Catalog, jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    np.save(tmp_path / "depth.npy", np.arange(N, dtype=np.float64))
    pool.import_scores("p", tmp_path / "depth.npy", name="depth")
    pool.register(
        jsonl([{"instruction": "one more", "output": "answer"}], "more.jsonl"),
        pool="p",
        mode="append",
    )
    told = failure(run("select", "depth_only", "p", "--budget", "7", "--as", "deep", "--compute"))
    assert "score depth, which `catalog scores import p@2 FILE --name depth` imports" in told


@pytest.mark.slow
@pytest.mark.usefixtures("pool")
def test_the_rest_of_a_score_is_made_with_the_model_that_made_it(
    run: Run,
    pool: Catalog,
    jsonl: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from catalog.models.causal_lm import save_causal_lm
    from catalog.models.tiny import TinyShape, build_tiny

    monkeypatch.chdir(tmp_path)
    save_causal_lm(
        build_tiny(WORDS, shape=TinyShape(vocabulary=300, width=16, layers=1, heads=2, inner=16)),
        Path("small"),
    )
    pool.score("p", "ifd", model="small")
    pool.register(
        jsonl([{"instruction": "one more", "output": "two words"}], "more.jsonl"),
        pool="p",
        mode="append",
    )
    ran = run(
        "select", "ifd", "p", "--budget", "7", "--set", "most=99", "--as", "hard", "--compute"
    )
    assert ran.exit_code == 0, ran.output
    assert commands(ran) == ["catalog score p@2 ifd --model small --form cherry"]


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize(
    "command",
    [
        ("refresh", "best", "--dry-run"),
        ("select", "s2l", "p", "--budget", "5", "--as", "x", "--dry-run"),
    ],
)
def test_a_dry_run_computes_nothing(run: Run, command: tuple[str, ...]) -> None:
    assert "--dry-run" in failure(run(*command, "--compute"), 2)


@pytest.mark.parametrize(
    ("selector", "command"),
    [
        ("k_center", "catalog embed p@2"),
        pytest.param("fisher_sft", "catalog states p@2", marks=pytest.mark.slow),
    ],
)
def test_a_refresh_computes_the_signals_of_new_members(
    run: Run,
    pool: Catalog,
    jsonl: Callable[..., Path],
    tmp_path: Path,
    selector: str,
    command: str,
) -> None:
    mine = tmp_path / "mine.sql"  # the subset keeps its text; the file goes
    mine.write_text((package_data_dir("selectors") / f"{selector}.sql").read_text())
    made = run("select", str(mine), "p", "--budget", "5", "--as", "best", "--compute")
    assert made.exit_code == 0, made.output
    mine.unlink()
    pool.register(
        jsonl([{"instruction": "one more", "output": "two words"}], "more.jsonl"),
        pool="p",
        mode="append",
    )
    assert command in failure(run("refresh", "best"))
    refreshed = run("refresh", "best", "--compute")
    assert refreshed.exit_code == 0, refreshed.output
    assert refreshed.stdout.startswith("best@2: 5 members of p@2")
