"""The README: its commands run, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.pages import ROOT, run_page

README = ROOT / "README.md"


def test_every_command_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_page(README, tmp_path, n_records=70) > 10


@pytest.mark.slow
def test_the_readme_runs_on_the_whole_demo_pool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(README, tmp_path)


def test_every_link_of_the_readme_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)", README.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert len(local) > 10
    assert [link for link in local if not (ROOT / link).exists()] == []
