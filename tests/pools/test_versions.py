"""Pools listed, described, compared, tagged and dropped."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.errors import OptionError, ReferenceNotFoundError
from tests.copies import made_once

Write = Callable[..., Path]


def pairs(n: int, *, first: int = 0) -> list[dict[str, str]]:
    return [
        {
            "instruction": f"question {i}",
            "output": f"answer {i}",
            "from": "even" if i % 2 == 0 else "odd",
        }
        for i in range(first, first + n)
    ]


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Write) -> Catalog:
    catalog.register(jsonl(pairs(5)), pool="p", source_column="from")
    catalog.register(jsonl(pairs(6, first=2)), pool="p", source_column="from")
    return catalog


def test_pools_are_listed_at_their_newest_version(filled: Catalog) -> None:
    rows = filled.pools().to_dicts()
    assert [(row["name"], row["version"], row["n_members"], row["shapes"]) for row in rows] == [
        ("p", 2, 6, ["alpaca"])
    ]


def test_the_history_of_a_pool_adds_up(filled: Catalog) -> None:
    rows = filled.history("p").to_dicts()
    assert [
        (row["n_added"], row["n_removed"], row["n_kept"], row["n_members"]) for row in rows
    ] == [(5, 0, 0, 5), (3, 2, 3, 6)]


def test_show_describes_one_version(filled: Catalog) -> None:
    description = filled.show("p@1", n_examples=2)
    assert description.reference == "p@1"
    assert description.shape["n_members"] == 5
    assert description.sources.to_dicts() == [
        {"source": "even", "n_members": 3},
        {"source": "odd", "n_members": 2},
    ]
    assert description.examples["prompt"].to_list() == ["question 0", "question 1"]


def test_diff_counts_and_lists_what_changed(filled: Catalog) -> None:
    answer = filled.diff("p@1", "p@2")
    assert (answer.n_added, answer.n_removed, answer.n_kept) == (3, 2, 3)
    assert sorted(answer.members["prompt"].to_list()) == [f"question {i}" for i in (0, 1, 5, 6, 7)]
    back = filled.diff("p@2", "p@1")
    assert (back.n_added, back.n_removed) == (2, 3)


def test_a_tag_names_a_version_and_moves(filled: Catalog) -> None:
    filled.tag("p@1", "paper")
    assert filled.show("p@paper").reference == "p@1"
    filled.tag("p@2", "paper")
    assert filled.show("p@paper").reference == "p@2"
    assert filled.sql("SELECT count(*) FROM pool('p@paper')").item() == 6


def test_a_dropped_pool_is_gone_and_gc_removes_its_instructions(
    filled: Catalog, jsonl: Write
) -> None:
    filled.register(jsonl(pairs(1)), pool="other")
    filled.drop("p")
    with pytest.raises(ReferenceNotFoundError, match="no pool or subset named p"):
        filled.show("p")
    assert filled.sql("SELECT count(*) FROM instructions").item() == 8
    assert filled.gc(dry_run=True).n_instructions == 7
    assert filled.gc().n_instructions == 7
    assert filled.sql("SELECT count(*) FROM instructions").item() == 1
    assert filled.doctor() == []


def test_one_version_of_a_pool_cannot_be_dropped(filled: Catalog) -> None:
    with pytest.raises(OptionError, match="keeps its history"):
        filled.drop("p@1")


def test_a_pool_that_subsets_were_made_from_is_kept(filled: Catalog) -> None:

    with filled.store.writing() as connection:
        connection.execute(
            "INSERT INTO subsets (subset_id, name, version, created_at, selector, "
            "budget, seed, n_members, definition, definition_sha256, "
            "members_sha256, environment, seconds) "
            "VALUES (1, 'best', 1, now()::TIMESTAMP, 's2l', 5, 0, 0, '{}', '', '', '{}', 0)"
        )
        connection.execute("INSERT INTO subset_sources SELECT 1, 1, pool_id, 2 FROM pools")
    with pytest.raises(OptionError, match=r"1 subset .* p \(best@1\)"):
        filled.drop("p")
    filled.drop("best")
    filled.drop("p")
    assert filled.pools().height == 0


@pytest.mark.slow
def test_a_subset_that_others_were_made_from_is_kept(filled: Catalog) -> None:
    filled.select("random", "p", budget=5, name="drawn")
    filled.select("random", "drawn", budget=4, name="drawn")
    filled.select("random", "p", budget=3, name="apart")
    filled.select("random", "drawn@1", budget=2, name="few")
    filled.drop("drawn@2")
    with pytest.raises(OptionError, match=r"1 subset .* drawn@1 \(few@1\)"):
        filled.drop("drawn@1")
    with pytest.raises(OptionError, match=r" drawn \(few@1\)"):
        filled.drop("drawn")
    filled.drop("few")
    filled.select("random", "drawn@1", budget=4, name="drawn")
    with pytest.raises(OptionError, match=r" drawn@1 \(drawn@2\)"):
        filled.drop("drawn@1")
    filled.drop("drawn")
    assert filled.subsets()["name"].to_list() == ["apart"]


def test_an_instruction_id_is_never_used_twice(filled: Catalog, jsonl: Write) -> None:
    before = filled.sql("SELECT max(instruction_id) FROM instructions").item()
    filled.drop("p")
    filled.gc()
    filled.register(jsonl(pairs(2, first=50)), pool="p")
    assert filled.sql("SELECT min(instruction_id) FROM instructions").item() > before
