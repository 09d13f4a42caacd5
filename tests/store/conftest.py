"""A catalog's folder, empty."""

from pathlib import Path

import pytest

from catalog.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")
