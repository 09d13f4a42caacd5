"""Exports are recorded when their files are complete."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import LossyExportError, OptionError
from tests.conftest import pairs
from tests.copies import made_once


@pytest.fixture
@made_once
def exported(catalog: Catalog, tmp_path: Path, jsonl: Any) -> Catalog:
    """A pool of ten records, a subset of four, and one of the subset."""
    catalog.register(jsonl(pairs(10)), pool="p")
    catalog.select("random", "p", name="best", budget=4)
    catalog.select("random", "best", name="few", budget=2)
    return catalog


def recorded(catalog: Catalog) -> list[dict[str, Any]]:
    rows = catalog.sql("SELECT * EXCLUDE (id) FROM exports ORDER BY exported_at").to_dicts()
    return [row | {key: json.loads(row[key]) for key in ("options", "files")} for row in rows]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_export_is_recorded_with_the_hash_of_what_was_written(
    exported: Catalog, tmp_path: Path
) -> None:
    path = tmp_path / "é $x.jsonl.gz"
    answer = exported.export("best", path)
    assert answer.not_recorded is None
    assert answer.sha256 == (sha256(path),)
    (row,) = recorded(exported)
    assert (row["kind"], row["name"], row["version"]) == ("subset", "best", 1)
    assert (row["format"], row["path"], row["n_rows"]) == ("jsonl", str(path), 4)
    assert row["files"] == [{"path": str(path), "sha256": sha256(path)}]
    assert row["options"] == {"name": None, "allow_lossy": False}
    assert row["members_sha256"] == answer.members_sha256
    assert row["exported_at"] is not None


def test_every_file_of_a_trainers_folder_is_recorded(exported: Catalog, tmp_path: Path) -> None:
    answer = exported.export("p", tmp_path / "folder", format="llamafactory", name="mine")
    (row,) = recorded(exported)
    assert row["options"]["name"] == "mine"
    assert [file["path"] for file in row["files"]] == [str(file) for file in answer.files]
    assert [file["sha256"] for file in row["files"]] == [sha256(file) for file in answer.files]
    assert len(row["files"]) > 1


def test_standard_output_is_recorded_with_its_hash(exported: Catalog) -> None:
    words = ["--home", str(exported.store.path), "export", "best", "-o", "-"]
    answer = CliRunner().invoke(main, words)
    assert answer.exit_code == 0
    (row,) = recorded(exported)
    assert row["path"] == "-"
    assert row["files"] == [
        {"path": "-", "sha256": hashlib.sha256(answer.stdout_bytes).hexdigest()}
    ]


def test_an_export_that_fails_is_not_recorded(exported: Catalog, tmp_path: Path) -> None:
    with pytest.raises(OptionError):
        exported.export("best", tmp_path / "no such folder" / "a.jsonl")
    with pytest.raises(OptionError):
        exported.export("best", tmp_path / "a.jsonl", format="jsonl", name="mine")
    with pytest.raises((OptionError, LossyExportError)):
        exported.export("best", tmp_path / "a.jsonl", format="dpo")
    assert recorded(exported) == []


def test_a_catalog_that_cannot_be_written_exports_all_the_same(
    exported: Catalog, tmp_path: Path
) -> None:
    exported.store.lock.unlink(missing_ok=True)
    exported.store.lock.mkdir()  # the user of the tests may write everywhere
    path = tmp_path / "a.jsonl"
    answer = exported.export("best", path)
    assert answer.n_rows == 4
    assert answer.not_recorded
    words = ["--home", str(exported.store.path), "export", "best", "-o", str(path), "--overwrite"]
    said = CliRunner().invoke(main, words)
    assert said.exit_code == 0
    assert "not recorded" in said.stderr
    exported.store.lock.rmdir()
    assert recorded(exported) == []


def test_lineage_leads_forward_to_exports(exported: Catalog, tmp_path: Path) -> None:
    exported.export("p", tmp_path / "all.jsonl")
    exported.export("best", tmp_path / "best.parquet")
    exported.export("few", tmp_path / "few <1>.jsonl")
    found = exported.lineage("best")
    exports = {node.title: node for node in found.nodes if node.kind == "export"}
    assert set(exports) == {"best.parquet", "few <1>.jsonl"}
    assert (found.root.id, exports["best.parquet"].id) in found.edges
    assert exports["best.parquet"].details["files"][0]["sha256"] == sha256(
        tmp_path / "best.parquet"
    )
    assert {node.title for node in exported.lineage("p").nodes if node.kind == "export"} == {
        "all.jsonl",
        *exports,
    }
    for shape in ("text", "json", "mermaid", "svg"):
        words = ["--home", str(exported.store.path), "lineage", "best", "--format", shape]
        assert "best.parquet" in CliRunner().invoke(main, words).stdout


def test_what_was_exported_is_recorded_after_its_subset_is_dropped(
    exported: Catalog, tmp_path: Path
) -> None:
    exported.export("few", tmp_path / "few.jsonl")
    exported.export("best", tmp_path / "best.jsonl")
    for name in ("few", "best", "p"):
        exported.drop(name)
    assert exported.doctor() == []
    exported.gc()
    assert [row["name"] for row in recorded(exported)] == ["few", "best"]
    shutil.copy(tmp_path / "few.jsonl", tmp_path / "again.jsonl")
    exported.register(tmp_path / "again.jsonl", pool="best")  # another thing of that name
    assert [node.kind for node in exported.lineage("best").nodes] == ["file", "pool"]
