import gzip
import io
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
import zstandard

from catalog.errors import OptionError, SourceError
from catalog.pools.fingerprint import fingerprint
from catalog.pools.reading import INSTRUCTIONS, QUARANTINE, FileReading, ReadOptions, read_batches
from catalog.pools.reasons import FILE_REASONS, RECORD_REASONS

ROWS = [{"instruction": f"q{n}", "input": "", "output": f"a{n}", "n": n} for n in range(25)]


def read(
    *sources: object, **options: Any
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[FileReading]]:
    files: list[FileReading] = []
    batches = list(
        read_batches(
            [str(source) for source in sources], ReadOptions(**options), report=files.append
        )
    )
    for batch in batches:
        assert batch.instructions.schema == INSTRUCTIONS
        assert batch.quarantine.schema == QUARANTINE
        batch.instructions.validate(full=True)
        batch.quarantine.validate(full=True)
    assert [file for batch in batches for file in batch.files] == files
    good = [row for batch in batches for row in batch.instructions.to_pylist()]
    bad = [row for batch in batches for row in batch.quarantine.to_pylist()]
    assert sorted(row["row_number"] for row in good + bad) == list(range(len(good) + len(bad)))
    assert sum((Counter(file.n_quarantined) for file in files), Counter()) == Counter(
        row["reason"] for row in bad
    )
    assert sum(file.n_records for file in files) == len(good) + len(bad)
    assert {row["reason"] for row in bad} <= set(RECORD_REASONS)
    return good, bad, files


def lines(rows: list[Any], **style: Any) -> str:
    return "".join(json.dumps(row, **style) + "\n" for row in rows)


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


def test_source_and_labels_come_from_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    rows: list[dict[str, Any]] = [
        {"prompt": "q", "response": "a", "origin": "x", "label": {"ability_en": ["math", "code"]}},
        {"prompt": "q", "response": "b", "origin": "y", "label": {"ability_en": []}},
        {"prompt": "q", "response": "c"},
        {"prompt": "q", "response": "d", "origin": 3, "label": {"ability_en": "logic"}},
    ]
    path.write_text(lines(rows))
    good, _, (file,) = read(path, source_column="origin", labels_column="label.ability_en")
    assert file.notes == [
        "1 of 4 records have no origin (source column): the file's name is their source",
        "1 of 4 records have no label.ability_en (labels column): they have no labels",
    ]
    assert [row["source"] for row in good] == ["x", "y", "pool", "3"]
    assert [row["labels"] for row in good] == [["math", "code"], None, None, ["logic"]]
    assert json.loads(good[0]["metadata"]) == {"label": {"ability_en": ["math", "code"]}}
    assert [row["labels"] for row in read(path)[0]] == [None] * 4


@pytest.mark.parametrize(
    "record",
    [
        {"instruction": "\ud83d", "output": "a"},
        {"instruction": "q", "output": "a", "note": "\udc00"},
        {"instruction": "q", "output": "a", "origin": "\ud83d"},
        {"instruction": "q", "output": "a", "label": ["\ud83d"]},
        {
            "messages": [
                {"role": "user", "content": "q", "name": "\ud83d"},
                {"role": "assistant", "content": "a"},
            ]
        },
        {
            "messages": [
                {"role": "system", "content": "\ud83d"},
                {"role": "user", "content": "q"},
                {"role": "assistant", "content": "a"},
            ]
        },
    ],
)
def test_half_of_a_surrogate_pair_anywhere_costs_its_record(tmp_path: Path, record: Any) -> None:
    path = tmp_path / "pool.jsonl"
    rows = [row | {"origin": "x", "label": "y"} for row in ROWS]
    path.write_text(lines([*rows, record, *rows]))
    good, bad, _ = read(path, source_column="origin", labels_column="label")
    assert (len(good), [row["reason"] for row in bad]) == (50, ["bad_encoding"])


def test_bytes_that_are_not_utf_8_cost_their_record_alone(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes(
        lines(ROWS).encode() + b'{"instruction": "caf\xe9", "output": "a"}\n' + lines(ROWS).encode()
    )
    good, bad, (file,) = read(path)
    assert (len(good), file.encoding) == (50, None)
    assert [(row["reason"], row["position"]) for row in bad] == [("bad_encoding", "line 26")]
    assert bad[0]["raw"] == '{"instruction": "caf\\xe9", "output": "a"}'


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


def test_prompts_alone_are_read_only_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "eval.jsonl"
    path.write_text(lines([{"prompt": "q", "key": 1}, {"prompt": "q2", "response": ""}]))
    good, bad, _ = read(path)
    assert (good, [row["reason"] for row in bad]) == ([], ["no_response", "empty_response"])
    assert "key" in bad[0]["detail"]
    good, bad, _ = read(path, prompts_only=True)
    assert ([[turn["role"] for turn in row["messages"]] for row in good], bad) == (
        [["user"], ["user"]],
        [],
    )


def test_a_csv_without_a_header_says_how_to_number_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("What is the capital of France, if you please?;Paris\nAnd of Spain?;Madrid\n")
    with pytest.raises(SourceError, match="prompt=1") as caught:
        read(path)
    assert caught.value.reason == "no_header"
    good, bad, (file,) = read(path, fields={"prompt": "1", "response": "2"})
    assert ([row["messages"][1]["content"] for row in good], bad, file.shape) == (
        ["Paris", "Madrid"],
        [],
        "mapped",
    )


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


def test_a_map_that_names_no_key_of_the_file_is_refused_with_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(lines([{"act": "q", "prompt": "a"}]))
    with pytest.raises(SourceError, match="element 0 has the keys act, prompt"):
        read(path, fields={"prompt": "Question"})
    with pytest.raises(SourceError, match="the format sharegpt"):
        read(path, format="sharegpt")


@pytest.mark.parametrize(
    "options", [{"format": "nothing"}, {"batch_size": 0}, {"fields": {"prompts": "x"}}]
)
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        ReadOptions(**options)


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
