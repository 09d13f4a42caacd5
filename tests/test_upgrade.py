"""A catalog of an earlier version opens and migrates with everything in it."""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog

FIXTURES = Path(__file__).with_name("fixtures")
EXPECTED: dict[str, Any] = json.loads((FIXTURES / "catalog-0.1.json").read_text(encoding="utf-8"))
SIGNALS = """
SELECT
    signals.kind,
    signals.name,
    signals.identity_sha256,
    coalesce(sum(shards.n_instructions), 0)::BIGINT AS n_instructions,
    coalesce(sum(shards.n_missing), 0)::BIGINT AS n_missing
FROM signals
LEFT JOIN shards USING (signal_id)
GROUP BY signals.signal_id, signals.kind, signals.name, signals.identity_sha256
ORDER BY signals.signal_id
"""
SUBSETS = (
    "SELECT name, version, selector, n_members, definition_sha256, members_sha256 FROM subsets"
)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Migrate the catalog that 0.1 made."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(FIXTURES / "catalog-0.1.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    catalog = Catalog.open(folder / "catalog-0.1")
    assert catalog.migrate()[0].startswith("0004")
    return catalog


def test_an_old_catalog_keeps_every_version_of_every_pool(old: Catalog) -> None:
    for reference, expected in EXPECTED["pools"].items():
        query = f"SELECT fingerprint FROM pool('{reference}') ORDER BY row_number"
        members = "\n".join(old.sql(query)["fingerprint"])
        assert hashlib.sha256(members.encode()).hexdigest() == expected["sha256"], reference


def test_an_old_catalog_keeps_its_quarantine_and_tags(old: Catalog) -> None:
    rows = old.sql("SELECT count(*) AS n FROM quarantine")
    counts = [pool["n_quarantined_of_the_load"] for pool in EXPECTED["pools"].values()]
    assert rows["n"].to_list() == [sum(counts)]
    assert (
        old.sql("SELECT name, tag, version FROM tags ORDER BY ALL").to_dicts() == EXPECTED["tags"]
    )


def test_an_old_catalog_keeps_every_signal_and_its_values(old: Catalog) -> None:
    assert old.sql(SIGNALS).to_dicts() == EXPECTED["signals"]
    for table, value, digits in (("scores", "value", 6), ("losses", "loss", 4)):
        totals = old.sql(
            f"SELECT signals.name, count({value})::BIGINT AS n, "
            f"round(sum({value}::DOUBLE), {digits}) AS total "
            f"FROM {table} JOIN signals USING (signal_id) GROUP BY ALL ORDER BY ALL"
        )
        assert totals.to_dicts() == EXPECTED[table]


def test_an_old_catalog_keeps_every_subset_and_its_members(old: Catalog) -> None:
    subsets = {f"{row['name']}@{row['version']}": row for row in old.sql(SUBSETS).to_dicts()}
    assert subsets.keys() == EXPECTED["subsets"].keys()
    for reference, expected in EXPECTED["subsets"].items():
        assert {key: subsets[reference][key] for key in expected} == expected
        query = f"SELECT fingerprint FROM subset('{reference}') ORDER BY rank"
        members = "".join(f"{name}\n" for name in old.sql(query)["fingerprint"])
        assert hashlib.sha256(members.encode()).hexdigest() == expected["members_sha256"]


def test_an_old_catalog_keeps_the_selectors_that_users_added(old: Catalog) -> None:
    assert old.sql("SELECT name, text FROM selectors").to_dicts() == EXPECTED["selectors"]


@pytest.mark.slow
def test_every_subset_of_an_old_catalog_verifies_or_says_that_0_1_made_it(old: Catalog) -> None:
    verifications = [old.verify(reference) for reference in EXPECTED["subsets"]]
    unexplained = [
        verification
        for verification in verifications
        if not verification.is_same and "made by 0.1" not in " ".join(verification.causes)
    ]
    assert unexplained == []
    assert sum(verification.is_same for verification in verifications) > len(verifications) // 2
