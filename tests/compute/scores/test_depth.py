"""Depth, its warm-up part, its labels, and its ranks."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.errors import OptionError, SignalError
from catalog.signals.registry import list_named
from tests.copies import made_once

Write = Callable[..., Path]
Records = Callable[[int], list[dict[str, Any]]]


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write, records: Records) -> Catalog:
    """Forty members in three sources, two thirds of them labelled."""
    made = records(40)
    for i, record in enumerate(made):
        record["from"] = f"source {i % 3}"
        record["labels"] = [[f"math/{i % 2}", "logic", "logic"], ["code/python"], []][i % 3]
    catalog.register(jsonl(made), pool="p", source_column="from", labels_column="labels")
    return catalog


def values(catalog: Catalog, name: str) -> dict[int, tuple[float | None, str | None]]:
    sql = "SELECT instruction_id, value, reason FROM scores WHERE signal_id = $signal_id"
    with catalog.store.reading() as connection:
        signal = list_named(connection, kind="score", name=name)[0]
        return {
            i: (value, reason)
            for i, value, reason in connection.sql(
                sql, params={"signal_id": signal.signal_id}
            ).fetchall()
        }


def test_distinct_labels_are_counted_and_none_is_null(pool: Catalog) -> None:
    pool.score("p", "n_labels")
    counted = defaultdict(int)
    for value in values(pool, "n_labels").values():
        counted[value] += 1
    assert counted == {(2.0, None): 14, (1.0, None): 13, (None, "no_labels"): 13}


def test_depth_is_the_loss_that_tuning_takes_times_k(pool: Catalog, model: Path) -> None:
    made = pool.score("p", "depth", model=str(model), warm_up=0.3)
    depth, base, tuned, k = (
        values(pool, name) for name in ("depth", "response_loss", "tuned_loss", "n_labels")
    )
    warm = {i for i, (_, reason) in tuned.items() if reason == "warm_up"}
    assert 0 < len(warm) < 40
    for i, (value, reason) in depth.items():
        if i in warm:
            assert (value, reason) == (None, "warm_up")
        else:
            assert value == pytest.approx((base[i][0] - tuned[i][0]) * (k[i][0] or 1))
    assert any(base[i][0] != tuned[i][0] for i in base if i not in warm)
    assert "K is 1 for 13 members, which have no labels" in made.notes


@pytest.mark.slow
def test_the_next_version_keeps_the_warm_up_part_and_the_tuned_model(
    pool: Catalog, jsonl: Write, records: Records, model: Path
) -> None:
    pool.score("p", "depth", model=str(model), warm_up=0.3)
    before = values(pool, "depth")
    folders = sorted(pool.store.models.glob("warm-up-*"))
    pool.register(jsonl(records(45)[40:], "more.jsonl"), pool="p", mode="append")
    made = pool.score("p", "depth", model=str(model), warm_up=0.3)
    counts = {report.signal.name: report.n_computed for report in made.reports}
    assert (counts["response_loss"], counts["tuned_loss"]) == (5, 5)
    after = values(pool, "depth")
    assert {i: after[i] for i in before} == before
    assert sorted(pool.store.models.glob("warm-up-*")) == folders


@pytest.mark.slow
def test_another_seed_draws_another_warm_up_part(pool: Catalog, model: Path) -> None:
    drawn = []
    for seed in (0, 1):
        pool.score("p", "depth", model=str(model), warm_up=0.3, seed=seed)
        drawn.append(
            {i for i, (_, reason) in values(pool, "tuned_loss").items() if reason == "warm_up"}
        )
    assert drawn[0] != drawn[1]


@pytest.mark.slow
def test_the_warm_up_part_is_not_what_random_takes_with_the_same_seed(
    pool: Catalog, model: Path
) -> None:
    pool.score("p", "depth", model=str(model), warm_up=0.3)
    drawn = {i for i, (_, reason) in values(pool, "tuned_loss").items() if reason == "warm_up"}
    pool.select("random", "p", budget=len(drawn), name="drawn")
    assert drawn != {
        *pool.sql("SELECT instruction_id FROM subset('drawn')")["instruction_id"].to_list()
    }


def test_a_warm_up_of_nobody_or_everybody_is_refused(pool: Catalog, model: Path) -> None:
    with pytest.raises(OptionError, match="warm_up"):
        pool.score("p", "depth", model=str(model), warm_up=1.0)
    with pytest.raises(SignalError, match="warm-up"):
        pool.score("p", "depth", model=str(model), warm_up=1e-9)


@pytest.mark.slow
def test_rid_is_the_mid_rank_within_the_first_level_label_else_the_source(
    pool: Catalog, model: Path
) -> None:
    pool.score("p", "depth_cheap", model=str(model))
    pool.score("p", "rid", rank_by="depth_cheap")
    depth = {i: value for i, (value, _) in values(pool, "depth_cheap").items()}
    with pool.store.reading() as connection:
        rows = connection.sql("SELECT instruction_id, source, labels FROM pool_members").fetchall()
    domain = {i: labels[0].split("/")[0] if labels else source for i, source, labels in rows}
    assert set(domain.values()) == {"math", "code", "source 2"}
    for i, (value, _) in values(pool, "rid").items():
        among = [depth[j] for j in depth if domain[j] == domain[i]]
        mid = (
            sum(other < depth[i] for other in among)
            + 0.5 * sum(other == depth[i] for other in among)
        ) / len(among)
        assert value == pytest.approx(mid)


@pytest.mark.slow
def test_rid_is_ranked_anew_when_the_members_change(
    pool: Catalog, jsonl: Write, records: Records, model: Path
) -> None:
    pool.score("p", "depth_cheap", model=str(model))
    pool.score("p", "rid", rank_by="depth_cheap")
    first = values(pool, "rid")
    pool.register(jsonl(records(60)[40:], "more.jsonl"), pool="p", mode="append")
    with pytest.raises(SignalError, match="cover"):
        pool.score("p", "rid", rank_by="depth_cheap")
    pool.score("p", "depth_cheap", model=str(model))
    pool.score("p", "rid", rank_by="depth_cheap")
    assert len(values(pool, "rid")) == 60
    assert len(first) == 40


def test_rid_without_a_depth_names_the_command(pool: Catalog) -> None:
    with pytest.raises(SignalError, match="catalog score p@1 depth --model tiny"):
        pool.score("p", "rid")
