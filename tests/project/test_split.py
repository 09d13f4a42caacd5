"""Splits: whole groups, exact sizes, definitions that verify, and what a random draw leaks."""

import json
import random
from collections import Counter
from collections.abc import Callable
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import OptionError, SelectionError
from tests.copies import made_once
from tests.quick import few_of

N = 90
INTO = {"val": 20, "train": "rest"}


def records(seed: int) -> list[dict[str, Any]]:
    """Return prompts, a third of which nearly repeat an earlier one."""
    draw = random.Random(seed)
    prompts: list[str] = []
    for i in range(N):
        words = [f"word{draw.randrange(400)}" for _ in range(9)]
        if i % 3 == 2:
            words = prompts[draw.randrange(i)].split()
            words[draw.randrange(9)] = f"other{i}"
        prompts.append(" ".join(words))
    return [
        {"instruction": prompt, "output": f"answer {i}", "source": "ab"[i % 3 == 0], "doc": i // 4}
        for i, prompt in enumerate(prompts)
    ]


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    catalog.register(jsonl(records(0)), pool="p", source_column="source")
    return catalog


def shingles(text: str) -> set[str]:
    return {text[i : i + 5] for i in range(len(text) - 4)}


def is_near(left: str, right: str, threshold: float) -> bool:
    a, b = shingles(left), shingles(right)
    return len(a & b) >= threshold * len(a | b)


@pytest.mark.parametrize("seed", few_of(range(6), 1))
def test_no_near_duplicates_straddle_the_parts_whatever_the_pool(
    catalog: Catalog, jsonl: Callable[..., Path], seed: int
) -> None:
    catalog.register(jsonl(records(seed)), pool="p")
    into = {"val": 15, "test": "20%", "train": "rest"}
    done = catalog.project.split("p", name="p", by="near_duplicates=0.6", into=into, seed=seed)
    parts = {part.name: catalog.pool(part.reference)["prompt"].to_list() for part in done.parts}
    assert sorted(chain(*parts.values())) == sorted(catalog.pool("p")["prompt"].to_list())
    for left, right in combinations(parts.values(), 2):
        assert not any(is_near(a, b, 0.6) for a in left for b in right)
    assert done.n_shared == 0
    assert (len(parts["val"]), len(parts["test"])) == (15, 18)
    assert done.n_groups > 5


def test_the_parts_are_subsets_that_verify(filled: Catalog) -> None:
    done = filled.project.split("p", name="p", by="near_duplicates=0.6", into=INTO)
    assert [part.reference for part in done.parts] == ["p.val@1", "p.train@1"]
    assert [part.n_members for part in done.parts] == [20, N - 20]
    assert all(filled.verify(part.reference).is_same for part in done.parts)
    again = filled.project.split("p", name="p", by="near_duplicates=0.6", into=INTO)
    assert [part.is_new for part in again.parts] == [False, False]
    assert again.n_leaks_of_draw == done.n_leaks_of_draw > 0
    other = filled.project.split("p", name="p", by="near_duplicates=0.6", into=INTO, seed=1)
    first, second = (filled.pool(each)["prompt"].to_list() for each in ("p.val@1", "p.val@2"))
    assert other.parts[0].reference == "p.val@2"
    assert sorted(first) != sorted(second)


@pytest.mark.slow
def test_a_key_of_the_metadata_makes_groups_and_strata_keep_their_shares(filled: Catalog) -> None:
    filled.project.split("p", name="q", by="doc", into={"val": 24, "train": "rest"})
    docs = [
        {str(json.loads(value)["doc"]) for value in filled.pool(name)["metadata"].to_list()}
        for name in ("q.val", "q.train")
    ]
    assert not docs[0] & docs[1]
    options: dict[str, Any] = {"by": "near_duplicates=0.9", "stratify": "source"}
    filled.project.split("p", name="r", into={"val": 30, "train": "rest"}, **options)
    counts = Counter(filled.pool("r.val")["source"].to_list())
    assert counts == {"a": 20, "b": 10}


def test_the_command_proves_that_nothing_leaks(filled: Catalog) -> None:
    options = ["--into", "val=20", "--into", "train=rest", "--as", "p"]
    command = ["--home", str(filled.store.path), "split", "p", "--by", "near_duplicates=0.6"]
    answer = CliRunner().invoke(main, [*command, *options])
    assert answer.exit_code == 0, answer.stderr
    assert "0 groups are in more than one part" in answer.stderr
    document = json.loads(CliRunner().invoke(main, [*command, *options, "--json"]).stdout)
    assert [part["n_members"] for part in document["parts"]] == [20, N - 20]
    assert document["n_shared"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"by": "source=0.5"},
        {"by": "near_duplicates=x"},
        {"into": {"val": "many"}},
        {"into": {"val": N + 1}},
        {"into": {"a/b": "rest"}},
        {"into": {}},
        {"into": {"a": "60%", "b": "50%"}},
        {"into": {"a": "rest", "b": "rest"}},
        {"by": "no_such_key"},
        {"by": "labels"},
        {"stratify": "prompt"},
    ],
)
def test_what_cannot_be_split_is_refused(filled: Catalog, wrong: dict[str, Any]) -> None:
    options: dict[str, Any] = {"by": "near_duplicates=0.6", "into": INTO}
    with pytest.raises(OptionError):
        filled.project.split("p", name="p", **options | wrong)
    assert filled.subsets().height == 0


@pytest.mark.parametrize(
    ("into", "place"),
    [({"val": 1, "train": "rest"}, "part val"), ({"a": N, "b": "rest"}, "part b")],
)
def test_a_part_that_no_group_fits_is_named(
    filled: Catalog, into: dict[str, Any], place: str
) -> None:
    with pytest.raises(SelectionError, match=place):
        filled.project.split("p", name="p", by="source", into=into)
    assert filled.subsets().height == 0
