"""Instructions to export, and their way back through the reader of pools."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from catalog.export.registry import exporters
from catalog.pools.batch import INSTRUCTIONS
from catalog.pools.fingerprint import fingerprint
from catalog.pools.read_batches import ReadOptions, read_batches

Row = dict[str, Any]
ROW_FORMATS = tuple(item.name for item in exporters() if item.layout != "catalog")
"""The formats that write rows; those of the layout ``catalog`` need a catalog."""

USER: Row = {"role": "user", "content": "2+2?"}
ANSWER: Row = {"role": "assistant", "content": "4"}


def row(
    *messages: Row,
    system: str | None = None,
    tools: str | None = None,
    rejected: list[Any] | None = None,
    media: list[Row] | None = None,
    source: str = "demo",
    labels: list[str] | None = None,
    metadata: str | None = None,
) -> Row:
    """One instruction; the keys of a message beside role and content are its extra."""
    stored = []
    for message in messages or (USER, ANSWER):
        rest = dict(message.get("extra", {}))
        stored.append(
            (
                message["role"],
                message["content"],
                json.dumps(rest, ensure_ascii=False) if rest else None,
            )
        )
    others = {
        name: json.dumps(value) if value else None
        for name, value in (("rejected", rejected), ("media", media))
    }
    name = fingerprint(stored, system=system, tools=tools, **others)
    dicts = [dict(zip(("role", "content", "extra"), message, strict=True)) for message in stored]
    return {
        "fingerprint": name,
        "messages": dicts,
        "system": system,
        "tools": tools,
        **others,
        "source": source,
        "labels": labels,
        "metadata": metadata,
    }


def batches(rows: Sequence[Row], *, size: int = 3) -> Callable[[], Iterator[pa.RecordBatch]]:
    """Return a function that yields the rows in small batches, with an empty one among them."""
    return lambda: _batches(rows, size=size)


def _batches(rows: Sequence[Row], *, size: int) -> Iterator[pa.RecordBatch]:
    schema = pa.schema([field for field in INSTRUCTIONS if field.name != "row_number"])
    yield pa.RecordBatch.from_pylist([], schema=schema)
    for start in range(0, len(rows), size):
        yield pa.RecordBatch.from_pylist(list(rows[start : start + size]), schema=schema)


def read_back(path: Path, *, prompts_only: bool = False) -> list[str]:
    """Return the fingerprints of a registered file, in order; none of it may be quarantined."""
    found: list[str] = []
    for batch in read_batches([str(path)], ReadOptions(prompts_only=prompts_only)):
        assert batch.quarantine.to_pylist() == []
        found += batch.instructions.column("fingerprint").to_pylist()
    return found


@pytest.fixture(name="row")
def row_fixture() -> Callable[..., Row]:
    return row


@pytest.fixture(name="batches")
def batches_fixture() -> Callable[..., Callable[[], Iterator[pa.RecordBatch]]]:
    return batches


@pytest.fixture(name="read_back")
def read_back_fixture() -> Callable[..., list[str]]:
    return read_back


@pytest.fixture
def varied() -> list[Row]:
    """Instructions that every lossless format must keep."""
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "add", "arguments": '{"a": 2, "b": 2.50}'},
    }
    return [
        row(),
        row(USER, ANSWER, system="Be kind.\n“Really”."),
        row(
            USER,
            ANSWER,
            {"role": "user", "content": "Sure?"},
            {"role": "assistant", "content": "Yes."},
            labels=["easy", "sum"],
        ),
        row(
            USER,
            {"role": "assistant", "content": "", "extra": {"tool_calls": [call]}},
            {"role": "tool", "content": "4", "extra": {"tool_call_id": "c1", "name": "add"}},
            ANSWER,
            tools='[{"type": "function", "function": {"name": "add", "parameters": {}}}]',
        ),
        row(
            USER,
            {"role": "assistant", "content": '{"name": "f"}', "extra": {"from": "function_call"}},
            ANSWER,
            tools="f(x): squares x",
        ),
        row(
            {"role": "system", "content": "Short.", "extra": {"role": "developer"}},
            USER,
            ANSWER,
            {"role": "user", "content": "Thanks"},
        ),
        row(
            {
                "role": "user",
                "content": "a\nb",
                "extra": {
                    "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
                },
            },
            {"role": "tool", "content": "9", "extra": {"role": "function", "name": "f"}},
            {
                "role": "assistant",
                "content": "ok",
                "extra": {"weight": 0, "n": 12345678901234567890123},
            },
            {"role": "system", "content": "Now in French."},
            {"role": "user", "content": "é\u2028\u0085\x00\r\n\t\\\"'</script>😀"},
            {"role": "assistant", "content": "  \u00e9 or e\u0301  "},
            system="x",
            metadata='{"id": 7, "score": null, "tags": ["a", null]}',
        ),
    ]


def messages_of(turns: list[list[Any]]) -> list[Row]:
    return [dict(zip(("role", "content", "extra"), turn, strict=False)) for turn in turns]


@pytest.fixture
def mixed() -> dict[str, Row]:
    """Instructions of every shape, by name."""
    shapes = json.loads((Path(__file__).parent / "mixed.json").read_text(encoding="utf-8"))
    return {
        name: row(
            *messages_of(shape.pop("messages")),
            metadata=json.dumps(meta) if (meta := shape.pop("metadata", None)) else None,
            **shape,
        )
        for name, shape in shapes.items()
    }
