"""Reading entries of a description of datasets for tests."""

from pathlib import Path
from typing import Any

import pytest

from catalog.errors import SourceError
from catalog.pools.entries import with_entry
from catalog.pools.options import ReadOptions
from catalog.pools.read_batches import read_batches


def read(description: Path, entry: str) -> list[dict[str, Any]]:
    sources, options = with_entry([str(description)], ReadOptions(), entry=entry)
    return [
        row for batch in read_batches(sources, options) for row in batch.instructions.to_pylist()
    ]


def refusal(description: Path, entry: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(description, entry)
    assert str(description) in str(caught.value)
    return caught.value


def texts(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in row["messages"]]
