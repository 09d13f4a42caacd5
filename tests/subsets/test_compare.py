"""Pools and subsets of several versions of one pool, side by side."""

import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from catalog import Catalog
from catalog.errors import OptionError
from catalog.subsets import measures
from tests.copies import made_once
from tests.report.conftest import add_vectors

Write = Callable[..., Path]


def pairs(n: int, *, first: int = 0) -> list[dict[str, str]]:
    return [
        {"instruction": f"question {i}", "output": "word " * (i + 1)}
        for i in range(first, first + n)
    ]


@pytest.fixture
@made_once
def grown(catalog: Catalog, jsonl: Write) -> Catalog:
    """A pool that lost its rows 0 to 4 and gained 20 to 29, and a subset of each version."""
    catalog.register(jsonl(pairs(20)), pool="q")
    catalog.select("random", "q", budget=10, name="best")
    catalog.register(jsonl(pairs(25, first=5)), pool="q")
    catalog.refresh("best")
    return catalog


@pytest.mark.slow
def test_subsets_of_two_versions_of_a_pool_are_measured_over_the_newer(grown: Catalog) -> None:
    found = grown.compare("best@1", "best@2")
    gone = grown.sql(
        "SELECT count(*) FROM subset('best@1') ANTI JOIN pool('q@2') USING (instruction_id)"
    ).item()
    assert gone > 0
    assert f"{gone} of the 10 members of best@1, which q@2 no longer has" in found.notes
    assert [row["n_members"] for row in found.rows] == [10 - gone, 10, 10 - gone, 10]
    assert list(found.members) == ["best@1", "best@2", f"random {10 - gone}", "random 10"]
    both = grown.diff("best@1", "best@2").n_kept
    assert found.overlap == {("best@1", "best@2"): both / (20 - both)}


@pytest.mark.slow
def test_subsets_of_a_subset_are_measured_over_it(grown: Catalog, tmp_path: Path) -> None:
    grown.import_losses("q@1", losses(tmp_path / "losses.csv", range(20)), proxy="theirs")
    assert grown.compare("best@1").rows[0]["last_loss_mean"] is not None  # over q@1
    for seed in (0, 1):
        grown.select("random", "best@2", budget=4, name=f"part{seed}", seed=seed)
    found = grown.compare("part0", "part1")
    assert found.parent == "best@2"
    parent = set(grown.sql("SELECT instruction_id FROM subset('best@2')")["instruction_id"])
    assert set(found.members["random 4"].tolist()) < parent
    assert grown.compare("part0", "best@2").parent == "best@2"
    assert grown.compare("part0", "q").parent == "q@2"


@pytest.mark.slow
def test_what_covers_the_compared_subsets_alone_is_measured(grown: Catalog, tmp_path: Path) -> None:
    grown.select("random", "q", budget=6, name="part")
    rows = grown.sql("SELECT fingerprint, 2.5 AS rated FROM subset('part')")
    rows.write_csv(tmp_path / "rated.csv")
    grown.import_scores("part", tmp_path / "rated.csv", name="rated", key="fingerprint")
    found = grown.compare("part", scores=["rated"])
    assert found.rows[0]["rated_mean"] == 2.5
    assert not [note for note in found.notes if "score rated" in note]


def test_the_yardstick_is_twenty_draws_with_the_share_of_every_source(
    catalog: Catalog, jsonl: Write
) -> None:
    records = [pair | {"s": "ab"[n % 4 == 0]} for n, pair in enumerate(pairs(40))]
    catalog.register(jsonl(records), pool="q", source_column="s")
    catalog.select("random", "q", budget=8, name="x")
    found = catalog.compare("x")
    yardstick = found.rows[1]
    assert (yardstick["n_members"], yardstick["largest_source"]) == (8, 0.75)
    assert found.spread["random 8"]["largest_source"] == 0.0
    assert found.spread["random 8"]["characters_median"] > 0


