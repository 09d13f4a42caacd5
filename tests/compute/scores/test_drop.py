"""Scores that are dropped."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.compute.shard_runner import exclusively
from catalog.errors import LockedError, NotFoundError
from tests.copies import made_once

Write = Callable[..., Path]
TABLES = ("scores", "signal_members", "signal_gaps", "shards", "signals")


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    records = [{"instruction": f"q {i}", "output": f"a {i}"} for i in range(4)]
    catalog.register(jsonl(records), pool="p")
    ratings = [{"row": i, "overall": i, "rarity": -i} for i in range(4)]
    file = jsonl(ratings, "r.jsonl")
    catalog.import_score_columns("p", file, {"overall": "overall", "rarity": "rarity"})
    return catalog


def test_a_dropped_score_leaves_nothing_and_others_stay(pool: Catalog) -> None:
    dropped = pool.drop_score("overall")
    assert (dropped.n_signals, dropped.subsets) == (1, ())
    with pool.store.reading() as connection:
        ids = {table: connection.sql(f"SELECT DISTINCT signal_id FROM {table}") for table in TABLES}
        left = {table: rows.fetchall() for table, rows in ids.items()}
    assert left == {table: [(2,)] for table in TABLES} | {"signal_gaps": []}
    assert pool.signals("p")["name"].to_list() == ["rarity"]
    with pytest.raises(NotFoundError, match="rarity"):
        pool.drop_score("rarit")


def test_a_subset_of_a_dropped_score_keeps_its_members_and_verify_names_the_loss(
    pool: Catalog,
) -> None:
    pool.select("longest", "p", budget=2, name="best", settings={"score": "overall"})
    members = pool.sql("SELECT fingerprint FROM subset('best') ORDER BY rank").rows()
    assert pool.drop_score("overall").subsets == ("best@1",)
    assert pool.sql("SELECT fingerprint FROM subset('best') ORDER BY rank").rows() == members
    found = pool.verify("best")
    assert not found.is_same
    assert any("overall" in cause for cause in found.causes)


def test_a_score_that_is_being_computed_is_not_dropped(pool: Catalog, jsonl: Write) -> None:
    file = jsonl([{"x": float(i)} for i in range(4)], "x.jsonl")
    signal = pool.import_scores("p", file, name="x").signal
    with exclusively(pool.store, signal), pytest.raises(LockedError):
        pool.drop_score("x")
    assert "x" in pool.signals("p")["name"].to_list()
