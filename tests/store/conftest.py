"""A catalog's folder, empty."""

from pathlib import Path

import pytest

from catalog.store.paths import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")
