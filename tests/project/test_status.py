"""Status: subsets behind their pools, signals with gaps, stale exports."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from tests.conftest import pairs
from tests.copies import made_once

Write = Callable[..., Path]


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Write) -> Catalog:
    """Pool `p` with a score, subset `a`, subset `b` of it, and what is clean of pool `t`."""
    catalog.register(jsonl(pairs(8)), pool="p")
    catalog.register(jsonl(pairs(2, first=50)), pool="t", purpose="eval")
    catalog.score("p", "length")
    catalog.select("random", "p", budget="50%", name="a")
    catalog.select("random", "a", budget=2, name="b")
    catalog.project.select_clean("p", test="t")
    return catalog


def test_a_catalog_in_which_nothing_changed_is_current(filled: Catalog) -> None:
    assert filled.project.status().is_current
    answer = CliRunner().invoke(main, ["--home", str(filled.store.path), "status", "--json"])
    assert (answer.exit_code, json.loads(answer.stdout)["is_current"]) == (0, True)


@pytest.mark.slow
def test_a_new_version_of_a_pool_leaves_subsets_signals_and_exports_behind(
    filled: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    filled.export("b", tmp_path / "b.out")
    filled.register(jsonl(pairs(10)), pool="p")
    found = filled.project.status()
    assert [each.reference for each in found.subsets] == ["a@1", "b@1", "p-clean-of-t@1"]
    assert [(each.pool, each.name, each.n_missing) for each in found.signals] == [
        ("p@2", "length", 2)
    ]
    assert found.signals[0].command == "catalog score p length"
    assert found.exports == ()
    filled.score("p", "length")
    answer = CliRunner().invoke(main, ["--home", str(filled.store.path), "refresh", "--all"])
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.count(" added, ") == 3
    (stale,) = filled.project.status().exports
    assert stale.reference == "b@1"
    filled.export("b", tmp_path / "b.out", overwrite=True)
    answer = CliRunner().invoke(main, ["--home", str(filled.store.path), "status"])
    assert answer.exit_code == 0, answer.output


def test_a_new_test_set_leaves_clean_subsets_behind(filled: Catalog, jsonl: Write) -> None:
    filled.register(jsonl(pairs(3, first=50)), pool="t")
    found = filled.project.status()
    assert [(each.reference, len(each.why)) for each in found.subsets] == [("p-clean-of-t@1", 1)]
    answer = CliRunner().invoke(main, ["--home", str(filled.store.path), "status"])
    assert answer.exit_code == 3


@pytest.mark.slow
def test_a_removed_export_is_stale(filled: Catalog, tmp_path: Path) -> None:
    filled.export("b", tmp_path / "b.out")
    assert filled.project.status().exports == ()
    (tmp_path / "b.out").unlink()
    assert [len(each.why) for each in filled.project.status().exports] == [1]


@pytest.mark.parametrize("words", [[], ["a", "--all"], ["--all", "--budget", "3"]])
def test_refresh_takes_a_name_or_all(filled: Catalog, words: list[str]) -> None:
    answer = CliRunner().invoke(main, ["--home", str(filled.store.path), "refresh", *words])
    assert answer.exit_code == 2
