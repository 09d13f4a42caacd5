"""Selecting subsets, and verifying them."""

import json
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import OptionError, ReferenceNotFoundError, SelectionError, SignalError
from catalog.models.causal_lm import save_causal_lm
from catalog.models.tiny import TinyShape, build_tiny
from tests.quick import few_of
from tests.subsets.conftest import N, Write, pairs


def prompts(catalog: Catalog, reference: str) -> list[str]:
    found = catalog.sql(f"SELECT prompt FROM subset('{reference}') ORDER BY rank")
    return found["prompt"].to_list()


def test_a_selection_is_a_named_version_with_ranks_and_reasons(filled: Catalog) -> None:
    selected = filled.select("depth_only", "p", budget=3, name="deep")
    assert (selected.reference, selected.n_members, selected.is_new) == ("deep@1", 3, True)
    assert prompts(filled, "deep") == ["question 39", "question 38", "question 37"]
    why = filled.sql("SELECT why FROM subset('deep') ORDER BY rank")["why"].to_list()
    assert json.loads(why[0]) == {"depth": 39.0}
    assert filled.subsets()["n_members"].to_list() == [3]


@pytest.mark.slow
def test_the_same_definition_gives_the_version_that_is_there(filled: Catalog) -> None:
    first = filled.select("s2l", "p", budget=10, name="best", settings={"k": 4})
    again = filled.select("s2l", "p", budget=10, name="best", settings={"k": "4"})
    assert (again.reference, again.is_new) == (first.reference, False)
    other = filled.select("s2l", "p", budget=10, name="best", settings={"k": 4}, seed=1)
    assert (other.reference, other.is_new) == ("best@2", True)


@pytest.mark.slow
def test_vectors_of_members_that_came_later_do_not_change_what_was_made(
    filled: Catalog, jsonl: Write
) -> None:
    filled.embed("p")
    first = filled.select("k_center", "p@1", budget=5, name="spread")
    filled.register(jsonl(pairs(N + 10)), pool="p", source_column="from")
    filled.embed("p")
    again = filled.select("k_center", "p@1", budget=5, name="spread")
    assert (again.reference, again.is_new) == (first.reference, False)
    assert again.definition.content != first.definition.content
    assert filled.verify("spread").is_same
    assert filled.refresh("spread").reference == "spread@2"
    assert filled.doctor() == []


def test_a_share_is_a_budget(filled: Catalog) -> None:
    assert filled.select("random", "p", budget="25%", name="quarter").n_members == N // 4


