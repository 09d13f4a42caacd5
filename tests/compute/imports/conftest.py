"""A small pool for imports."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog
from tests.copies import made_once

Write = Callable[..., Path]


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    """Five records: the second has no response, and the fourth repeats the first."""
    made = [
        {"instruction": f"question {i}", "input": "", "output": f"answer {i}", "code": f"k{i}"}
        for i in range(5)
    ]
    made[1]["output"] = ""
    made[3] = made[0]
    catalog.register(jsonl(made), pool="p")
    return catalog
