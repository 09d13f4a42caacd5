"""What tests of every layer share."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A catalog in an empty folder."""
    return Catalog.open(tmp_path / "home", wait=10)


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Writes records as JSON Lines and names the file."""

    def write(records: Sequence[Any], name: str = "pool.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def data() -> Path:
    """Real instruction data, where it is at hand."""
    folder = Path(os.environ.get("CATALOG_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real data is not at hand: set CATALOG_TEST_DATA to its folder")
    return folder


def pairs(n: int, *, first: int = 0) -> list[dict[str, str]]:
    """n single-turn records, numbered."""
    return [{"instruction": f"question {i}", "input": "", "output": f"answer {i}"} for i in range(first, first + n)]
