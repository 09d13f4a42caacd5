"""Budgets in tokens: met within one member by any selector, and by mixtures."""

from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.errors import OptionError, SelectionError
from tests import quick
from tests.copies import made_once

WORDS = "river give word night stone sum large the"
FIRST = """-- summary: The longest answers first.
SELECT instruction_id FROM pool($pool) ORDER BY length(response) DESC, fingerprint LIMIT $budget
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small random language model as Hugging Face files."""
    from catalog.models.causal_lm import save_causal_lm
    from catalog.models.tiny import TinyShape, build_tiny

    folder = tmp_path_factory.mktemp("models") / "very-small"
    shape = TinyShape(vocabulary=300, width=16, layers=1, heads=2, inner=16)
    save_causal_lm(build_tiny(WORDS.split(), shape=shape), folder)
    return folder


@pytest.fixture
@made_once
def counted(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """Answers of 0 to 13 words: those of none train nothing."""
    records = [{"instruction": f"{WORDS} {i}", "output": "stone " * (i % 14)} for i in range(56)]
    catalog.register(jsonl(records), pool="p")
    return catalog


def tokens_of(catalog: Catalog, reference: str, name: str) -> dict[str, int]:
    sql = "SELECT fingerprint, value::INTEGER FROM score($ref, name => $name) WHERE value > 0"
    return dict(catalog.sql(sql, parameters={"ref": reference, "name": name}).rows())


@pytest.mark.parametrize(
    ("of", "budget"), [("total", 1000), pytest.param("response", 90, marks=pytest.mark.slow)]
)
def test_a_budget_is_met_within_one_member(
    counted: Catalog, model: Path, tmp_path: Path, of: str, budget: int
) -> None:
    file = tmp_path / "first.sql"
    file.write_text(FIRST)
    asked = {"tokens": of, "model": model}
    for number, selector in enumerate((file,) if quick.is_default else ("random", file)):
        counted.select(selector, "p", budget="all", name=f"whole-{number}")
        order = counted.sql(f"SELECT fingerprint FROM subset('whole-{number}') ORDER BY rank")
        counted.select(selector, "p", budget=f"{budget}tok", name=f"s-{number}", **asked)  # type: ignore[arg-type]
        tokens = tokens_of(counted, "p", f"{of}_tokens")
        trained = [each for each in order["fingerprint"] if each in tokens]
        totals = list(accumulate(tokens[each] for each in trained))
        n = sum(total <= budget for total in totals)
        found = counted.sql(f"SELECT fingerprint FROM subset('s-{number}') ORDER BY rank")
        assert found["fingerprint"].to_list() == trained[:n]
        assert n < len(trained)
        assert counted.verify(f"s-{number}").is_same


@pytest.mark.slow
def test_a_budget_that_no_pool_can_meet_is_refused(counted: Catalog, model: Path) -> None:
    for budget, place in (("0tok", "0tok"), ("1tok", "any member"), ("9Mtok", "more than")):
        with pytest.raises(OptionError, match=place):
            counted.select("random", "p", budget=budget, name="s", model=model)
    with pytest.raises(OptionError, match="model"):
        counted.select("random", "p", budget="5ktok", name="s")


@pytest.mark.slow
def test_a_first_member_beyond_the_budget_is_refused(
    counted: Catalog, model: Path, tmp_path: Path
) -> None:
    file = tmp_path / "first.sql"
    file.write_text(FIRST)
    with pytest.raises(SelectionError, match="5tok"):
        counted.select(file, "p", budget="5tok", name="s", tokens="response", model=model)


@pytest.mark.slow
def test_why_says_that_the_tokens_were_met(counted: Catalog, model: Path) -> None:
    counted.select("random", "p", budget="500tok", name="s", model=model)
    counted.select("random", "p", budget="all", name="whole")
    n = counted.show("s").record["n_members"]
    later = counted.sql(f"SELECT fingerprint FROM subset('whole') WHERE rank > {n} ORDER BY rank")
    for place in (1, -1):
        left_out = counted.why("s", later["fingerprint"][place]).left_out
        assert left_out is not None
        assert left_out.is_as_stored
        assert left_out.cause == "place"


@pytest.mark.slow
def test_a_refresh_counts_the_tokens_of_new_members(
    counted: Catalog, model: Path, jsonl: Callable[..., Path]
) -> None:
    counted.select("random", "p", budget="2ktok", name="s", model=model)
    more = [{"instruction": f"large {i}", "output": "night " * (i % 9 + 1)} for i in range(60)]
    counted.register(jsonl(more, "more.jsonl"), pool="p", mode="append")
    refreshed = counted.refresh("s")
    assert refreshed.reference == "s@2"
    tokens = tokens_of(counted, "s", "total_tokens")
    assert 2000 - max(tokens.values()) < sum(tokens.values()) <= 2000
    assert counted.show("s").record["budget_asked"] == "2ktok"
    assert counted.verify("s").is_same


@pytest.mark.slow
def test_members_that_are_kept_fill_a_budget_in_tokens_first(
    counted: Catalog, model: Path, jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    file = tmp_path / "first.sql"
    file.write_text(FIRST)
    counted.select(file, "p", budget="300tok", name="s", model=model)
    before = set(counted.sql("SELECT fingerprint FROM subset('s@1')")["fingerprint"])
    for version in (2, 3):
        more = [{"instruction": f"large {i} of {version}", "output": "night " * 20} for i in (1, 2)]
        counted.register(jsonl(more, "more.jsonl"), pool="p", mode="append")
        refreshed = counted.refresh("s", keep=True)
        assert refreshed.reference == f"s@{version}"
        assert refreshed.churn is not None
        assert refreshed.churn.n_kept == len(before)
        assert before <= set(counted.sql("SELECT fingerprint FROM subset('s')")["fingerprint"])
        tokens = tokens_of(counted, "s", "total_tokens")
        assert 300 - max(tokens.values()) < sum(tokens.values()) <= 300
        assert counted.verify("s").is_same


@pytest.mark.slow
def test_a_mixture_has_shares_of_tokens(counted: Catalog, model: Path) -> None:
    counted.select("random", "p", budget=20, name="best")
    parts = ["p:random=50%", "best=rest*2"]
    mixture = counted.project.mix(name="m", parts=parts, budget="1ktok", model=model)
    tokens = tokens_of(counted, "p", "total_tokens")
    copies = counted.sql("SELECT fingerprint, copies FROM subset('m')").rows()
    total = sum(tokens[each] * n for each, n in copies)
    assert total == mixture.achieved
    assert 1000 - max(tokens.values()) < total <= 1000
    assert mixture.parts[0].asked == 500
    assert 500 - max(tokens.values()) < mixture.parts[0].achieved <= 500
    assert counted.verify("m").is_same
