import pytest

from catalog.errors import OptionError
from catalog.export import export


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.parquet", "parquet"), ("a.PARQUET", "parquet"), ("a.jsonl.gz", "jsonl"), ("a", "jsonl")],
)
def test_without_a_format_the_ending_says_it(tmp_path, row, batches, read_back, name, format):
    exported = export(batches([row()]), format=None, path=tmp_path / name, name="a")
    assert exported.format == format
    assert read_back(tmp_path / name) == [row()["fingerprint"]]


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.parquet", "messages"),
        ("a.jsonl", "parquet"),
        ("a.json.zst", "parquet"),
        ("a.json", "axolotl"),
    ],
)
def test_an_ending_that_contradicts_the_format_is_refused(tmp_path, row, batches, name, format):
    with pytest.raises(OptionError, match=rf"not of {format}"):
        export(batches([row()]), format=format, path=tmp_path / name, name="a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.tsv.gz", "a.xlsx", "a.arrow", "a.yaml"])
@pytest.mark.parametrize("format", [None, "alpaca", "parquet"])
def test_an_ending_that_no_export_writes_is_refused(tmp_path, row, batches, name, format):
    with pytest.raises(OptionError, match=r"\.json, \.jsonl, \.ndjson, \.parquet"):
        export(batches([row()]), format=format, path=tmp_path / name, name="a")
    assert list(tmp_path.iterdir()) == []
