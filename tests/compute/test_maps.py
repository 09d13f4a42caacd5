"""Maps: laid out once, and grown without moving anybody."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import OptionError, SignalError
from catalog.signals.kinds import KINDS
from tests.copies import made_once
from tests.quick import few_of
from tests.report.conftest import D, add_vectors, records

Write = Callable[..., Path]


def place_of(catalog: Catalog) -> dict[str, tuple[float, float]]:
    rows = catalog.sql("SELECT fingerprint, x, y FROM map('p') ORDER BY 1")
    return {fingerprint: (x, y) for fingerprint, x, y in rows.iter_rows()}


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    catalog.register(jsonl(records(60)[4:]), pool="p", source_column="from")
    add_vectors(catalog)
    return catalog


@pytest.mark.parametrize("method", few_of(["tsne", "pca"], "pca"))
def test_new_members_are_placed_and_the_others_stay(
    pool: Catalog, jsonl: Write, method: str
) -> None:
    report = pool.map("p", method=method)
    assert (report.n_members, report.n_before, report.n_computed) == (56, 0, 56)
    before = place_of(pool)
    assert len(set(before.values())) == 56
    pool.register(jsonl(records(80)[4:], "more.jsonl"), pool="p", source_column="from")
    with pytest.raises(SignalError, match=f"catalog map p@2 --method {method}"):
        pool.sql("SELECT x FROM map('p')")
    with pytest.raises(SignalError, match="embed"):
        pool.map("p", method=method)
    add_vectors(pool)
    report = pool.map("p", method=method)
    assert (report.n_before, report.n_computed) == (56, 20)
    after = place_of(pool)
    assert {fingerprint: after[fingerprint] for fingerprint in before} == before
    assert pool.map("p", method=method).n_computed == 0
    vectors = pool.sql("SELECT fingerprint, vector FROM embeddings('p') ORDER BY 1")
    unit = {
        fingerprint: np.array(vector) / np.linalg.norm(vector)
        for fingerprint, vector in vectors.iter_rows()
    }
    for fingerprint in set(after) - set(before):
        near = sorted(before, key=lambda other: -float(unit[fingerprint] @ unit[other]))[:10]
        wanted = np.median([before[other] for other in near], axis=0)
        np.testing.assert_allclose(after[fingerprint], wanted, rtol=1e-6)


def test_a_map_is_that_of_project(pool: Catalog) -> None:
    pool.map("p", method="pca")
    query = f"""
        SELECT map.x - drawn.x AS dx, map.y - drawn.y AS dy
        FROM map('p') AS map
        JOIN project(
            (
                SELECT fingerprint, list_transform(vector, lambda v: v / n)::FLOAT[{D}] AS vector
                FROM (SELECT *, sqrt(list_inner_product(vector, vector)) AS n FROM embeddings('p'))
            ),
            method => 'pca'
        ) AS drawn USING (fingerprint)
    """
    differences = pool.sql(query)
    assert len(differences) == 56
    assert np.abs(differences.to_numpy()).max() < 1e-5


def test_a_map_of_an_earlier_version_stays_readable_until_a_new_one_is_made(
    pool: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("catalog.compute.maps.VERSION", 1)
        pool.map("p", method="pca")
    before = place_of(pool)
    assert len(before) == 56
    assert pool.map("p", method="pca").n_computed == 56
    assert len(pool.signals("p").filter(kind="map")) == 2
    assert place_of(pool) == before  # a PCA of the same members


def test_a_map_of_other_members_changes_no_other_map(pool: Catalog, jsonl: Write) -> None:
    """An outline keeps its meaning, whoever else has its members on a map."""
    pool.map("p", method="pca")
    pool.select("random", "p", budget=20, name="part")
    before, query = place_of(pool), "SELECT x, y FROM map('part') ORDER BY fingerprint"
    part = pool.sql(query)
    pool.register(jsonl(records(70)[4:], "wide.jsonl"), pool="wide", source_column="from")
    add_vectors(pool, of="wide")
    pool.map("wide", method="pca")
    assert place_of(pool) == before
    assert pool.sql(query).equals(part)  # a subset's are those of its pool
    active = pool.signals("p").filter(kind="map", is_read=True)
    assert (
        active["identity"].to_list()
        != pool.signals("wide").filter(kind="map", is_read=True)["identity"].to_list()
    )
    pool.map("part", method="pca")
    assert not pool.sql(query).equals(part)  # now it has its own
    assert place_of(pool) == before
    pool.register(jsonl(records(70)[4:], "wide.jsonl"), pool="p", source_column="from")
    with pytest.raises(SignalError, match="catalog map p@2"):  # the other map has its new members
        place_of(pool)


def test_a_map_is_listed_and_needs_embeddings(pool: Catalog, jsonl: Write) -> None:
    assert KINDS["map"].title("tsne") == "map of tsne"
    pool.map("p", method="pca")
    listed = pool.signals("p").filter(kind="map").to_dicts()
    assert [(row["name"], row["n_with_value"], row["dimension"]) for row in listed] == [
        ("pca", 56, 2)
    ]
    assert pool.doctor(full=True) == []
    pool.register(jsonl([{"instruction": "q", "output": "a"}], "q.jsonl"), pool="q")
    with pytest.raises(SignalError, match="catalog embed q"):
        pool.map("q")
    with pytest.raises(OptionError, match="tsne or umap or pca"):
        pool.map("p", method="circle")
    assert pool.sql("SELECT map(['a'], [1])['a'] AS a")["a"].to_list() == [1]


@pytest.mark.slow
def test_an_outline_selects_the_same_old_members_after_the_pool_grew(
    pool: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    pool.map("p", method="pca")
    selector = tmp_path / "inside.sql"
    selector.write_text(
        "-- summary: An outline.\nSELECT instruction_id FROM pool($pool)\n"
        "JOIN (SELECT instruction_id, x, y FROM map($pool)) USING (instruction_id)\n"
        "WHERE is_inside(x, y, [[0.0, -1.0], [1.0, -1.0], [1.0, 1.0], [0.0, 1.0]])\n"
        "ORDER BY fingerprint LIMIT $budget\n"
    )
    pool.select(selector, "p", budget="all", name="inside")
    wanted = {f for f, (x, y) in place_of(pool).items() if 0 < x < 1 and -1 < y < 1}
    read = "SELECT fingerprint FROM subset($ref)"
    first = set(pool.sql(read, parameters={"ref": "inside@1"})["fingerprint"])
    assert 0 < len(first) < 56
    assert first == wanted
    pool.register(jsonl(records(66)[4:], "more.jsonl"), pool="p", source_column="from")
    add_vectors(pool)
    pool.map("p", method="pca")
    pool.refresh("inside")
    second = set(pool.sql(read, parameters={"ref": "inside@2"})["fingerprint"])
    assert first <= second
    assert pool.verify("inside@1").is_same
    assert pool.verify("inside@2").is_same
