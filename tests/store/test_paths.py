"""No command writes a user's file into a catalog's folder, nor over its database."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import OptionError
from catalog.store.paths import refuse_catalog
from tests.copies import made_once

Write = Callable[..., Path]
RECORDS = [{"instruction": f"q{i}", "output": f"a{i}"} for i in range(4)]


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Write) -> Catalog:
    catalog.register(jsonl(RECORDS), pool="p")
    return catalog


def ways(catalog: Catalog, folder: Path) -> dict[str, Path]:
    """Paths that end in the catalog's folder, or at its database."""
    home, database = catalog.store.path, catalog.store.database
    (folder / "link").symlink_to(home)
    (folder / "link.duckdb").symlink_to(database)
    os.link(database, folder / "hard.jsonl")
    (folder / "loop").symlink_to(folder / "loop")
    return {
        "database": database,
        "new file": home / "new.jsonl",
        "home": home,
        "vectors": home / "vectors" / "new.jsonl",
        "dots": folder / "nothing" / ".." / home.name / "catalog.duckdb",
        "link to the folder": folder / "link" / "new.jsonl",
        "link to the database": folder / "link.duckdb",
        "hard link": folder / "hard.jsonl",
        "loop": folder / "loop",
    }


def test_every_way_into_a_catalog_is_refused(filled: Catalog, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    for path in ways(filled, tmp_path).values():
        with pytest.raises(OptionError):
            refuse_catalog(path)


def test_paths_beside_a_catalog_are_not_refused(filled: Catalog, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("12345678DUC", encoding="utf-8")
    for path in (
        tmp_path,
        tmp_path / "notes.txt",
        tmp_path / "new" / "file.jsonl",
        filled.store.path.with_name("home2"),
    ):
        refuse_catalog(path)


@pytest.mark.parametrize(
    "at", ["catalog.duckdb", "new", "link/catalog.duckdb", "../home/catalog.duckdb"]
)
def test_no_command_writes_into_the_catalogs_folder(
    filled: Catalog, tmp_path: Path, at: str
) -> None:
    home = filled.store.path
    (home / "link").symlink_to(home)
    path = str(home / at)
    picture = f"{path}.png"
    Path(picture).symlink_to(filled.store.database)
    before = filled.store.database.read_bytes()
    commands = [
        ["export", "p", "--overwrite", "-o", path],
        ["export", "p", "--overwrite", "--format", "llamafactory", "-o", path],
        ["export", "p", "--overwrite", "--format", "axolotl", "-o", path],
        ["sql", "SELECT 1 AS one", "--overwrite", "--format", "csv", "-o", path],
        ["compare", "p", "-o", picture],
        ["demo", "--write", path],
    ]
    for command in commands:
        answer = CliRunner().invoke(main, ["--home", str(home), *command])
        assert answer.exit_code == 2, (command, answer.output)
    assert filled.store.database.read_bytes() == before
    assert sorted(one.name for one in home.iterdir() if not one.is_symlink()) == [
        "catalog.duckdb",
        "catalog.intent",
        "catalog.lock",
        "tmp",
    ]


def test_a_link_in_a_trainers_folder_does_not_reach_the_database(
    filled: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "p.jsonl").symlink_to(filled.store.database)
    before = filled.store.database.read_bytes()
    for kind in ("llamafactory", "axolotl"):
        with pytest.raises(OptionError):
            filled.export("p", tmp_path / "out", format=kind, overwrite=True)
    assert filled.store.database.read_bytes() == before


def test_another_catalogs_folder_is_refused_as_well(
    filled: Catalog, tmp_path: Path, jsonl: Write
) -> None:
    other = Catalog.open(tmp_path / "other")
    other.register(jsonl(RECORDS), pool="p")
    with pytest.raises(OptionError):
        filled.export("p", other.store.path / "new.jsonl")