@pytest.mark.slow
def test_a_larger_random_budget_only_adds_members(filled: Catalog) -> None:
    filled.select("random", "p", budget=5, name="few")
    filled.select("random", "p", budget=15, name="many")
    assert prompts(filled, "many")[:5] == prompts(filled, "few")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (0, "at least 1"),
        ("0.1%", "at least 1"),
        (41, "more than the 40 members"),
        ("ten", "not a number"),
        (0.1, "10%"),
        (0.125, "12.5%"),
        ("2.5", "whole number"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(
    filled: Catalog, budget: int | str | float, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        filled.select("random", "p", budget=budget, name="x")


def test_a_missing_signal_names_the_command_that_makes_it(filled: Catalog) -> None:
    with pytest.raises(SignalError, match=r"`catalog embed p@1 .*` computes them"):
        filled.select("k_center", "p", budget=5, name="x")


def test_an_unknown_parameter_suggests_the_nearest(filled: Catalog) -> None:
    with pytest.raises(OptionError, match=r"s2l has no parameter iteration;.* iterations"):
        filled.select("s2l", "p", budget=5, name="x", settings={"iteration": 3})


def test_a_dry_run_writes_nothing(filled: Catalog) -> None:
    selected = filled.select("random", "p", budget=5, name="x", dry_run=True)
    assert (selected.reference, selected.n_members) == (None, 5)
    assert filled.subsets().height == 0


def test_a_file_of_ones_own_selects_as_a_built_in_one_does(filled: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "mine.sql"
    path.write_text(
        "-- summary: The shortest.\nSELECT instruction_id FROM pool($pool)\n"
        "ORDER BY length(response), fingerprint LIMIT $budget\n"
    )
    filled.select(str(path), "p", budget=4, name="mine")
    found = filled.sql("SELECT DISTINCT response FROM subset('mine')")
    assert found["response"].to_list() == ["word "]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT prompt FROM pool($pool) ORDER BY 1 LIMIT $budget", "has no instruction_id"),
        (
            "SELECT a.instruction_id FROM pool($pool) a, range(2) ORDER BY 1 LIMIT $budget",
            "repeat an instruction_id",
        ),
        ("SELECT instruction_id FROM pool($pool) ORDER BY 1", "end with LIMIT"),
        (
            "SELECT 123456789 AS instruction_id FROM range($budget) ORDER BY 1 LIMIT 1",
            "not members of p@1",
        ),
        (
            "SELECT instruction_id FROM pool($pool) WHERE false ORDER BY 1 LIMIT $budget",
            "nothing in p@1 is eligible",
        ),
        ("SELECT instruction_id FROM pool($pool) LIMIT $budget", "ORDER BY"),
    ],
)
def test_an_answer_without_the_columns_of_a_selection_is_refused(
    filled: Catalog, tmp_path: Path, query: str, message: str
) -> None:
    path = tmp_path / "bad.sql"
    path.write_text(f"-- summary: Bad.\n{query}\n")
    with pytest.raises(SelectionError, match=message):
        filled.select(str(path), "p", budget=5, name="x")
    assert filled.subsets().height == 0


def test_a_subset_is_selected_from_like_a_pool(filled: Catalog) -> None:
    filled.select("depth_only", "p", budget=10, name="deep")
    filled.select("random", "deep", budget=4, name="drawn")
    assert set(prompts(filled, "drawn")) <= set(prompts(filled, "deep"))
    assert filled.verify("drawn").is_same


def test_prompts_only_pools_are_not_selected_from(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl([{"prompt": "a?"}]), pool="questions", prompts_only=True)
    with pytest.raises(SelectionError, match="prompts and no responses"):
        catalog.select("random", "questions", budget=1, name="x")


def test_a_pools_name_is_not_free(filled: Catalog) -> None:
    with pytest.raises(OptionError, match="is the name of a pool"):
        filled.select("random", "p", budget=1, name="p")


@pytest.mark.slow
def test_selecting_again_onto_a_grown_pool_makes_the_next_version(
    filled: Catalog, jsonl: Write
) -> None:
    filled.select("random", "p", budget=10, name="drawn")
    assert filled.refresh("drawn").is_new is False
    filled.register(jsonl(pairs(N + 30)), pool="p", source_column="from")
    selected = filled.refresh("drawn")
    assert selected.reference == "drawn@2"
    diff = filled.diff("drawn@1", "drawn@2")
    assert (diff.n_kept + diff.n_added, diff.n_added) == (10, diff.n_removed)


@pytest.mark.slow
def test_a_subset_verifies_and_a_changed_one_does_not(filled: Catalog) -> None:
    filled.select("s2l", "p", budget=10, name="best", settings={"k": 4})
    assert filled.verify("best").is_same
    with filled.store.writing() as connection:
        connection.execute("UPDATE subset_members SET rank = 11 - rank")
    found = filled.verify("best")
    assert not found.is_same
    assert found.n_different == 10
    assert found.causes == ("the stored members are not those that were written",)


@pytest.mark.slow
def test_a_definition_run_again_reads_its_own_signals(filled: Catalog, tmp_path: Path) -> None:
    filled.select("depth_only", "p", budget=3, name="deep")
    filled.select("s2l", "p", budget=10, name="best", settings={"k": 4})
    every = tmp_path / "every.sql"
    every.write_text(
        "-- summary: All.\nSELECT * FROM scores($pool)\n"
        "ORDER BY depth DESC, fingerprint LIMIT $budget\n"
    )
    filled.select(str(every), "p", budget=3, name="every")
    np.save(tmp_path / "other.npy", -np.arange(N, dtype=np.float64))
    filled.import_scores("p", tmp_path / "other.npy", name="depth")
    filled.import_scores("p", tmp_path / "other.npy", name="another")
    filled.import_losses("p", tmp_path / "losses.npy", proxy="another")
    for name in ("deep", "best", "every"):
        found = filled.verify(name)
        assert (found.is_same, found.causes) == (True, ()), name
        assert filled.refresh(name).is_new is False
    left_out = filled.why("deep", 36).left_out
    assert left_out is not None
    assert (left_out.cause, left_out.place, left_out.is_as_stored) == ("place", 4, True)


@pytest.mark.slow
def test_a_definition_reads_its_states_of_several_of_one_model(
    filled: Catalog, tmp_path: Path
) -> None:
    words = ["question", "word", *map(str, range(10))]
    save_causal_lm(
        build_tiny(words, shape=TinyShape(vocabulary=300, width=16, layers=1, heads=2, inner=16)),
        tmp_path / "small",
    )
    filled.states("p", model=str(tmp_path / "small"))
    filled.select("fisher_sft", "p", budget=6, name="taught")
    filled.states("p", model=str(tmp_path / "small"), project_to=4)
    assert filled.select("fisher_sft", "p", budget=6, name="other").is_new
    assert prompts(filled, "other") != prompts(filled, "taught")
    assert filled.verify("taught").is_same


def test_a_signal_that_is_gone_is_named_as_the_cause(filled: Catalog) -> None:
    filled.select("depth_only", "p", budget=3, name="deep")
    with filled.store.writing() as connection:
        connection.execute("DELETE FROM signals WHERE name = 'depth'")
    found = filled.verify("deep")
    assert (found.is_same, found.n_different) == (False, 3)
    assert found.causes == ("the score depth it was made from: gone",)


@pytest.mark.slow
def test_selecting_again_reads_an_import_of_the_same_name_where_the_old_one_lacks_members(
    filled: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    filled.select("depth_only", "p", budget=3, name="deep")
    filled.register(jsonl(pairs(N + 2)), pool="p", source_column="from")
    with pytest.raises(SignalError, match="score depth covers 40 of 42 members of p@2"):
        filled.refresh("deep")
    np.save(tmp_path / "grown.npy", np.arange(N + 2, dtype=np.float64))
    filled.import_scores("p", tmp_path / "grown.npy", name="depth")
    selected = filled.refresh("deep")
    assert selected.warnings == (
        "p@2 read now: deep@1 read p@1",
        "the score depth read now: not what deep@1 was made from",
    )
    assert prompts(filled, "deep")[0] == f"question {N + 1}"
    assert filled.verify("deep@1").is_same


def test_a_name_used_again_is_not_taken_for_the_old_pool(filled: Catalog, jsonl: Write) -> None:
    filled.select("random", "p", budget=5, name="drawn")
    filled.drop("drawn")
    filled.drop("p")
    filled.register(jsonl(pairs(N, first=500)), pool="p")
    assert filled.select("random", "p", budget=5, name="drawn").is_new


SHUFFLED = ("random", "s2l", "s2l_by_source", "depth_only", "confidence_curriculum")


@pytest.mark.slow
@pytest.mark.parametrize("selector", few_of(SHUFFLED, "s2l_by_source"))
def test_the_order_of_registration_does_not_matter(
    filled: Catalog, jsonl: Write, tmp_path: Path, selector: str
) -> None:
    order = np.random.default_rng(1).permutation(N)
    shuffled = Catalog.open(tmp_path / "shuffled", isolated=False)
    records = pairs(N)
    shuffled.register(
        jsonl([records[i] for i in order], "shuffled.jsonl"), pool="p", source_column="from"
    )
    for name, file in (("losses", "losses"), ("score", "score")):
        np.save(tmp_path / f"{name}-shuffled.npy", np.load(tmp_path / f"{file}.npy")[order])
    shuffled.import_losses("p", tmp_path / "losses-shuffled.npy", proxy="mine")
    shuffled.import_scores("p", tmp_path / "score-shuffled.npy", name="depth")
    settings = {"k": 5} if selector.startswith("s2l") else {}
    for one in (filled, shuffled):
        one.select(selector, "p", budget=12, name="x", settings=settings)
    assert prompts(shuffled, "x") == prompts(filled, "x")


def test_what_is_not_there_cannot_be_verified(filled: Catalog) -> None:
    with pytest.raises(ReferenceNotFoundError, match="no subset named best"):
        filled.verify("best")


def test_an_error_in_a_stored_definition_is_placed_in_the_text_as_it_is_stored(
    filled: Catalog,
) -> None:
    filled.select("depth_only", "p", budget=3, name="deep")
    with filled.store.writing() as connection:
        connection.execute("DELETE FROM signal_members")
    with pytest.raises(SignalError, match=r"^depth_only \(as stored\):1:\d+: "):
        filled.verify("deep")
