"""The catalog on real data: known answers."""

import gzip
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.errors import SourceError

REVISIONS = (
    "rev0000_2022-12-14_def06dca",
    "rev2005_2025-12-17_73ba3d99",
    "rev1337_2025-12-22_3fe95e70",
    "rev2674_2026-01-06_2521203f",
)


def test_alpaca_registers_with_its_known_counts(catalog: Catalog, data: Path) -> None:
    answer = catalog.register(data / "alpaca52k" / "alpaca_data.json", pool="alpaca")
    assert (answer.n_rows, answer.n_members, answer.n_folded) == (52_002, 51_974, 0)
    assert answer.reasons == {"empty_response": 28}
    assert catalog.sql("SELECT count(DISTINCT fingerprint) FROM pool('alpaca')").item() == 51_974
    assert catalog.doctor() == []


def test_gsm8k_registers_with_its_known_count(catalog: Catalog, data: Path) -> None:
    assert catalog.register(data / "gsm8k" / "train.jsonl", pool="gsm8k").n_members == 7_473


def test_a_git_lfs_pointer_is_refused_as_such(catalog: Catalog, data: Path) -> None:
    with pytest.raises(SourceError, match="LFS") as refusal:
        catalog.register(data / "open_instruct_samples" / "LFS_POINTER_sft_sample.jsonl", pool="p")
    assert refusal.value.reason == "lfs_pointer"


@pytest.mark.slow
def test_four_revisions_make_four_versions_whose_diffs_add_up(catalog: Catalog, data: Path) -> None:
    for revision in REVISIONS:
        catalog.register(
            data / "awesome_prompts" / f"{revision}.csv",
            pool="prompts",
            fields={"prompt": "act", "response": "prompt"},
        )
    history = catalog.history("prompts").to_dicts()
    assert [row["version"] for row in history] == [1, 2, 3, 4]
    for before, after in itertools.pairwise(history):
        diff = catalog.diff(f"prompts@{before['version']}", f"prompts@{after['version']}")
        assert (diff.n_added, diff.n_removed, diff.n_kept) == (
            after["n_added"],
            after["n_removed"],
            after["n_kept"],
        )
        assert before["n_members"] + diff.n_added - diff.n_removed == after["n_members"]
    assert catalog.sql("SELECT count(*) FROM pool('prompts@2')").item() == history[1]["n_members"]


def test_standard_input_registers_what_a_pipe_brings(catalog: Catalog, data: Path) -> None:
    with gzip.open(data / "humaneval" / "HumanEval.jsonl.gz") as file:
        text = file.read()
    command = [
        sys.executable,
        "-m",
        "catalog",
        "--home",
        str(catalog.store.path),
        "register",
        "-",
        "--pool",
        "h",
        "--field",
        "response=canonical_solution",
    ]
    answer = subprocess.run(
        [*command, "--field", "prompt=prompt"], input=text, capture_output=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert catalog.pools()["n_members"].to_list() == [164]
