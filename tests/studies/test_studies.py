import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STUDIES = Path(__file__).parent
ROOT = STUDIES.parent.parent
NAMES = [
    "fisher_synthetic",
    "fisher_text",
    "s2l_theorem",
    "s2l_efficiency",
    "ila_scaling",
    "ila_regression",
    "agreement",
    "contamination",
    "scale",
]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all, since some share a catalog."""
    return tmp_path_factory.mktemp("work")


@pytest.mark.parametrize("name", NAMES)
def test_a_study_finds_something_at_its_smallest_size(name: str, work: Path, tmp_path: Path) -> None:
    folders = ["--work", str(work), "--results", str(tmp_path / "results"), "--data", str(tmp_path / "no data")]
    answer = subprocess.run(
        [sys.executable, "-W", "error", str(STUDIES / f"{name}.py"), "--smoke", *folders],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads((tmp_path / "results" / f"{name}.json").read_text(encoding="utf-8"))
    assert found["claims"]
    assert all(claim["verdict"] in ("holds", "holds in part", "does not hold") for claim in found["claims"])
    assert found["tables"]
    assert all(table["rows"] and len({tuple(row) for row in table["rows"]}) == 1 for table in found["tables"])
    assert found["figures"]
    assert all((tmp_path / "results" / figure["file"]).stat().st_size and figure["caption"] for figure in found["figures"])
