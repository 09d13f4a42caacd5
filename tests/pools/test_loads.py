"""Loads that would surprise: refused, rehearsed, and described with all that make up a version."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog import Catalog
from catalog.errors import (
    MostlyRemovedError,
    MostlyUnreadableError,
    NotFoundError,
    ReferenceNotFoundError,
)
from tests.quick import one_in

Write = Callable[..., Path]
BROKEN = [{"instruction": "no answer"}]


def pairs(n: int, *, first: int = 0) -> list[dict[str, str]]:
    numbers = range(first, first + n)
    return [{"instruction": f"question {i}", "input": "", "output": f"answer {i}"} for i in numbers]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def prompts(catalog: Catalog, ref: str) -> list[str]:
    return catalog.sql(
        "SELECT prompt FROM pool($ref) ORDER BY row_number", parameters={"ref": ref}
    )["prompt"].to_list()


def test_a_load_that_removes_more_than_half_is_refused(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl(pairs(10)), pool="p")
    with pytest.raises(
        MostlyRemovedError, match=r'6 of the 10 members of p.*mode="append".*mode="replace"'
    ) as caught:
        catalog.register(jsonl(pairs(4)), pool="p")
    assert (caught.value.n_removed, caught.value.n_before) == (6, 10)
    assert catalog.pools()["version"].to_list() == [1]
    assert catalog.doctor() == []


def test_a_load_that_removes_half_or_less_replaces_as_ever(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl(pairs(10)), pool="p")
    answer = catalog.register(jsonl(pairs(5)), pool="p")
    assert (answer.mode, answer.n_removed, answer.version) == ("replace", 5, 2)


@pytest.mark.slow
def test_both_ways_out_of_the_refusal_work(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl(pairs(10)), pool="p")
    assert catalog.register(jsonl(pairs(2, first=20)), pool="p", mode="append").n_members == 12
    assert catalog.register(jsonl(pairs(2, first=20)), pool="p", mode="replace").n_members == 2


@pytest.mark.usefixtures("empty_folder")
def test_a_dry_run_of_a_first_load_makes_no_catalog(catalog: Catalog, jsonl: Write) -> None:
    answer = catalog.register(jsonl([*pairs(3), *pairs(1), *BROKEN]), pool="p", dry_run=True)
    assert (answer.is_dry_run, answer.is_new_version, answer.version) == (True, True, 1)
    assert (answer.n_added, answer.n_folded, answer.n_quarantined) == (3, 1, 1)
    assert not catalog.store.path.exists()


@pytest.mark.parametrize("mode", one_in(3, ["replace", "append", None]))
def test_a_dry_run_says_what_the_load_does_and_changes_no_byte(
    catalog: Catalog, jsonl: Write, mode: Any
) -> None:
    catalog.register(jsonl(pairs(6)), pool="p")
    before = snapshot(catalog.store.path)
    file = jsonl([*pairs(5, first=3), *BROKEN])
    dry = catalog.register(file, pool="p", mode=mode, dry_run=True)
    assert snapshot(catalog.store.path) == before
    wet = catalog.register(file, pool="p", mode=mode)
    counts = "version is_new_version mode n_rows n_members n_added n_removed n_kept n_updated "
    for key in (counts + "reasons").split():
        assert getattr(dry, key) == getattr(wet, key), key


def test_a_dry_run_of_another_pool_makes_no_pool(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl(pairs(3)), pool="p")
    assert catalog.register(jsonl(pairs(4)), pool="q", dry_run=True).n_added == 4
    assert catalog.pools()["name"].to_list() == ["p"]


def test_a_dry_run_refuses_what_the_load_refuses(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl(pairs(10)), pool="p")
    with pytest.raises(MostlyRemovedError):
        catalog.register(jsonl(pairs(1)), pool="p", dry_run=True)
    with pytest.raises(MostlyUnreadableError):
        catalog.register(jsonl([*pairs(1), *BROKEN, *BROKEN]), pool="p", dry_run=True)


@pytest.mark.slow
def test_a_dry_run_of_an_import_writes_no_signal(
    catalog: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    catalog.register(jsonl(pairs(3)), pool="p")
    scores, losses = tmp_path / "scores.csv", tmp_path / "losses.csv"
    scores.write_text("quality\n1\n2\n3\n", encoding="utf-8")
    losses.write_text("step_1,step_2\n3,2\n3,1\n2,1\n", encoding="utf-8")
    before = snapshot(catalog.store.path)
    dry = [
        catalog.import_scores("p", scores, name="quality", dry_run=True),
        catalog.import_losses("p", losses, proxy="run", dry_run=True),
    ]
    assert snapshot(catalog.store.path) == before
    assert [(one.is_new, one.is_dry_run, one.n_with_value, one.n_checkpoints) for one in dry] == [
        (True, True, 3, None),
        (True, True, 3, 2),
    ]
    catalog.import_scores("p", scores, name="quality")
    assert not catalog.import_scores("p", scores, name="quality", dry_run=True).is_new


def test_an_appended_version_is_described_with_all_of_its_loads(
    catalog: Catalog, jsonl: Write
) -> None:
    catalog.register(jsonl([*pairs(3), *BROKEN], name="a.jsonl"), pool="p")
    catalog.register(jsonl(pairs(2, first=5), name="b.jsonl"), pool="p", mode="append")
    assert [row["position"] for row in catalog.quarantine("p").to_dicts()] == ["line 4"]
    (row,) = catalog.pools().to_dicts()
    assert (row["n_rows"], row["n_members"], row["n_quarantined"], row["shapes"]) == (
        6,
        5,
        1,
        ["alpaca"],
    )
    shown = catalog.show("p")
    assert [Path(file["file"]).name for file in shown.version["files"]] == ["a.jsonl", "b.jsonl"]  # type: ignore[union-attr]
    assert (shown.version["n_rows"], shown.version["n_quarantined"], shown.version["loads"]) == (
        6,
        1,
        [1, 2],
    )  # type: ignore[union-attr]
    assert shown.quarantine["n_records"].to_list() == [1]  # type: ignore[union-attr]


def test_a_replaced_load_is_described_no_more(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl([*pairs(3), *BROKEN]), pool="p")
    catalog.register(jsonl(pairs(3, first=1)), pool="p")
    assert catalog.quarantine("p").is_empty()
    assert not catalog.quarantine("p@1").is_empty()
    assert catalog.pools()["n_quarantined"].to_list() == [0]


def test_an_older_version_is_made_the_newest(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(
        jsonl([*pairs(6), *BROKEN], name="a.jsonl"), pool="p", source_column="instruction"
    )
    catalog.register(jsonl(pairs(2, first=6), name="b.jsonl"), pool="p", mode="append")
    catalog.register(jsonl(pairs(3, first=1), name="c.jsonl"), pool="p", mode="replace")
    dry = catalog.restore("p@2", dry_run=True)
    assert catalog.pools()["version"].to_list() == [3]
    done = catalog.restore("p@2")
    assert (done.version, done.restored_from, done.is_new_version) == (4, 2, True)
    assert (done.n_members, done.n_added, done.n_removed, done.n_kept, done.n_updated) == (
        8,
        5,
        0,
        3,
        3,
    )
    assert [getattr(dry, key) for key in ("version", "n_added", "n_updated")] == [4, 5, 3]
    everything = "SELECT fingerprint, row_number, source, labels, metadata FROM pool($ref) "
    everything += "ORDER BY row_number"
    now, old = (catalog.sql(everything, parameters={"ref": ref}).to_dicts() for ref in ("p", "p@2"))
    assert now == old
    assert prompts(catalog, "p@3") == ["question 1", "question 2", "question 3"]
    assert catalog.doctor() == []


@pytest.mark.slow
def test_a_restored_version_is_described_with_the_loads_of_what_it_restores(
    catalog: Catalog, jsonl: Write
) -> None:
    catalog.register(jsonl([*pairs(4), *BROKEN], name="a.jsonl"), pool="p")
    catalog.register(jsonl(pairs(2, first=6), name="b.jsonl"), pool="p", mode="append")
    catalog.register(jsonl(pairs(3, first=1), name="c.jsonl"), pool="p", mode="replace")
    catalog.restore("p@2")
    catalog.register(jsonl([*pairs(1, first=9), *BROKEN], name="d.jsonl"), pool="p", mode="append")
    catalog.restore("p@4")
    catalog.restore("p@5")
    shown = catalog.show("p")
    assert shown.version["mode"] == "restore"  # type: ignore[union-attr]
    assert [Path(file["file"]).name for file in shown.version["files"]] == [
        "a.jsonl",
        "b.jsonl",
        "d.jsonl",
    ]  # type: ignore[union-attr]
    assert catalog.quarantine("p")["row_number"].to_list() == [4, 8]
    (row,) = catalog.pools().to_dicts()
    assert (row["n_rows"], row["n_members"], row["n_quarantined"]) == (9, 7, 2)
    history = catalog.history("p").to_dicts()
    assert [(one["mode"], one["restored_from"]) for one in history[3:]] == [
        ("restore", 2),
        ("append", None),
        ("restore", 4),
        ("restore", 5),
    ]
    assert catalog.doctor() == []


@pytest.mark.slow
def test_a_score_of_every_row_still_fits_a_restored_version(
    catalog: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    catalog.register(jsonl([*pairs(4), *BROKEN]), pool="p")
    catalog.register(jsonl(pairs(3, first=1)), pool="p")
    catalog.restore("p@1")
    (tmp_path / "scores.csv").write_text("quality\n1\n2\n3\n4\n5\n", encoding="utf-8")
    assert catalog.import_scores("p", tmp_path / "scores.csv", name="quality").n_with_value == 4


def test_restoring_what_is_there_does_nothing(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl(pairs(4)), pool="p")
    catalog.register(jsonl(pairs(4, first=1)), pool="p")
    catalog.tag("p@1", "paper")
    assert not catalog.restore("p@2").is_new_version
    assert catalog.restore("p@paper").version == 3
    assert not catalog.restore("p@1").is_new_version
    assert catalog.pools()["version"].to_list() == [3]


def test_only_a_pools_version_is_restored(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl(pairs(4)), pool="p")
    catalog.select("random", "p", budget=2, name="s")
    with pytest.raises(ReferenceNotFoundError):
        catalog.restore("s@1")
    with pytest.raises(ReferenceNotFoundError):
        catalog.restore("p@7")


@pytest.mark.slow
def test_a_row_in_quarantine_is_found_after_an_append_and_a_restoration(
    catalog: Catalog, jsonl: Write
) -> None:
    catalog.register(jsonl([*pairs(4), *BROKEN]), pool="p")
    catalog.register(jsonl(pairs(3, first=1)), pool="p")
    catalog.restore("p@1")
    catalog.select("random", "p", budget=2, name="s")
    with pytest.raises(NotFoundError, match="line 5"):
        catalog.why("s", 4)


@pytest.mark.slow
def test_the_options_of_a_restored_version_are_kept(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl(pairs(4)), pool="p", labels_column="input")
    catalog.register(jsonl(pairs(4, first=1)), pool="p")
    catalog.restore("p@1")
    assert catalog.show("p").version["options"]["labels_column"] == "input"  # type: ignore[union-attr]
    options = catalog.sql("SELECT options FROM pool_versions WHERE version = 3").item()
    assert json.loads(options)["labels_column"] == "input"


def test_a_restored_version_knows_the_media_that_it_had(
    catalog: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    file = jsonl([{**pairs(1)[0], "image": str(picture)}, *pairs(3, first=1)])
    for content in (b"first", b"second"):
        picture.write_bytes(content)
        catalog.register(file, pool="p")
    assert catalog.pools()["version"].to_list() == [2]
    done = catalog.restore("p@1")
    assert (done.version, done.n_updated) == (3, 1)
    hashes = catalog.sql("SELECT sha256 FROM media_files ORDER BY version")["sha256"].to_list()
    assert hashes[0] == hashes[2] != hashes[1]
    assert not catalog.restore("p@1").is_new_version


@pytest.mark.usefixtures("empty_folder")
def test_a_dry_run_keeps_no_bytes_of_media(catalog: Catalog, tmp_path: Path) -> None:
    table = pa.table(
        {"instruction": ["q"], "output": ["a"], "image": [{"bytes": b"\x89PNG", "path": "a.png"}]}
    )
    pq.write_table(table, tmp_path / "p.parquet")
    assert catalog.register(tmp_path / "p.parquet", pool="p", dry_run=True).n_added == 1
    assert not catalog.store.path.exists()


@pytest.mark.slow
def test_a_dry_run_counts_folded_records_as_the_load_does(catalog: Catalog, jsonl: Write) -> None:
    file = jsonl([{**one, "id": i} for i in range(2) for one in pairs(3)])
    dry = catalog.register(file, pool="p", dry_run=True)
    wet = catalog.register(file, pool="p")
    assert (
        (dry.n_folded, dry.n_folded_differing) == (wet.n_folded, wet.n_folded_differing) == (3, 3)
    )
