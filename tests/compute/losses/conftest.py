"""A pool of six records, and losses of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from tests.compute.losses.import_files import T
from tests.copies import made_once

Write = Callable[..., Path]


@pytest.fixture
def numbers() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).gamma(2.0, size=(6, T)).astype(np.float32)


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    catalog.register(
        jsonl(
            [
                {"instruction": f"question {i}", "output": f"answer {i}", "id": f"id-{i}"}
                for i in range(6)
            ]
        ),
        pool="p",
    )
    return catalog
