import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.errors import SourceError
from catalog.pools.read_batches import FileReport, ReadOptions, read_batches
from catalog.pools.readers.parquet import parquet


def test_rows_are_read_across_row_groups_and_nulls_are_absent() -> None:
    target = io.BytesIO()
    rows = [{"prompt": f"q{n}", "response": None if n % 2 else "a", "n": n} for n in range(5000)]
    pq.write_table(pa.Table.from_pylist(rows), target, row_group_size=700)
    found = list(parquet(target, name="f"))
    assert [position for position, _, _ in found] == list(range(5000))
    assert found[0][1] == {"prompt": "q0", "response": "a", "n": 0}
    assert found[1][1] == {"prompt": "q1", "n": 1}


def test_columns_that_unite_unlike_messages_add_nothing_to_them(tmp_path: Path) -> None:
    chats = [
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
        {
            "messages": [
                {"role": "user", "content": "q", "name": "Ann"},
                {"role": "assistant", "content": "b", "tool_calls": ["f"]},
            ],
            "id": 3,
        },
    ]
    pq.write_table(pa.Table.from_pylist(chats), tmp_path / "chats.parquet")
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps(chat) + "\n" for chat in chats))
    columnar, lines = (
        next(read_batches([str(tmp_path / name)])).instructions
        for name in ("chats.parquet", "chats.jsonl")
    )
    assert columnar["fingerprint"] == lines["fingerprint"]
    assert columnar["messages"] == lines["messages"]


def test_what_json_cannot_hold_becomes_a_text_in_the_metadata(tmp_path: Path) -> None:
    when = datetime(2026, 1, 2, tzinfo=UTC)
    rows = [
        {
            "prompt": "q",
            "response": "a",
            "at": when,
            "score": float("nan"),
            "raw": b"x",
            "price": Decimal("1.50"),
        }
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (row,) = next(read_batches([str(tmp_path / "a.parquet")])).instructions.to_pylist()
    assert json.loads(row["metadata"]) == {
        "at": "2026-01-02 00:00:00+00:00",
        "score": None,
        "price": "1.50",
    }


def test_a_cut_file_is_refused() -> None:
    target = io.BytesIO()
    pq.write_table(pa.table({"prompt": ["a"] * 1000}), target)
    with pytest.raises(SourceError, match="f: the Parquet file is damaged") as caught:
        list(parquet(io.BytesIO(target.getvalue()[:-20]), name="f"))
    assert caught.value.reason == "corrupt_archive"


def test_an_extra_other_than_a_json_object_stays_a_key_of_its_message(tmp_path: Path) -> None:
    messages = [
        [
            {"role": "user", "content": "q", "extra": "see below"},
            {"role": "assistant", "content": "a", "extra": '{"name": "x"}'},
        ]
    ]
    path = tmp_path / "foreign.parquet"
    pq.write_table(pa.table({"messages": messages}), path)
    with path.open("rb") as file:
        ((_, record, _),) = parquet(file, name="foreign.parquet")
    assert record["messages"] == [
        {"role": "user", "content": "q", "extra": "see below"},
        {"role": "assistant", "content": "a", "name": "x"},
    ]


def read_both(
    folder: Path, rows: list[dict[str, Any]], table: pa.Table
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    pq.write_table(table, folder / "a.parquet")
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    columnar, lines = (
        next(read_batches([str(folder / name)])).instructions for name in ("a.parquet", "a.jsonl")
    )
    return columnar, lines


def test_nulls_inside_structs_are_absent_so_that_parquet_and_lines_have_the_same_fingerprints(
    tmp_path: Path,
) -> None:
    call: dict[str, Any] = {"id": "c1", "function": {"name": "f"}}
    parts = [{"type": "text", "text": "q"}, {"type": "image_url", "image_url": {"url": "x.png"}}]
    user, answer = {"role": "user", "content": parts}, {"role": "assistant", "tool_calls": [call]}
    rows = [
        {
            "messages": [
                user,
                answer,
                {"role": "assistant", "content": [{"type": "text", "text": "a"}]},
            ],
            "tools": [{"name": "f"}],
            "m": {"a": 1},
        },
        {
            "messages": [user, {"role": "assistant", "tool_calls": [{**call, "type": "function"}]}],
            "tools": [{"name": "g", "v": 1}],
            "m": {"b": 2},
        },
    ]
    columnar, lines = read_both(tmp_path, rows, pa.Table.from_pylist(rows))
    assert columnar.num_rows == 2
    for name in ("fingerprint", "messages", "tools", "metadata"):
        assert columnar[name] == lines[name], name


def test_nulls_of_a_list_stay_and_so_do_the_catalogs_own_messages(tmp_path: Path) -> None:
    ours = [
        {"role": "user", "content": "q", "extra": None},
        {"role": "assistant", "content": "a", "extra": '{"x": {"y": null}}'},
    ]
    pq.write_table(
        pa.Table.from_pylist([{"messages": ours, "l": [1, None]}]), tmp_path / "a.parquet"
    )
    (row,) = next(read_batches([str(tmp_path / "a.parquet")])).instructions.to_pylist()
    assert row["messages"] == [
        {"role": "user", "content": "q", "extra": None},
        {"role": "assistant", "content": "a", "extra": '{"x": {"y": null}}'},
    ]
    assert json.loads(row["metadata"]) == {"l": [1, None]}


def test_bytes_are_reported_and_left_out_of_the_metadata(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"q{n}", "response": "a", "raw": b"x" * 9, "deep": {"b": [b"y"], "c": n}}
        for n in range(3)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    files: list[FileReport] = []
    (batch,) = read_batches([str(tmp_path / "a.parquet")], report=files.append)
    assert [json.loads(text) for text in batch.instructions["metadata"].to_pylist()] == [
        {"deep": {"b": [], "c": n}} for n in range(3)
    ]
    assert [
        note for note in files[0].notes if note.startswith("3 records have bytes under raw, deep")
    ] == files[0].notes


def test_bytes_of_a_part_count_by_their_hash(tmp_path: Path) -> None:
    rows = [
        {
            "messages": [
                {"role": "user", "content": [{"type": "image", "image": {"bytes": data}}]},
                {"role": "assistant", "content": [{"type": "text"}]},
            ]
        }
        for data in (b"x", b"y")
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    found = next(
        read_batches([str(tmp_path / "a.parquet")], ReadOptions(prompts_only=True))
    ).instructions
    extras = [message[0]["extra"] for message in found["messages"].to_pylist()]
    assert ["sha256:" in extra for extra in extras] == [True, True]
    assert len(set(found["fingerprint"].to_pylist())) == 2


def test_nanoseconds_and_times_beyond_pythons_are_texts(tmp_path: Path) -> None:
    columns = {
        "prompt": pa.array(["q", "r"]),
        "response": pa.array(["a", "b"]),
        "ns": pa.array([1, None], pa.timestamp("ns")),
        "far": pa.array([2**55, 0], pa.timestamp("ms", "UTC")),
        "deep": pa.array(
            [[{"t": 1}], [{"t": None}]], pa.list_(pa.struct([("t", pa.timestamp("ns"))]))
        ),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    first, second = (
        json.loads(row)
        for row in next(read_batches([str(tmp_path / "a.parquet")]))
        .instructions["metadata"]
        .to_pylist()
    )
    assert (first["ns"], first["deep"]) == (
        "1970-01-01 00:00:00.000000001",
        [{"t": "1970-01-01 00:00:00.000000001"}],
    )
    assert first["far"] == "29565-02-15 11:56:03.968Z"
    assert second == {"far": "1970-01-01 00:00:00+00:00", "deep": [{}]}
