import pyarrow.parquet as pq

from catalog.export import export


def row_groups(path):
    metadata = pq.read_metadata(path)
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    return [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]


def test_row_groups_hold_some_batches_each_and_are_compressed(tmp_path, row, batches, monkeypatch):
    monkeypatch.setattr("catalog.export.parquet.ROW_GROUP_ROWS", 5_000)
    batch = next(batch for batch in batches([row()] * 1_000, size=1_000)() if batch.num_rows)
    exported = export(lambda: [batch] * 12, format="parquet", path=tmp_path / "a.parquet", name="a")
    assert exported.n_rows == 12_000
    assert row_groups(tmp_path / "a.parquet") == [5_000, 5_000, 2_000]


def test_long_texts_end_a_row_group_sooner(tmp_path, row, batches, monkeypatch):
    monkeypatch.setattr("catalog.export.parquet.ROW_GROUP_BYTES", 2**20)
    rows = [
        row(
            {"role": "user", "content": "x" * 2**14},
            {"role": "assistant", "content": "y"},
            system="Be kind.",
        )
    ] * 20
    batch = next(batch for batch in batches(rows, size=20)() if batch.num_rows)
    export(lambda: [batch] * 5, format="parquet", path=tmp_path / "a.parquet", name="a")
    assert row_groups(tmp_path / "a.parquet") == [80, 20]
