"""Reading files of every container."""

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
import zstandard

from catalog.errors import SourceError
from catalog.pools.fingerprint import fingerprint
from catalog.pools.read_batches import ReadOptions, read_batches
from catalog.pools.reasons import FILE_REASONS
from tests.pools.reads import lines, read

ROWS = [{"instruction": f"q{n}", "input": "", "output": f"a{n}", "n": n} for n in range(25)]


def parquet(rows: list[dict[str, Any]]) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), target)
    return target.getvalue()


def csv(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    return "\n".join(
        delimiter.join(map(str, row)) for row in [list(rows[0]), *(row.values() for row in rows)]
    )


CONTAINERS: dict[str, tuple[bytes, str]] = {
    "json array": (json.dumps(ROWS).encode(), "json array"),
    "pretty array": (json.dumps(ROWS, indent=4).encode(), "json array"),
    "a record a line in an array": (
        b"[\n" + b",\n".join(json.dumps(row).encode() for row in ROWS) + b"\n]\n",
        "json array",
    ),
    "lines": (lines(ROWS).encode(), "json lines"),
    "lines without the last end": (lines(ROWS).strip().encode(), "json lines"),
    "lines with CRLF": (lines(ROWS).replace("\n", "\r\n").encode(), "json lines"),
    "lines with a mark": (b"\xef\xbb\xbf" + lines(ROWS).encode(), "json lines"),
    "lines with blanks": (b"\n\n" + lines(ROWS).replace("\n", "\n\n").encode(), "json lines"),
    "examples": (json.dumps({"canary": "x", "examples": ROWS}).encode(), "json object with a list"),
    "by id": (
        json.dumps({f"k{n}": {**row, "id": f"k{n}"} for n, row in enumerate(ROWS)}).encode(),
        "json object keyed by id",
    ),
    "pretty objects": (
        "\n".join(json.dumps(row, indent=2) for row in ROWS).encode(),
        "json objects",
    ),
    "csv": (csv(ROWS).encode(), "csv"),
    "tsv": (csv(ROWS, "\t").encode(), "tsv"),
    "yaml": (yaml.safe_dump(ROWS).encode(), "yaml"),
    "parquet": (parquet(ROWS), "parquet"),
    "gzip": (gzip.compress(lines(ROWS).encode()), "json lines"),
    "zstd": (zstandard.ZstdCompressor().compress(lines(ROWS).encode()), "json lines"),
    "utf-16": (lines(ROWS).encode("utf-16"), "json lines"),
}


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("ending", [".json", ".txt", ""])
def test_every_container_is_known_by_its_content(tmp_path: Path, name: str, ending: str) -> None:
    data, container = CONTAINERS[name]
    path = tmp_path / f"pool{ending}"
    path.write_bytes(data)
    good, bad, (file,) = read(path)
    assert (file.container, file.shape, bad) == (container, "alpaca", [])
    assert [row["messages"] for row in good] == [
        [
            {"role": "user", "content": f"q{n}", "extra": None},
            {"role": "assistant", "content": f"a{n}", "extra": None},
        ]
        for n in range(25)
    ]
    assert [row["fingerprint"] for row in good] == [
        fingerprint([("user", f"q{n}", None), ("assistant", f"a{n}", None)]) for n in range(25)
    ]
    assert {row["source"] for row in good} == {"pool"}
    assert {int(json.loads(row["metadata"])["n"]) for row in good} == set(range(25))
    assert file.columns == {"prompt": "instruction", "input": "input", "response": "output"}


def test_lists_of_turns_a_line_are_lines_and_not_an_array(tmp_path: Path) -> None:
    path = tmp_path / "lima.jsonl"
    path.write_text(lines([["q0", "a0"], ["q1", "a1", "q2", "a2"]]))
    good, _, (file,) = read(path)
    assert (file.container, file.shape, [len(row["messages"]) for row in good]) == (
        "json lines",
        "turns",
        [2, 4],
    )


def test_one_line_that_is_an_array_is_an_array(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps([["q0", "a0"], ["q1", "a1"]]) + "\n")
    good, _, (file,) = read(path)
    assert (file.container, len(good)) == ("json array", 2)


@pytest.mark.parametrize("broken", ['{"instruction": "q", "output": ', "garbage", '["a", '])
def test_a_broken_first_line_costs_itself_alone(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(broken + "\n" + lines(ROWS))
    good, bad, (file,) = read(path)
    assert (file.container, len(good)) == ("json lines", 25)
    assert [(row["position"], row["reason"], row["raw"], row["file"]) for row in bad] == [
        ("line 1", "not_json", broken, str(path))
    ]


def test_a_record_of_another_shape_is_read_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_text(lines([*ROWS, ["q", "a"], {"text": "no shape"}]))
    good, bad, (file,) = read(path)
    assert (len(good), file.shape, file.n_other_shapes) == (26, "alpaca", {"turns": 1})
    assert [row["reason"] for row in bad] == ["unknown_shape"]
    good, bad, _ = read(path, format="alpaca")
    assert (len(good), [row["reason"] for row in bad]) == (25, ["unknown_shape"] * 2)


def test_row_numbers_run_over_all_files_and_batches(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(lines(ROWS) + "{\n")
    batches = list(read_batches([str(tmp_path / "*.jsonl")], ReadOptions(batch_size=10)))
    assert [batch.instructions.num_rows + batch.quarantine.num_rows for batch in batches] == [
        10,
        10,
        10,
        10,
        10,
        2,
    ]
    assert [batch.n_records for batch in batches] == [10, 20, 30, 40, 50, 52]
    assert [row for batch in batches for row in batch.quarantine["row_number"].to_pylist()] == [
        25,
        51,
    ]
    assert [[file.file[-7:] for file in batch.files] for batch in batches] == [
        [],
        [],
        ["a.jsonl"],
        [],
        [],
        ["b.jsonl"],
    ]
    assert {source for batch in batches for source in batch.instructions["source"].to_pylist()} == {
        "a",
        "b",
    }
    sizes = [batch.bytes_read for batch in batches]
    assert sizes == sorted(sizes)
    assert {batch.bytes_total for batch in batches} == {sizes[-1]}


def test_reading_twice_gives_the_same_batches(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(lines(ROWS))

    def tables() -> list[pa.RecordBatch]:
        return [
            batch.instructions for batch in read_batches([str(path)], ReadOptions(batch_size=7))
        ]

    assert tables() == tables()


@pytest.mark.parametrize(
    ("codec", "shown"), [("gb18030", "GB18030"), ("utf-16-le", "UTF-16-LE"), ("utf-16", "UTF-16")]
)
@pytest.mark.parametrize("as_lines", [True, False])
def test_another_encoding_is_decoded_and_said(
    tmp_path: Path, codec: str, shown: str, as_lines: bool
) -> None:
    rows = [
        {"instruction": "请把下面的句子翻译成英文", "output": "今天的天气很好，我们去公园散步吧"}
    ] * 3
    path = tmp_path / "pool.json"
    text = lines(rows, ensure_ascii=False) if as_lines else json.dumps(rows, ensure_ascii=False)
    path.write_bytes(text.encode(codec))
    good, bad, (file,) = read(path)
    assert (file.encoding, bad) == (shown, [])
    assert [row["messages"][0]["content"] for row in good] == ["请把下面的句子翻译成英文"] * 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Some words.\nAnd some more, but no records.\n", "plain_text"),
        ("# Title\n\nText\n", "plain_text"),
        ("[Intro]\nA song, of sorts\n", "plain_text"),
        (lines([{"text": "running text"}] * 3), "unknown_shape"),
        (lines([{"a": 1}] * 3), "unknown_shape"),
        ("[1, 2, 3]", "unknown_shape"),
        ("[]", "empty_file"),
        (
            json.dumps({"name": {"file_name": "x.json"}, "other": {"file_name": "y.json"}}),
            "unknown_shape",
        ),
    ],
)
def test_a_file_without_instructions_is_refused_with_its_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "data"
    path.write_text(text)
    with pytest.raises(SourceError) as caught:
        read(path)
    assert (caught.value.reason, str(path) in str(caught.value)) == (reason, True)
    assert reason in FILE_REASONS


def test_a_csv_of_a_header_alone_holds_no_record(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("prompt,response\n")
    with pytest.raises(SourceError, match="has no records") as caught:
        read(path)
    assert caught.value.reason == "empty_file"


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(lines(ROWS).encode())))
    )
    good, _, (file,) = read("-")
    assert (len(good), file.file, file.compression, good[0]["source"]) == (25, "-", "gzip", "stdin")


def test_a_url_is_read_in_every_container() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/reading/a.parquet", parquet(ROWS))
    memory.pipe("/reading/b.jsonl.zst", CONTAINERS["zstd"][0])
    good, _, files = read("memory://reading/*")
    assert (len(good), [file.container for file in files]) == (50, ["parquet", "json lines"])
