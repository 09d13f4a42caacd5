"""Verifying a subset whose code has changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from tests.copies import made_once
from tests.quick import one_in


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path) -> Catalog:
    """Return a pool of twenty with losses, and a subset of six."""
    records = [{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(20)]
    catalog.register(jsonl(records), pool="p")
    names = catalog.sql("FROM pool('p')")["fingerprint"]
    lines = [f"{name},{i},{i % 3}" for i, name in enumerate(names)]
    (tmp_path / "losses.csv").write_text("\n".join(["fingerprint,step_1,step_2", *lines]))
    catalog.import_losses("p", tmp_path / "losses.csv", proxy="mine", key="fingerprint")
    catalog.select("s2l", "p", budget=6, name="few", settings={"k": 3})
    return catalog


def change(catalog: Catalog, edit: Callable[[dict[str, Any]], None]) -> None:
    """Edit the stored definition."""
    with catalog.store.writing() as connection:
        ((text,),) = connection.execute("SELECT definition FROM subsets").fetchall()
        content = json.loads(text)
        edit(content)
        connection.execute(
            "UPDATE subsets SET definition = $content", {"content": json.dumps(content)}
        )


@pytest.mark.parametrize(
    ("kind", "name"), one_in(2, [("macros", "shuffle_key"), ("functions", "kmeans")])
)
def test_code_that_has_changed_is_named_and_makes_another_definition(
    filled: Catalog, kind: str, name: str
) -> None:
    assert filled.verify("few").causes == ()
    change(filled, lambda content: content[kind].update({name: "that of another release"}))
    found = filled.verify("few")
    assert found.is_same
    (cause,) = found.causes
    assert name in cause


@pytest.mark.parametrize("is_other_seed", [False, True])
def test_a_changed_source_is_a_possible_cause_where_members_differ(
    filled: Catalog, is_other_seed: bool
) -> None:
    change(filled, lambda content: content["kernel_sha256"].update(kmeans="that of before"))
    if is_other_seed:
        change(filled, lambda content: content.update(seed=1))
    found = filled.verify("few")
    assert found.is_same == (not is_other_seed)
    assert any("kmeans" in cause for cause in found.causes) == is_other_seed


def test_a_failed_verify_says_clause_by_clause_what_its_selector_has_become(
    catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    records = [{"instruction": f"question {i}", "output": "answer " * i} for i in range(1, 20)]
    catalog.register(jsonl(records), pool="p")
    path = tmp_path / "mine.sql"
    text = "-- summary: A test.\nFROM pool($pool) WHERE length(prompt) > 3 ORDER BY fingerprint"
    path.write_text(f"{text} LIMIT $budget")
    catalog.add_selector(path)
    catalog.select("mine", "p", budget=5, name="few")
    path.write_text(f"{text.replace('> 3', '> 9')} LIMIT $budget")
    catalog.add_selector(path)
    assert catalog.verify("few").causes == ()
    change(catalog, lambda content: content.update(seed=1, budget=4))
    causes = [cause for cause in catalog.verify("few").causes if "mine" in cause]
    assert [cause.rsplit(": ", 1)[1] for cause in causes] == [
        "length(prompt) > 3",
        "length(prompt) > 9",
    ]
