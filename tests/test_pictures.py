"""The script of the documentation's pictures, run whole on the demo's catalog."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import DOCS


@pytest.mark.slow
def test_every_picture_of_the_docs_can_be_made_again(tmp_path: Path) -> None:
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("no Chromium is at hand: apt-get install chromium")
    command = [sys.executable, str(DOCS / "generate" / "pictures.py")]
    command += ["--home", str(tmp_path / "home"), "--pictures", str(tmp_path / "pictures")]
    subprocess.run(command, cwd=tmp_path, check=True)
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == sorted(path.name for path in (DOCS / "pictures").iterdir())
    assert len(names) == 20
