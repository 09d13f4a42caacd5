import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import SourceError
from catalog.pools.readers.arrow_ipc import arrow_ipc, is_stream
from catalog.pools.reasons import Rejection

ROWS = [
    {
        "messages": [{"role": "user", "content": f"q{n}"}],
        "n": n,
        "kind": "ab"[n % 2] if n % 3 else None,
    }
    for n in range(50)
]


def packed(
    table: pa.Table, *, is_file: bool, compression: str | None = None, step: int = 7
) -> bytes:
    target = io.BytesIO()
    start = pa.ipc.new_file if is_file else pa.ipc.new_stream
    with start(
        target, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)
    ) as writer:
        writer.write_table(table, max_chunksize=step)
    return target.getvalue()


def blocks(data: bytes, step: int = 1000) -> Iterator[bytes]:
    return iter([data[start : start + step] for start in range(0, len(data), step)])


def read(data: bytes, step: int = 1000) -> list[Any]:
    return [value for _, value, _ in arrow_ipc(blocks(data, step), name="f")]


def refusal(data: bytes) -> SourceError:
    with pytest.raises(SourceError, match=r"^f") as caught:
        read(data)
    return caught.value


def table() -> pa.Table:
    plain = pa.Table.from_pylist(ROWS)
    return plain.set_column(2, "kind", plain["kind"].dictionary_encode())


@pytest.mark.parametrize("is_file", [True, False])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_files_and_streams_give_their_rows_without_nulls(
    is_file: bool, compression: str | None
) -> None:
    data = packed(table(), is_file=is_file, compression=compression)
    expected = [{key: value for key, value in row.items() if value is not None} for row in ROWS]
    assert read(data) == expected
    assert is_stream(data) is not is_file


@settings(max_examples=20)
@given(st.integers(1, 50), st.integers(1, 300), st.booleans())
def test_blocks_may_fall_anywhere(step: int, block: int, is_file: bool) -> None:
    data = packed(table(), is_file=is_file, step=step)
    assert [row["n"] for row in read(data, block)] == list(range(50))


@settings(max_examples=20)
@given(st.integers(0, 2000))
def test_a_cut_file_is_refused_and_not_taken_for_a_shorter_one(cut: int) -> None:
    data = packed(table(), is_file=False)
    assert refusal(data[: -8 - cut % (len(data) - 16)]).reason == "corrupt_archive"


def test_a_batch_that_explodes_is_refused_before_its_memory_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("catalog.pools.readers.compression.FREE", 2**20)
    data = packed(pa.table({"prompt": ["x" * 2**24]}), is_file=False, compression="zstd")
    assert len(data) < 4_000
    assert refusal(data).reason == "too_large"
    assert f"{2**24:,}" in str(refusal(data)) or "16,777,2" in str(refusal(data))


def test_rows_that_take_no_byte_are_not_read_without_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("catalog.pools.readers.compression.FREE", 2**20)
    assert (
        refusal(packed(pa.table({"prompt": pa.nulls(2**22)}), is_file=False, step=2**22)).reason
        == "too_large"
    )


def test_a_large_dictionary_value_is_read_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.pools.readers.arrow_rows.AT_ONCE", 2**21)
    values = pa.DictionaryArray.from_arrays([0] * 20 + [1], ["x" * 2**20, "y"])
    found = read(packed(pa.table({"prompt": values}), is_file=False, step=100))
    assert [len(row["prompt"]) for row in found] == [2**20] * 20 + [1]


def test_a_row_beyond_the_bound_loses_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.pools.readers.arrow_rows.MAX_RECORD", 2**16)
    monkeypatch.setattr("catalog.pools.readers.arrow_rows.AT_ONCE", 2**16)
    found = read(packed(pa.table({"prompt": ["a", "x" * 2**17, "b"]}), is_file=False, step=100))
    assert [row.reason if isinstance(row, Rejection) else row for row in found] == [
        {"prompt": "a"},
        "too_large",
        {"prompt": "b"},
    ]


def test_types_whose_size_cannot_be_told_are_refused_by_name() -> None:
    views = pa.array([["a"]], pa.list_view(pa.string()))
    error = refusal(packed(pa.table({"turns": views}), is_file=False))
    assert error.reason == "wrong_container"
    assert "turns" in str(error)
