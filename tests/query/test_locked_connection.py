"""Locked connections that serve one session after the other."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from catalog import Catalog
from catalog.query.locked_connection import Access, LockedConnection, give_back, take


@pytest.fixture
def access(catalog: Catalog) -> Access:
    paths = catalog.store.absolute()
    return Access(paths.database, paths.scratch, "100MB", "1GB")


@pytest.fixture
def used(access: Access) -> LockedConnection:
    """One that was given back after it had read the database."""
    connection = take(access)
    connection.attach()
    connection.connection.register("mine", pa.table({"a": [1]}))
    give_back(connection)
    return connection


def test_a_connection_comes_back_without_what_was_registered(
    access: Access, used: LockedConnection
) -> None:
    again = take(access)
    assert again is used
    with pytest.raises(duckdb.CatalogException):
        again.connection.sql("FROM pools")
    again.attach()
    assert again.connection.sql("FROM pools").fetchall() == []
    with pytest.raises(duckdb.CatalogException):
        again.connection.sql("FROM mine")
    again.close()


def test_nobody_else_gets_it(access: Access, used: LockedConnection) -> None:
    other = take(Access(access.database, access.scratch, None, access.spill))
    assert other is not used
    other.close()


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH '{other}' AS other",
        "FROM read_text('{text}')",
        "COPY (SELECT 1) TO '{text}'",
        "SET allowed_paths = ['{text}']",
        "SET enable_external_access = true",
        "CREATE TABLE pools_too AS FROM pools",
        "DELETE FROM pools",
    ],
)
def test_it_stays_locked_when_it_is_used_again(
    access: Access, used: LockedConnection, tmp_path: Path, statement: str
) -> None:
    text, other = tmp_path / "text.txt", tmp_path / "other.duckdb"
    text.write_text("secret")
    assert take(access) is used
    used.attach()
    with pytest.raises(duckdb.Error):
        used.connection.execute(statement.format(text=text, other=other))
    assert text.read_text() == "secret"
    assert not other.exists()
    used.close()


@pytest.mark.slow
def test_one_that_spilled_is_closed_and_its_folder_removed(access: Access) -> None:
    connection = take(access)
    connection.attach()
    rows = "SELECT range AS a, hash(range) AS b FROM range(8_000_000) ORDER BY b"
    connection.connection.execute(f"SELECT count(*) FROM ({rows})").fetchall()
    assert connection.spill_folder.is_dir()
    give_back(connection)
    assert not connection.spill_folder.exists()
    again = take(access)
    assert again is not connection
    again.close()


@pytest.mark.parametrize("moment", ["before_truncate", "before_header", "after_free_list_write"])
def test_a_database_whose_last_writer_died_while_it_merged_its_log_is_read(
    catalog: Catalog, access: Access, moment: str
) -> None:
    with catalog.store.writing():
        pass  # makes the file
    with duckdb.connect(str(access.database)) as writer:
        writer.execute("CREATE TABLE mine AS FROM range(3)")
        writer.execute(f"SET debug_checkpoint_abort = '{moment}'")
        with pytest.raises(duckdb.FatalException):
            writer.execute("CHECKPOINT")
    connection = take(access)
    connection.attach()
    assert len(connection.connection.sql("FROM mine").fetchall()) == 3
    connection.close()
