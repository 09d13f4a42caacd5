"""Verbs that write several subsets: a refusal leaves none of them, and what was made stays."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalog import Catalog
from catalog.cli import main
from catalog.errors import CatalogError, OptionError, SelectionError
from catalog.subsets.all_or_none import all_or_none
from tests.copies import made_once

WORDS = "the quick brown fox jumps over the lazy dog while seven small birds sing loudly"


@pytest.fixture
@made_once
def pools(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """Pools `a` and `b`, and `test` for evaluation, which shares words with a record of `a`."""
    a = [{"instruction": f"question a {i}", "output": f"answer {i}"} for i in range(30)]
    b = [{"instruction": f"question b {i}", "output": f"answer {i}"} for i in range(10)]
    catalog.register(jsonl([*a, {"instruction": WORDS, "output": "x"}]), pool="a")
    catalog.register(jsonl(b, "b.jsonl"), pool="b")
    item = [{"instruction": f"{WORDS} today", "output": "y"}]
    catalog.register(jsonl(item, "test.jsonl"), pool="test", purpose="eval")
    return catalog


def run(catalog: Catalog, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(catalog.store.path), *arguments])


def test_a_refused_mixture_or_split_leaves_no_subset(pools: Catalog) -> None:
    parts = ["a:random=all", "b:random=rest"]
    with pytest.raises(SelectionError, match="test"):
        pools.project.mix(name="m", parts=parts, budget=40, gate=True)
    with pytest.raises(OptionError, match="needs a budget of 31"):
        pools.project.mix(name="m", parts=parts, budget=12)
    into = {"val": 5, "train": 100}
    with pytest.raises(OptionError, match="105"):
        pools.project.split("a", name="s", by="near_duplicates", into=into)
    assert pools.subsets().height == 0


@pytest.mark.slow
def test_a_refused_refresh_leaves_the_parts_as_they_were(
    pools: Catalog, jsonl: Callable[..., Path]
) -> None:
    pools.project.mix(name="m", parts=["b:random=all", "a=rest"], budget=12)
    before = pools.subsets()["name", "version"].rows()
    more = [{"instruction": f"question c {i}", "output": f"answer {i}"} for i in range(10)]
    pools.register(jsonl(more, "more.jsonl"), pool="b", mode="append")
    with pytest.raises(OptionError, match="needs a budget of 20"):
        pools.refresh("m")
    assert pools.subsets()["name", "version"].rows() == before


@pytest.mark.slow
def test_a_sweep_keeps_what_it_made_and_a_selection_that_fails_leaves_nothing(
    pools: Catalog,
) -> None:
    narrowed = ["a", "--where", "prompt <> ''", "--clean-of", "test"]
    alone = run(pools, "select", "random", *narrowed, "--budget", "99", "--as", "few")
    assert alone.exit_code == 2
    assert pools.subsets().height == 0
    both = ["--budget", "5", "--budget", "99", "--as", "few{budget}"]
    sweep = run(pools, "select", "random", *narrowed, *both)
    assert sweep.exit_code == 2
    assert "few99" in sweep.stderr
    assert "1 of 2" in sweep.stderr
    names = pools.subsets()["name"].to_list()
    assert [name for name in names if "where" not in name] == ["few5"]
    assert pools.verify("few5").is_same


@pytest.mark.slow
def test_a_block_drops_what_it_wrote_unless_something_was_made_from_it(pools: Catalog) -> None:
    catalog = Catalog.open(pools.store.path, isolated=False)

    def select_and_fail() -> None:
        with all_or_none(catalog.store) as keep:
            catalog.select("random", "a", budget=20, name="kept")
            keep()
            catalog.select("random", "a", budget=10, name="dropped")
            catalog.select("random", "dropped", budget=5, name="of-dropped")
            raise CatalogError("late")

    with pytest.raises(CatalogError, match="late"):
        select_and_fail()
    assert pools.subsets()["name"].to_list() == ["kept"]


@pytest.mark.slow
def test_two_selections_of_one_definition_at_once_make_one_version(pools: Catalog) -> None:
    with ThreadPoolExecutor() as threads:
        select = partial(pools.select, "random", "a", budget=7, name="both")
        found = [each.result() for each in [threads.submit(select) for _ in range(3)]]
    assert {each.reference for each in found} == {"both@1"}
    assert sum(each.is_new for each in found) == 1
