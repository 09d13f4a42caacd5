"""The second tutorial, on real data: it builds, does nothing the second time, and is the same."""

import time
from pathlib import Path

import pytest

from catalog import Catalog
from tests.pages import DOCS, run_page
from tests.project.test_build import hashes
from tests.test_determinism import threads


@pytest.mark.slow
def test_the_tutorial_of_projects_builds_the_same_members_anywhere(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(data)
    with threads(2):
        assert run_page(DOCS / "project.md", tmp_path) == 15
    catalog = Catalog.open(tmp_path / ".catalog", isolated=False)
    found = hashes(catalog)
    assert len(found) == 24
    assert hashes(Catalog.open(tmp_path / "elsewhere" / ".catalog", isolated=False)) == found
    compared = catalog.project.build("catalog.yaml")  # `catalog test` wrote into the catalog
    started = time.process_time()
    again = catalog.project.build("catalog.yaml")
    assert time.process_time() - started < 2
    assert (compared.made, again.made, again.n_kept) == ((), (), 32)
    (tmp_path / "once").mkdir()
    for name in ("catalog.yaml", "best.sql", "data"):
        (tmp_path / "once" / name).symlink_to(tmp_path / name)
    with threads(1):
        once = Catalog.open(tmp_path / "once" / ".catalog", isolated=False)
        once.project.build(tmp_path / "once" / "catalog.yaml", names=["best", "gsm8k", "blend"])
    assert hashes(once).items() < found.items()
