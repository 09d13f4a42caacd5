"""Parquet for Embedding Atlas: what its options --x, --y and --neighbors read."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog import Catalog
from catalog.errors import OptionError, SignalError
from tests.copies import made_once
from tests.report.conftest import add_vectors


@pytest.fixture
@made_once
def mapped(catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path) -> Catalog:
    records = [{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(40)]
    catalog.register(jsonl(records), pool="p")
    add_vectors(catalog)
    catalog.map("p", method="pca")
    (tmp_path / "scores.csv").write_text("quality\n" + "\n".join(map(str, range(40))))
    catalog.import_scores("p", tmp_path / "scores.csv", name="quality")
    first = catalog.sql("SELECT min(fingerprint) AS f FROM pool('p')")["f"][0]
    catalog.mark("p", first, mark="bad", note="wrong")
    catalog.select("random", "p", budget=9, name="drawn")
    catalog.select("random", "p", budget=7, name="drawn", seed=1)
    return catalog


def test_a_file_holds_places_neighbours_scores_marks_and_membership(
    mapped: Catalog, tmp_path: Path
) -> None:
    done = mapped.export("p", tmp_path / "atlas.parquet", format="atlas")
    assert (done.format, done.n_rows, done.lost) == ("atlas", 40, {})
    table = pq.read_table(tmp_path / "atlas.parquet")
    assert done.members_sha256 == mapped.export("p", tmp_path / "p.jsonl").members_sha256
    near = pa.struct([("ids", pa.list_(pa.int64())), ("distances", pa.list_(pa.float64()))])
    assert table.schema.field("neighbors").type.equals(near)
    types = {name: str(table.schema.field(name).type) for name in ("x", "y", "quality", "drawn@2")}
    assert types == {"x": "float", "y": "float", "quality": "double", "drawn@2": "bool"}
    places = mapped.sql("SELECT fingerprint, x FROM map('p')")
    by_name = dict(places.rows())
    rows = table.to_pylist()
    assert [row["prompt"] for row in rows] == [f"question {i}" for i in range(40)]
    assert all(row["x"] == by_name[row["fingerprint"]] for row in rows)
    assert sum(row["drawn@2"] for row in rows) == 7
    assert [row["note"] for row in rows if row["mark"] == "bad"] == ["wrong"]


def test_of_several_maps_the_page_s_is_written(mapped: Catalog, tmp_path: Path) -> None:
    mapped.map("p", method="tsne")
    mapped.export("p", tmp_path / "atlas.parquet", format="atlas")
    table = pq.read_table(tmp_path / "atlas.parquet", columns=["fingerprint", "x"])
    places = dict(mapped.sql("SELECT fingerprint, x FROM map('p', method => 'tsne')").rows())
    assert dict(zip(*table.to_pydict().values(), strict=True)) == places


def test_neighbours_are_rows_of_the_file_the_nearest_first(mapped: Catalog, tmp_path: Path) -> None:
    mapped.export("p", tmp_path / "atlas.parquet", format="atlas")
    rows = pq.read_table(tmp_path / "atlas.parquet").to_pylist()
    vectors = dict(mapped.sql("SELECT fingerprint, vector FROM embeddings('p')").rows())
    x = np.array([vectors[row["fingerprint"]] for row in rows], dtype=np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    distances = 1 - x @ x.T
    np.fill_diagonal(distances, np.inf)
    for place, row in enumerate(rows):
        near = row["neighbors"]
        assert near["ids"] == np.argsort(distances[place], kind="stable")[:15].tolist()
        assert np.allclose(near["distances"], np.sort(distances[place])[:15], atol=1e-6)


@pytest.mark.slow
def test_a_subset_is_exported_in_its_order(mapped: Catalog, tmp_path: Path) -> None:
    mapped.export("drawn@1", tmp_path / "drawn.parquet", format="atlas")
    table = pq.read_table(tmp_path / "drawn.parquet")
    ranked = mapped.sql("SELECT fingerprint FROM subset('drawn@1') ORDER BY rank")
    assert table["fingerprint"].to_pylist() == ranked["fingerprint"].to_list()
    assert "drawn@2" in table.column_names  # the newest version of that subset


def test_a_score_of_another_pool_is_no_column(
    mapped: Catalog, jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    mapped.register(jsonl([{"instruction": "a", "output": "b"}], "q.jsonl"), pool="q")
    (tmp_path / "q.csv").write_text("other\n5\n")
    mapped.import_scores("q", tmp_path / "q.csv", name="other")
    mapped.export("p", tmp_path / "p.parquet", format="atlas")
    names = pq.read_schema(tmp_path / "p.parquet").names
    assert {"quality", "mark", "note"} <= set(names)
    assert "other" not in names


def test_a_plain_parquet_stays_the_lossless_format(mapped: Catalog, tmp_path: Path) -> None:
    assert mapped.export("p", tmp_path / "p.parquet").format == "parquet"
    with pytest.raises(OptionError):
        mapped.export("p", tmp_path / "p.parquet.gz", format="atlas")


def test_without_a_map_the_command_is_named(catalog: Catalog, jsonl: Callable[..., Path]) -> None:
    catalog.register(jsonl([{"instruction": "a", "output": "b"}]), pool="p")
    with pytest.raises(SignalError, match="catalog map") as refused:
        catalog.export("p", "atlas.parquet", format="atlas")
    assert refused.value.location is None