@pytest.mark.slow
def test_the_landscape_is_the_map_that_the_parent_has(catalog: Catalog, jsonl: Write) -> None:
    records = [{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(24)]
    catalog.register(jsonl(records[:20]), pool="p")
    add_vectors(catalog)
    catalog.map("p", method="pca")
    catalog.register(jsonl(records), pool="p")
    add_vectors(catalog)
    catalog.select("random", "p", budget=5, name="drawn")
    whole = catalog.compare("drawn", projection="pca").landscape
    assert whole is not None  # the map lacks members: the embeddings are projected
    assert whole.height == 24
    catalog.map("p", method="pca")
    found = catalog.compare("drawn", projection="pca").landscape
    assert found is not None
    places = "SELECT instruction_id, x, y FROM map('p') ORDER BY instruction_id"
    order = found.sort("instruction_id")
    assert_frame_equal(order.select("instruction_id", "x", "y"), catalog.sql(places))
    assert not whole.sort("instruction_id")["x"].equals(order["x"])


def test_a_comparison_has_the_same_numbers_again(grown: Catalog) -> None:
    assert grown.compare("best").rows == grown.compare("best").rows


def test_subsets_are_grouped_by_how_they_were_selected(
    grown: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measures, "N_DRAWS", 2)
    for seed in (0, 1):
        for budget in (4, 8):
            grown.select("random", "q", budget=budget, name=f"s{seed}-{budget}", seed=seed)
    names = [f"s{seed}-{budget}" for seed in (0, 1) for budget in (4, 8)]
    found = grown.compare(*names)
    groups = found.grouped(["selector", "budget"])
    assert [(group["selector"], group["budget"], group["n_subsets"]) for group in groups] == [
        ("random", 4, 2),
        ("random", 8, 2),
    ]
    medians = [row["characters_median"] for row in found.rows if row["name"].endswith("-4@1")]
    assert groups[0]["characters_median"] == pytest.approx(statistics.mean(medians))
    assert groups[0]["characters_median_sd"] == pytest.approx(statistics.stdev(medians))
    with pytest.raises(OptionError, match="method"):
        found.grouped(["method"])


@pytest.mark.slow
def test_two_versions_of_a_pool_are_compared(grown: Catalog) -> None:
    found = grown.compare("q@2", "q@1")
    assert [(row["name"], row["n_members"]) for row in found.rows] == [
        ("q@2", 25),
        ("q@1", 15),
        ("random 15", 15),
    ]
    assert found.overlap == {("q@2", "q@1"): 0.5}


def losses(path: Path, rows: range) -> Path:
    path.write_text("row,step_1,step_2\n" + "".join(f"{row},{row}.5,{row}\n" for row in rows))
    return path


@pytest.mark.slow
def test_losses_that_miss_members_are_not_measured(grown: Catalog, tmp_path: Path) -> None:
    grown.import_losses("q@1", losses(tmp_path / "losses.csv", range(20)), proxy="theirs")
    found = grown.compare("best@2")
    assert not any("last_loss_mean" in row for row in found.rows)
    assert [
        note for note in found.notes if "losses of theirs cover 15 of 25 members of q@2" in note
    ]


@pytest.mark.slow
def test_a_number_that_some_members_have_is_measured_and_noted(
    grown: Catalog, tmp_path: Path
) -> None:
    grown.import_losses("q", losses(tmp_path / "losses.csv", range(12)), proxy="theirs")
    found = grown.compare("best@2", "q")
    assert found.rows[1]["last_loss_mean"] == 5.5
    known = grown.sql(
        "SELECT count(*) FROM subset('best@2') JOIN pool('q') USING (instruction_id) "
        "WHERE pool.row_number < 12"
    ).item()
    without = f"{10 - known} of the 10 members of best@2, 13 of the 25 members of q@2"
    assert [note for note in found.notes if note.startswith("last_loss")] == [
        f"last_loss of {without}, which have none"
    ]


@pytest.mark.slow
def test_a_comparison_takes_the_losses_of_the_proxy_that_is_named(
    grown: Catalog, tmp_path: Path
) -> None:
    for proxy, first in (("A", 0), ("C", 5)):
        path = tmp_path / "losses.csv"
        path.write_text("step_1\n" + "".join(f"{row + first}\n" for row in range(25)))
        grown.import_losses("q", path, proxy=proxy)
    notes = grown.compare("best@2").notes
    assert "q@2 has losses of A and C: name one, as proxy='A'" in notes
    assert [grown.compare("q", proxy=proxy).rows[0]["last_loss_mean"] for proxy in ("A", "C")] == [
        12,
        17,
    ]
    notes = grown.compare("best@2", proxy="D").notes
    assert any(
        note.startswith(
            "q@2 has no losses of D; there are: A, C: `catalog losses import q@2 FILE --proxy D`"
        )
        for note in notes
    )


@pytest.mark.slow
def test_what_comes_from_two_pools_or_has_left_its_pool_is_not_compared(
    grown: Catalog, jsonl: Write
) -> None:
    grown.register(jsonl(pairs(3), "other.jsonl"), pool="other")
    with pytest.raises(OptionError, match=r"come from 2 pools \(other@1, q@1\)"):
        grown.compare("best@1", "other")
    grown.register(jsonl(pairs(20, first=50)), pool="q", mode="replace")
    with pytest.raises(OptionError, match="q@3 has no member of best@1 any more"):
        grown.compare("best@1", "q")
