"""Overlap with test sets: the command, selections clean of a test set, and why."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalog import Catalog
from catalog.cli import main
from catalog.errors import OptionError, ReferenceNotFoundError
from tests.copies import made_once

Run = Callable[..., Result]
LEAKED = "Natalia sold clips to forty-eight of her friends in April, and half as many in May: sum?"
N = 30


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """A pool with one test item in one of its prompts, and two test pools."""
    records = [{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(N)]
    records[7]["instruction"] = f"Solve this. {LEAKED.upper()}?!"
    catalog.register(jsonl(records), pool="p")
    items = [{"instruction": LEAKED, "output": "72"}, {"instruction": "hello", "output": "you"}]
    catalog.register(jsonl(items, "t.jsonl"), pool="t")
    other = [{"instruction": "what is the name of the tallest tree", "output": "Hyperion"}]
    catalog.register(jsonl(other, "u.jsonl"), pool="u")
    return catalog


@pytest.fixture
def run(filled: Catalog) -> Run:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--home", str(filled.store.path), *arguments])

    return run


def test_overlap_names_the_member_the_item_and_the_words(filled: Catalog) -> None:
    test, other = filled.project.overlap("p", against=["t", "u"]).tests
    (pair,) = test.pairs.to_pylist()
    assert pair["prompt"].startswith("Solve this.")
    assert (pair["hits"], pair["span"].split()[:3]) == (5, ["natalia", "sold", "clips"])
    assert (test.test, test.n_items, test.n_items_shared, test.n_members) == ("t@1", 2, 1, 1)
    assert (test.n_short, test.n_skipped) == (0, 1)
    assert (other.n_members, other.n_short, other.pairs.num_rows) == (0, 1, 0)


def test_the_command_prints_pairs_as_a_table_and_as_json(run: Run) -> None:
    table = run("overlap", "p", "--against", "t,u")
    assert "natalia sold clips" in table.stdout
    assert "1 member of p@1 shares" in table.stderr
    answer = json.loads(run("overlap", "p", "--against", "t,u", "--ngram", "5", "--json").stdout)
    assert (answer["reference"], answer["ngram"]) == ("p@1", 5)
    assert [test["n_members"] for test in answer["tests"]] == [1, 0]
    assert len(answer["tests"][0]["pairs"][0]["fingerprint"]) == 64


def test_a_clean_selection_leaves_the_member_out_pins_the_test_set_and_verifies(
    filled: Catalog, run: Run, jsonl: Callable[..., Path]
) -> None:
    answer = run("select", "random", "p", "--budget", "all", "--as", "s", "--clean-of", "t")
    assert answer.exit_code == 0, answer.stderr
    leaked = filled.project.overlap("p", against=["t"]).tests[0].pairs["fingerprint"][0].as_py()
    assert filled.pool("s").height == N - 1
    assert leaked not in filled.pool("s")["fingerprint"].to_list()
    record = filled.show("p-clean-of-t").record  # type: ignore[union-attr]
    references = [each["reference"] for each in record["definition"]["references"]]
    assert references == ["p@1", "t@1"]
    more = [{"instruction": "question 1 and some more words of a test", "output": "answer"}]
    filled.register(jsonl(more, "more.jsonl"), pool="t", mode="append")
    assert filled.verify("p-clean-of-t").is_same
    assert filled.verify("s").is_same


@pytest.mark.slow
def test_a_clean_selection_of_a_test_set_that_grew_is_another_version(
    filled: Catalog, jsonl: Callable[..., Path]
) -> None:
    filled.project.select_clean("p", test="t")
    more = [{"instruction": "question 1 and some more words of a test", "output": "answer"}]
    filled.register(jsonl(more, "more.jsonl"), pool="t", mode="append")
    again = filled.project.select_clean("p", test="t")
    assert (again.reference, again.is_new) == ("p-clean-of-t@2", True)
    assert filled.project.select_clean("p", test="t@1").reference == "p-clean-of-t@3"


@pytest.mark.slow
def test_the_same_clean_selection_is_made_once(filled: Catalog) -> None:
    first = filled.project.select_clean("p", test="t")
    again = filled.project.select_clean("p", test="t")
    assert (first.is_new, again.is_new, again.reference) == (True, False, first.reference)
    assert filled.project.select_clean("p", test="t", ngram=8).reference == ("p-clean-of-t-8gram@1")


@pytest.mark.slow
def test_why_names_the_test_set_and_the_words(filled: Catalog, run: Run) -> None:
    run("select", "random", "p", "--budget", "5", "--as", "s2", *("--clean-of", "t"))
    leaked = filled.project.overlap("p", against=["t"]).tests[0]
    item = leaked.pairs["test_fingerprint"][0].as_py()[:12]
    for subset in ("p-clean-of-t", "s2"):
        answer = run("why", subset, "7").stdout
        assert f"shares 13-grams with t {item}: natalia sold" in answer
    document = json.loads(run("why", "s2", "7", "--json").stdout)
    assert (document["cause"], document["is_member"]) == ("source", False)


def test_clean_of_is_refused_for_a_dry_run_and_for_no_pool(filled: Catalog, run: Run) -> None:
    options = ("select", "random", "p", "--budget", "5", "--as", "s", "--clean-of", "t")
    assert run(*options, "--dry-run").exit_code == 2
    assert filled.subsets().height == 0
    with pytest.raises(ReferenceNotFoundError):
        filled.project.overlap("p", against=["nothing"])
    with pytest.raises(OptionError):
        filled.project.select_clean("p", test="t", ngram=0)
