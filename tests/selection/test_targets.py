"""Targets: pools and subsets that a selector's parameter names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.errors import OptionError, ReferenceNotFoundError, SelectionError
from tests.copies import made_once

LIKE_TARGET = """-- summary: Members that the target has too, then others.
-- param: target reference  examples
SELECT instruction_id, fingerprint IN (SELECT fingerprint FROM pool($target)) AS is_shared
FROM pool($pool)
ORDER BY is_shared DESC, fingerprint
LIMIT $budget
"""


def records(*numbers: int) -> list[dict[str, Any]]:
    return [{"instruction": f"question {i}", "output": f"answer {i}"} for i in numbers]


def register(catalog: Catalog, pool: str, *numbers: int, purpose: Any = None) -> None:
    path = catalog.store.path.parent / f"{pool}.json"
    path.write_text(json.dumps(records(*numbers)))
    catalog.register(path, pool=pool, purpose=purpose, mode="replace")


@pytest.fixture
@made_once
def home(catalog: Catalog, tmp_path: Path) -> Catalog:
    """A pool of twenty records, and a pool for evaluation that shares two with it."""
    register(catalog, "p", *range(20))
    register(catalog, "dev", 3, 4, 90, purpose="eval")
    (tmp_path / "like.sql").write_text(LIKE_TARGET)
    return catalog


def select(home: Catalog, target: str, **options: Any) -> Any:
    path = str(home.store.path.parent / "like.sql")
    return home.select(path, "p", budget=4, name="like", settings={"target": target}, **options)


def shared(home: Catalog, reference: str) -> int:
    query = "SELECT count(*) AS n FROM subset($s) WHERE fingerprint IN (SELECT fingerprint FROM "
    found = home.sql(query + "pool('dev@1'))", parameters={"s": reference})
    return int(found["n"].item())


def test_a_target_is_pinned_with_the_hash_of_its_members(home: Catalog) -> None:
    selected = select(home, "dev")
    content = selected.definition.content
    assert content["parameters"] == {"target": "dev@1"}
    (record,) = (each for each in content["references"] if each["reference"] == "dev@1")
    assert record["parameters"] == ["target"]
    assert len(record["members_sha256"]) == 64
    assert shared(home, "like@1") == 2
    assert not select(home, "dev@1").is_new


def test_a_selection_stays_on_the_target_that_it_was_made_with(home: Catalog) -> None:
    select(home, "dev")
    register(home, "dev", 5, 6, 7)
    assert home.verify("like").is_same
    assert not home.refresh("like").is_new
    again = home.refresh("like", settings={"target": "dev"})
    assert again.is_new
    assert again.definition.content["parameters"] == {"target": "dev@2"}


def test_verify_names_a_target_whose_members_are_others(home: Catalog) -> None:
    select(home, "dev")
    with home.store.writing() as connection:
        connection.execute("DELETE FROM pool_members WHERE pool_id = 2 AND row_number = 0")
    verified = home.verify("like")
    assert not verified.is_same
    assert any("dev@1" in cause for cause in verified.causes)


def test_a_subset_can_be_a_target(home: Catalog) -> None:
    home.select("random", "p", budget=3, name="some")
    assert select(home, "some").definition.content["parameters"] == {"target": "some@1"}


def test_nothing_is_selected_from_a_pool_for_evaluation(home: Catalog) -> None:
    with pytest.raises(SelectionError) as caught:
        home.select("random", "dev", budget=2, name="leak")
    assert "dev@1" in caught.value.problem
    assert "--set target=dev" in caught.value.next_step


def test_the_purpose_of_a_pool_stays(home: Catalog) -> None:
    register(home, "dev", 3, 4, 90, 91)
    with pytest.raises(OptionError, match="p is registered for training"):
        register(home, "p", 1, purpose="eval")
    pools = dict(home.pools().select("name", "purpose").iter_rows())
    assert pools == {"dev": "eval", "p": "train"}


@pytest.mark.parametrize(
    ("target", "error"),
    [("nobody", ReferenceNotFoundError), ("p@9", ReferenceNotFoundError), ("a b", OptionError)],
)
def test_a_target_that_is_not_there_is_named(
    home: Catalog, target: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=target.partition("@")[0]):
        select(home, target)


def test_a_selector_with_a_target_is_linted_without_a_pool(home: Catalog) -> None:
    path = str(home.store.path.parent / "like.sql")
    assert home.lint_selector(path).findings == ()
    assert home.lint_selector(path, pool="p").findings == ()
