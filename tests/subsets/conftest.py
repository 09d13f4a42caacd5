"""A pool with losses and a score, for selections."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catalog import Catalog
from tests.copies import made_once

Write = Callable[..., Path]
N = 40
"""Members of the pool `p`."""


def pairs(n: int, *, first: int = 0) -> list[dict[str, str]]:
    """Return records in three sources, with responses of seven lengths."""
    return [
        {"instruction": f"question {i}", "output": "word " * (i % 7 + 1), "from": f"s{i % 3}"}
        for i in range(first, first + n)
    ]


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Write, tmp_path: Path) -> Catalog:
    catalog.register(jsonl(pairs(N)), pool="p", source_column="from")
    np.save(tmp_path / "losses.npy", np.random.default_rng(0).random((N, 4), dtype=np.float32))
    catalog.import_losses("p", tmp_path / "losses.npy", proxy="mine")
    np.save(tmp_path / "score.npy", np.arange(N, dtype=np.float64))
    catalog.import_scores("p", tmp_path / "score.npy", name="depth")
    return catalog
