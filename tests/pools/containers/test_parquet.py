import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.errors import SourceError
from catalog.pools.containers.parquet import parquet
from catalog.pools.reading import read_batches


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
            "messages": [{"role": "user", "content": "q", "name": "Ann"}, {"role": "assistant", "content": "b", "tool_calls": ["f"]}],
            "id": 3,
        },
    ]
    pq.write_table(pa.Table.from_pylist(chats), tmp_path / "chats.parquet")
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps(chat) + "\n" for chat in chats))
    columnar, lines = (next(read_batches([str(tmp_path / name)])).instructions for name in ("chats.parquet", "chats.jsonl"))
    assert columnar["fingerprint"] == lines["fingerprint"]
    assert columnar["messages"] == lines["messages"]


def test_what_json_cannot_hold_becomes_a_text_in_the_metadata(tmp_path: Path) -> None:
    when = datetime(2026, 1, 2, tzinfo=UTC)
    rows = [{"prompt": "q", "response": "a", "at": when, "score": float("nan"), "raw": b"x", "price": Decimal("1.50")}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (row,) = next(read_batches([str(tmp_path / "a.parquet")])).instructions.to_pylist()
    assert json.loads(row["metadata"]) == {"at": "2026-01-02 00:00:00+00:00", "score": None, "raw": "b'x'", "price": "1.50"}


def test_a_cut_file_is_refused() -> None:
    target = io.BytesIO()
    pq.write_table(pa.table({"prompt": ["a"] * 1000}), target)
    with pytest.raises(SourceError, match="f: the Parquet file is damaged") as caught:
        list(parquet(io.BytesIO(target.getvalue()[:-20]), name="f"))
    assert caught.value.reason == "corrupt_archive"


def test_an_extra_that_is_no_json_object_stays_a_key_of_its_message(tmp_path: Path) -> None:
    messages = [[{"role": "user", "content": "q", "extra": "see below"}, {"role": "assistant", "content": "a", "extra": '{"name": "x"}'}]]
    path = tmp_path / "foreign.parquet"
    pq.write_table(pa.table({"messages": messages}), path)
    with path.open("rb") as file:
        ((_, record, _),) = parquet(file, name="foreign.parquet")
    assert record["messages"] == [
        {"role": "user", "content": "q", "extra": "see below"},
        {"role": "assistant", "content": "a", "name": "x"},
    ]
