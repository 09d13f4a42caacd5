"""Frames as sources: polars, Arrow and pandas."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog import Catalog, OptionError, SourceError
from tests.quick import few_of

RECORDS: list[dict[str, Any]] = [
    {
        "messages": [
            {"role": "user", "content": f"question {n}"},
            {"role": "assistant", "content": f"answer {n}"},
            *([{"role": "user", "content": "more"}] if n % 3 == 0 else []),
        ],
        "topic": ["a", None, "b"][n % 3],
        "nothing": None,
        "day": datetime.datetime(2024, 1, n % 28 + 1, 12, 30),
        "score": None if n % 4 == 0 else n / 7,
        "tags": [{"name": "x", "weight": n}, {"name": None, "weight": None}],
    }
    for n in range(30)
]
TABLE = pa.Table.from_pylist(RECORDS)


def pandas_frame() -> Any:
    pytest.importorskip("pandas")
    frame = TABLE.to_pandas()
    frame.index = frame.index + 7  # an index is no column
    return frame


FRAMES: dict[str, Callable[[], Any]] = {
    "polars": lambda: pl.from_arrow(TABLE),
    "categorical": lambda: pl.DataFrame(TABLE).with_columns(pl.col("topic").cast(pl.Categorical)),
    "enum": lambda: pl.DataFrame(TABLE).with_columns(pl.col("topic").cast(pl.Enum(["a", "b"]))),
    "lazy": lambda: pl.DataFrame(TABLE).lazy().filter(pl.col("day").is_not_null()),
    "table": lambda: TABLE,
    "batch": lambda: TABLE.to_batches()[0],
    "reader": lambda: TABLE.to_reader(max_chunksize=7),
    "pandas": pandas_frame,
}


def stored(catalog: Catalog) -> list[tuple[Any, ...]]:
    rows = catalog.sql("SELECT fingerprint, messages, metadata FROM pool('p') ORDER BY row_number")
    return [(*row[:2], row[2] and json.loads(row[2])) for row in rows.rows()]


@pytest.mark.parametrize("kind", few_of(sorted(FRAMES), *sorted(FRAMES)[::3]))
def test_a_frame_registers_as_the_same_rows_of_a_parquet_file(
    catalog: Catalog, tmp_path: Path, kind: str
) -> None:
    if kind == "pandas":  # whose types are others
        FRAMES[kind]().to_parquet(tmp_path / "frame.parquet", index=False)
    else:
        pq.write_table(TABLE, tmp_path / "frame.parquet")
    catalog.register(tmp_path / "frame.parquet", pool="p")
    expected = stored(catalog)
    assert len(expected) == 30
    answer = catalog.register(FRAMES[kind](), pool="p")
    assert not answer.is_new_version
    assert [(file.file, file.container) for file in answer.files] == [("frame", "frame")]
    assert stored(catalog) == expected


def test_frames_and_files_register_together(catalog: Catalog, jsonl: Callable[..., Path]) -> None:
    file = jsonl([{"instruction": "from a file", "output": "yes"}])
    catalog.register([pl.DataFrame(TABLE), file], pool="p")
    assert len(stored(catalog)) == 31
    catalog.register(
        pl.DataFrame({"q": ["one"], "a": ["two"]}),
        pool="named",
        fields={"prompt": "q", "response": "a"},
    )
    assert catalog.sql("SELECT prompt, source FROM pool('named')").rows() == [("one", "frame")]


def test_what_is_neither_a_path_nor_a_frame_is_refused(catalog: Catalog) -> None:
    for wrong in (RECORDS, RECORDS[0], [1], 1, None):
        with pytest.raises(SourceError, match="expected paths or frames"):
            catalog.register(wrong, pool="p")  # type: ignore[arg-type]


def test_a_subset_read_as_a_frame_registers_with_the_same_fingerprints(
    catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "add", "arguments": "{}"}}]
    messages = [
        {"role": "user", "content": "add"},
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "content": "3", "tool_call_id": "c"},
        {"role": "assistant", "content": "3"},
    ]
    catalog.register(jsonl([{"messages": messages}]), pool="p")
    frame = catalog.sql("SELECT messages, system, tools FROM pool('p')")
    catalog.register(frame, pool="again")
    query = "SELECT fingerprint FROM pool('{}')"
    assert catalog.sql(query.format("again")).rows() == catalog.sql(query.format("p")).rows()


def test_a_lazy_frame_is_read_batch_by_batch(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog.pools.readers import frames

    monkeypatch.setattr(frames, "AT_ONCE", 10)
    monkeypatch.delattr(pl.LazyFrame, "collect")
    catalog.register(pl.DataFrame(TABLE).lazy(), pool="p")
    assert len(stored(catalog)) == 30


def two_of_one_name() -> Any:
    import pandas as pd

    return pd.DataFrame([["a", "b"]], columns=["output", "output"])


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (lambda: pl.DataFrame({"instruction": [], "output": []}), "empty_file"),
        (lambda: pl.LazyFrame({"instruction": []}), "empty_file"),
        (lambda: pa.table([["a"], ["b"]], names=["output", "output"]), "wrong_container"),
        (two_of_one_name, "wrong_container"),
        (lambda: pl.LazyFrame({"output": ["a"]}).select("gone"), "unreadable"),
        (lambda: pl.DataFrame({"count": [1]}), "unknown_shape"),
        (lambda: pl.DataFrame({"output": [None], "instruction": [None]}), "unknown_shape"),
    ],
)
def test_a_frame_that_cannot_be_read_is_refused(
    catalog: Catalog, frame: Callable[[], Any], reason: str
) -> None:
    with pytest.raises(SourceError) as caught:
        catalog.register(frame(), pool="p")
    assert caught.value.reason == reason


def test_an_entry_of_a_frame_is_refused(catalog: Catalog) -> None:
    with pytest.raises(OptionError, match="got a frame"):
        catalog.register(pl.DataFrame(TABLE), pool="p", entry="alpaca")
