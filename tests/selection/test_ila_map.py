"""ILA on a stored map."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from catalog import Catalog
from tests.report.conftest import add_vectors


def test_old_members_keep_their_cells_when_the_pool_grows(
    catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    records = [{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(44)]
    cells = []
    for n in (40, 44):
        catalog.register(jsonl(records[:n]), pool="p")
        add_vectors(catalog)
        catalog.map("p", method="pca")
        rows = catalog.sql("SELECT fingerprint, row_number AS depth FROM pool('p')")
        rows.write_csv(tmp_path / "depth.csv")
        catalog.import_scores("p", tmp_path / "depth.csv", name="depth", key="fingerprint")
        catalog.select("ila_map", "p", budget=n, name="all", settings={"method": "pca", "side": 3})
        cells.append(catalog.sql("SELECT fingerprint, why FROM subset('all')"))
    cell = pl.col("why").str.json_path_match("$.cell")
    before, after = (dict(frame.select("fingerprint", cell).rows()) for frame in cells)
    assert len(set(before.values())) > 3
    assert {name: after[name] for name in before} == before
    deepest = catalog.sql("SELECT max(row_number) AS row FROM subset('all') WHERE rank <= 3")
    assert deepest["row"][0] == 43
