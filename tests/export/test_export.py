"""What every format has in common: the order, the contents, and no silent loss."""

import gzip
import json
import tracemalloc

import pyarrow as pa
import pytest
import zstandard

from catalog.errors import LossyExportError, OptionError
from catalog.export import export
from tests.export.conftest import ROW_FORMATS

USER = {"role": "user", "content": "2+2?"}
ANSWER = {"role": "assistant", "content": "4"}
FILES = ("jsonl", "alpaca", "sharegpt", "messages", "parquet")
FOLDERS = ("llamafactory", "axolotl")
ANSWERED = [
    format for format in ROW_FORMATS if format != "dpo"
]  # those of answers without rejected ones


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_an_unknown_format_is_named(tmp_path, row, batches):
    with pytest.raises(OptionError, match="csv: expected one of alpaca, atlas, axolotl"):
        export(batches([row()]), format="csv", path=tmp_path / "a", name="a")


@pytest.mark.parametrize("format", ANSWERED)
def test_the_order_is_that_of_the_batches(tmp_path, row, batches, read_back, format):
    rows = [row({"role": "user", "content": f"{n}?"}, ANSWER) for n in (5, 3, 9, 1, 7, 2, 8, 0)]
    exported = export(batches(rows), format=format, path=tmp_path / "a", name="a")
    assert read_back(exported.files[0]) == [row["fingerprint"] for row in rows]
    assert (exported.n_rows, exported.n_bytes) == (
        8,
        sum(path.stat().st_size for path in exported.files),
    )


def test_a_slice_of_a_batch_is_exported_alone(tmp_path, varied, batches, read_back):
    varied = [row for row in varied if row["tools"] != "f(x): squares x"]
    whole = next(batch for batch in batches(varied, size=7)() if batch.num_rows)
    for format in ("jsonl", "messages"):
        export(lambda: [whole.slice(2, 3)], format=format, path=tmp_path / format, name="a")
        assert read_back(tmp_path / format) == [row["fingerprint"] for row in varied[2:5]]


def test_a_slice_of_a_batch_with_system_prompts_is_exported_to_parquet(
    tmp_path, row, batches, read_back
):
    rows = [
        row({"role": "user", "content": f"{n}?"}, ANSWER, system="Be kind." if n % 2 else None)
        for n in range(6)
    ]
    whole = next(batch for batch in batches(rows, size=6)() if batch.num_rows)
    export(
        lambda: [whole.slice(1, 3), whole.slice(4, 1)],
        format="parquet",
        path=tmp_path / "a",
        name="a",
    )
    assert read_back(tmp_path / "a") == [rows[n]["fingerprint"] for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("format", ANSWERED)
def test_the_surrogate_id_never_leaves(tmp_path, row, batches, format):
    given = [
        batch.append_column("instruction_id", pa.array([987654321] * batch.num_rows))
        for batch in batches([row()])()
    ]
    export(lambda: given, format=format, path=tmp_path / "a", name="a")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert all(
        b"instruction_id" not in path.read_bytes() and b"987654321" not in path.read_bytes()
        for path in written
    )


@pytest.mark.parametrize("format", FILES)
def test_an_export_of_nothing_is_a_whole_file(tmp_path, batches, format):
    exported = export(batches([]), format=format, path=tmp_path / "a", name="a")
    assert exported.n_rows == 0
    expected = {"alpaca": b"[]\n", "sharegpt": b"[]\n", "jsonl": b"", "messages": b""}
    assert format == "parquet" or (tmp_path / "a").read_bytes() == expected[format]


def test_endings_compress_lines_the_same_way_each_time(tmp_path, varied, batches):
    for name in ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "b.jsonl.gz", "b.jsonl.zst"):
        export(batches(varied), format="messages", path=tmp_path / name, name="a", allow_lossy=True)
    plain = (tmp_path / "a.jsonl").read_bytes()
    assert gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()) == plain
    with zstandard.ZstdDecompressor().stream_reader(
        (tmp_path / "a.jsonl.zst").read_bytes()
    ) as reader:
        assert reader.read() == plain
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert (tmp_path / "a.jsonl.gz").read_bytes()[3:8] == bytes(5)  # neither a name nor a time
    assert (tmp_path / "a.jsonl.zst").read_bytes() == (tmp_path / "b.jsonl.zst").read_bytes()


def test_parquet_is_not_compressed_twice(tmp_path, row, batches):
    with pytest.raises(OptionError, match=r"parquet compresses its own contents: remove \.gz"):
        export(batches([row()]), format="parquet", path=tmp_path / "a.parquet.gz", name="a")


@pytest.mark.parametrize("format", ["jsonl", "messages"])
def test_a_hyphen_streams_lines_to_standard_output(tmp_path, varied, batches, capfdbinary, format):
    exported = export(batches(varied), format=format, path="-", name="a", allow_lossy=True)
    export(batches(varied), format=format, path=tmp_path / "a", name="a", allow_lossy=True)
    assert capfdbinary.readouterr().out == (tmp_path / "a").read_bytes()
    assert (exported.files, exported.n_rows) == ((), len(varied))


@pytest.mark.parametrize(
    "format", [format for format in ROW_FORMATS if format not in ("jsonl", "messages", "dpo")]
)
def test_other_formats_do_not_stream(row, batches, format):
    with pytest.raises(OptionError, match="only dpo, jsonl, messages can"):
        export(batches([row()]), format=format, path="-", name="a")


@pytest.mark.parametrize("format", ["jsonl", "messages"])
def test_a_record_is_one_line_for_every_reader(tmp_path, varied, batches, format):
    export(batches(varied), format=format, path=tmp_path / "a", name="a", allow_lossy=True)
    text = (tmp_path / "a").read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert (
        len(text.splitlines())
        == len(varied)
        == len([json.loads(line) for line in text.splitlines()])
    )


def test_a_lossy_export_names_the_counts_and_the_next_step_and_leaves_nothing(
    tmp_path, row, batches
):
    long = row(USER, ANSWER, USER, ANSWER)
    rows = [
        row(),
        long,
        row(tools='[{"name": "f"}]'),
        row(USER, ANSWER, USER, ANSWER, tools='[{"name": "f"}]'),
    ]
    with pytest.raises(LossyExportError) as caught:
        export(batches(rows), format="alpaca", path=tmp_path / "a", name="a")
    for part in ("3 of 4 ", "2 with several turns", "2 with tools", "allow a lossy", "parquet"):
        assert part in str(caught.value)
    assert everything_in(tmp_path) == []


def test_an_accepted_loss_is_counted(tmp_path, row, batches):
    rows = [row(), row(USER, ANSWER, USER, ANSWER), row(tools='[{"name": "f"}]')]
    exported = export(
        batches(rows), format="alpaca", path=tmp_path / "a", name="a", allow_lossy=True
    )
    assert (exported.n_rows, exported.lost) == (3, {"several turns": 1, "tools": 1})
    assert len(json.loads((tmp_path / "a").read_text())) == 3


@pytest.mark.slow
@pytest.mark.parametrize("format", ["jsonl", "alpaca", "llamafactory"])
def test_memory_does_not_grow_with_the_subset(tmp_path, row, batches, format):
    rows = [row({"role": "user", "content": "x" * 2000}, ANSWER)] * 50

    def peak(n):
        def repeated():
            for _ in range(n):
                yield from batches(rows, size=50)()

        tracemalloc.start()
        export(repeated, format=format, path=tmp_path / f"{n}", name="a")
        (_, high), _ = tracemalloc.get_traced_memory(), tracemalloc.stop()
        return high

    peak(2)
    assert peak(50) < 1.2 * peak(5)
