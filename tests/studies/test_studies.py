"""Every study runs at its smallest size, one after another in one process, so that the imports are paid for once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
STUDIES = ROOT / "studies"
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

# A study that fails says so, and the others run.
RUN = """
import runpy, sys, traceback
folder, options, names = sys.argv[1], sys.argv[2:5], sys.argv[5:]
sys.path.insert(0, folder)
for name in names:
    sys.argv = [f"{folder}/{name}.py", "--smoke", *(f"--{option}" for option in options)]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as stopped:
        if stopped.code:
            print(f"{name}: exit {stopped.code}", file=sys.stderr)
    except Exception:
        print(f"{name}:", traceback.format_exc(), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all of them left; the runs share one folder, since some share a catalog."""
    folder = tmp_path_factory.mktemp("studies")
    options = [
        f"work={folder / 'work'}",
        f"results={folder / 'results'}",
        f"data={folder / 'no data'}",
    ]
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, str(STUDIES), *options, *NAMES],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    (folder / "said").write_text(answer.stderr, encoding="utf-8")
    return folder / "results"


@pytest.mark.parametrize("name", NAMES)
def test_a_study_finds_something_at_its_smallest_size(name: str, results: Path) -> None:
    path = results / f"{name}.json"
    assert path.exists(), (results.parent / "said").read_text(encoding="utf-8")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["claims"]
    assert all(
        claim["verdict"] in ("holds", "holds in part", "does not hold") for claim in found["claims"]
    )
    assert found["tables"]
    assert all(
        table["rows"] and len({tuple(row) for row in table["rows"]}) == 1
        for table in found["tables"]
    )
    assert found["figures"]
    assert all(
        (results / figure["file"]).stat().st_size and figure["caption"]
        for figure in found["figures"]
    )
