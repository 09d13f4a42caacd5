"""A kernel's version decides whether a subset is another one; its source does not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.query import kernels
from catalog.store.paths import PACKAGE, package_data_dir
from tests.conftest import pairs

SELECT = """
import json, sys
from catalog import Catalog
catalog = Catalog.open(sys.argv[1], isolated=False)
if not (catalog.store.database.exists()):
    catalog.register(sys.argv[2], pool="p")
    catalog.import_losses("p", sys.argv[3], proxy="mine", key="row")
selected = catalog.select("s2l", "p", budget=6, name="few", settings={"k": 3})
verified = catalog.verify("few")
content = selected.definition.content
print(json.dumps({
    "reference": selected.reference,
    "is_new": selected.is_new,
    "version": content["functions"]["kmeans"],
    "sha256": content["kernel_sha256"]["kmeans"],
    "is_same": verified.is_same,
    "causes": verified.causes,
}))
"""

LOSSES = "row,step_1,step_2\n" + "".join(f"{i},{i},{i % 3}\n" for i in range(20))


def test_another_version_of_a_kernel_is_another_definition_and_another_source_is_not(
    catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.register(jsonl(pairs(20)), pool="p")
    (tmp_path / "losses.csv").write_text(LOSSES)
    catalog.import_losses("p", tmp_path / "losses.csv", proxy="mine", key="row")

    def selected() -> tuple[str | None, bool]:
        few = catalog.select("s2l", "p", budget=6, name="few", settings={"k": 3})
        return few.reference, few.is_new

    assert selected() == ("few@1", True)
    with monkeypatch.context() as wrapped:
        wrapped.setattr("catalog.selection.definition.kernel_sha256", lambda _: "another text")
        assert selected() == ("few@1", False)
        assert catalog.verify("few").is_same
    kernel = kernels.kernel("kmeans")
    monkeypatch.setattr(kernels, "kernel", lambda _: replace(kernel, version=kernel.version + 1))
    assert selected() == ("few@2", True)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, to change."""
    folder = tmp_path / "site" / "catalog"
    shutil.copytree(PACKAGE, folder)
    for name in ("sql", "selectors", "migrations"):
        shutil.copytree(package_data_dir(name), folder / name, dirs_exist_ok=True)
    return folder


def run(package: Path, *arguments: Path) -> dict[str, Any]:
    environment = os.environ | {"PYTHONPATH": str(package.parent)}
    command = [sys.executable, "-P", "-c", SELECT, *map(str, arguments)]
    answer = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=package
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


@pytest.mark.slow
def test_a_kernel_s_version_makes_a_new_version_of_a_subset_and_its_wrapping_does_not(
    package: Path, jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    losses = tmp_path / "losses.csv"
    losses.write_text(LOSSES)
    arguments = (tmp_path / "home", jsonl(pairs(20)), losses)
    first = run(package, *arguments)
    assert (first["reference"], first["is_new"]) == ("few@1", True)

    file = package / "kernels" / "kmeans.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("\n\n\n", "\n\n\n# Wrapped anew.\n") + "\n")
    again = run(package, *arguments)
    assert (again["reference"], again["is_new"]) == ("few@1", False)
    assert again["sha256"] != first["sha256"]
    assert (again["is_same"], again["causes"]) == (True, [])

    version = first["version"]
    file.write_text(text.replace(f"@kernel(version={version},", f"@kernel(version={version + 1},"))
    other = run(package, *arguments)
    assert (other["reference"], other["is_new"], other["version"]) == (
        "few@2",
        True,
        version + 1,
    )
