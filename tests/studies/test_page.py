import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "docs" / "results"


@pytest.fixture(scope="module")
def page() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("results_page", ROOT / "studies" / "page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "studies")
        spec.loader.exec_module(module)
        yield module


def test_the_page_is_made_of_the_results_beside_it(page: ModuleType) -> None:
    assert (RESULTS / "README.md").read_text(encoding="utf-8") == page.page(RESULTS)


def test_the_readme_shows_the_ratios_that_were_measured(page: ModuleType) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert page.with_ratios(readme, RESULTS) == readme


def test_one_billion_costs_what_the_rates_that_were_measured_say(page: ModuleType) -> None:
    text = (ROOT / "docs" / "architecture" / "one-billion.md").read_text(encoding="utf-8")
    assert page.with_hours(text, RESULTS) == text
    gpu = (ROOT / "docs" / "how-to" / "gpu.md").read_text(encoding="utf-8")
    rates = re.findall(r"\| ([\d,]+)[^|]*\(\[GPU\]", text)
    assert len(rates) == 3
    assert [rate for rate in rates if f"| {rate} instructions/s" not in gpu] == []


def test_every_benchmark_and_study_has_a_script_and_a_place_on_the_page(page: ModuleType) -> None:
    scripts = [Path("benchmarks", f"{name}.py") for name in page.BENCHMARKS]
    scripts += [Path("studies", f"{name}.py") for name in page.STUDIES]
    assert [script for script in scripts if not (ROOT / script).exists()] == []
    results = {path.stem for path in (RESULTS / "benchmarks").glob("*.json")}
    assert {"register", "log_det_large"} <= results <= set(page.with_sizes())


def test_what_missed_its_bar_and_what_did_not_hold_stay_on_the_page(
    page: ModuleType, tmp_path: Path
) -> None:
    machine = {"processor": "p", "n_cpus": 2, "python": "3.11", "packages": {}}
    ratio = {"ratio": 0.5, "ratio_least": 0.4, "ratio_greatest": 0.6, "bar": 3.0}
    seconds = {"ours_seconds": 2.0, "theirs_seconds": 1.0}
    row = {"what": "w", "peer": "q", **seconds, **ratio, "is_met": False}
    benchmark = {"name": "kmeans", "title": "t", "command": "c", "machine": machine, "rows": [row]}
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "kmeans.json").write_text(json.dumps(benchmark), encoding="utf-8")
    claim = {"claim": "A is below B", "verdict": "does not hold"}
    claim |= {"paper": "p", "measured": "m", "why": "y"}
    study = {"name": "scale", "title": "t", "question": "q", "needs": "n", "command": "c"}
    study |= {"protocol": [], "claims": [claim], "tables": [], "figures": []}
    study |= {"seeds": 1, "seconds": 60, "machine": machine}
    (tmp_path / "scale.json").write_text(json.dumps(study), encoding="utf-8")
    written = page.page(tmp_path)
    assert "| 0.5 (0.4 to 0.6) | 3 |  | **no** |" in written
    assert "| A is below B | **does not hold** |" in written
    assert "Not run yet" in written


def write_result(
    results: Path, *, place: str, processor: str, ratio: float, what: str = "rows, float32"
) -> None:
    """Write a benchmark's result with one row of figures."""
    row = {"what": what, "peer": "a loop", "ratio": ratio}
    row |= {"ratio_least": 1.0, "ratio_greatest": 4.0}
    (results / "benchmarks" / place).mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": {"processor": processor}, "rows": [row]})
    (results / "benchmarks" / place / "kmeans.json").write_text(text, encoding="utf-8")


def test_what_was_measured_on_another_processor_stands_beside_the_last_run(
    page: ModuleType, tmp_path: Path
) -> None:
    write_result(tmp_path, place="", processor="New", ratio=2.0)
    write_result(tmp_path, place="elsewhere", processor="Old", ratio=3.0, what="rows, bfloat16")
    head, _, line = page.ratios(tmp_path).splitlines()
    assert head == "| what | against | times as fast on New | times as fast on Old |"
    assert line.endswith("| a loop | 2.0 (1.0 to 4.0) | 3.0 (1.0 to 4.0), bfloat16 |")


def test_what_was_measured_on_the_same_processor_before_is_not_shown(
    page: ModuleType, tmp_path: Path
) -> None:
    write_result(tmp_path, place="", processor="One", ratio=2.0)
    write_result(tmp_path, place="elsewhere", processor="One", ratio=3.0)
    assert page.ratios(tmp_path).splitlines()[-1].endswith("| a loop | 2.0 (1.0 to 4.0) |")
