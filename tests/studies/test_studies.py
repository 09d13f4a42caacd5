"""Every study runs at its smallest size; the slow ones share a process and its imports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
STUDIES = ROOT / "studies"
QUICK = ("contamination",)
SLOW = (
    "fisher_synthetic",
    "fisher_text",
    "s2l_theorem",
    "s2l_efficiency",
    "ila_scaling",
    "ila_regression",
    "agreement",
    "scale",
)

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


def run(names: tuple[str, ...], folder: Path) -> Path:
    """Run studies one after another in one folder; some share a catalog. Return the results."""
    options = [
        f"work={folder / 'work'}",
        f"results={folder / 'results'}",
        f"data={folder / 'none'}",
    ]
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, str(STUDIES), *options, *names],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    (folder / "stderr").write_text(answer.stderr, encoding="utf-8")
    return folder / "results"


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(QUICK, tmp_path_factory.mktemp("quick"))


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(SLOW, tmp_path_factory.mktemp("slow"))


def check(name: str, results: Path) -> None:
    path = results / f"{name}.json"
    assert path.exists(), (results.parent / "stderr").read_text(encoding="utf-8")
    found = json.loads(path.read_text(encoding="utf-8"))
    verdicts = {claim["verdict"] for claim in found["claims"]}
    assert verdicts <= {"holds", "holds in part", "does not hold"}
    assert verdicts
    assert found["tables"]
    for table in found["tables"]:
        assert table["rows"]
        assert len({tuple(row) for row in table["rows"]}) == 1
    assert found["figures"]
    for figure in found["figures"]:
        assert (results / figure["file"]).stat().st_size
        assert figure["caption"]


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_study_finds_something_at_its_smallest_size(name: str, quick: Path) -> None:
    check(name, quick)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_a_longer_study_finds_something_at_its_smallest_size(name: str, slow: Path) -> None:
    check(name, slow)


def test_every_study_is_run_by_one_of_these() -> None:
    scripts = {path.stem for path in STUDIES.glob("*.py") if "def main" in path.read_text()}
    assert scripts - {"page", "scale_step"} == {*QUICK, *SLOW}
