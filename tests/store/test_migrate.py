"""Migrations."""

from pathlib import Path

import duckdb
import pytest

from catalog.errors import MigrationError
from catalog.store.migrate import Migration, applied, known_migrations, migrate, pending
from catalog.store.store import Store

ONE = Migration(1, "one", "CREATE TABLE one (a INTEGER)")
TWO = Migration(2, "two", "CREATE TABLE two (a INTEGER)")


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def test_pending_migrations_are_applied_once_and_in_order(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    assert migrate(connection, (ONE,)) == [ONE]
    assert migrate(connection, (ONE, TWO)) == [TWO]
    assert migrate(connection, (ONE, TWO)) == []
    assert applied(connection) == [(1, "one", ONE.sha256), (2, "two", TWO.sha256)]


def test_a_migration_that_fails_leaves_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    broken = Migration(2, "broken", "CREATE TABLE two (a INTEGER); SELECT * FROM nowhere")
    with pytest.raises(duckdb.CatalogException):
        migrate(connection, (ONE, broken))
    assert [number for number, _, _ in applied(connection)] == [1]
    assert not connection.sql("SELECT 1 FROM duckdb_tables() WHERE table_name = 'two'").fetchall()


def test_a_file_that_changed_after_it_was_applied_is_refused(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    migrate(connection, (ONE,))
    with pytest.raises(MigrationError, match=r"0001_one\.sql has changed"):
        pending(connection, (Migration(1, "one", "CREATE TABLE other (a INTEGER)"),))


def test_a_catalog_newer_than_the_code_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    migrate(connection, (ONE, TWO))
    with pytest.raises(MigrationError, match="upgrade the package"):
        pending(connection, (ONE,))


def test_a_gap_between_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("SELECT 1")
    (tmp_path / "0003_three.sql").write_text("SELECT 1")
    with pytest.raises(MigrationError, match="migration 0002 is missing"):
        known_migrations(tmp_path)


def test_a_gap_in_the_record_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    migrate(connection, (ONE, TWO))
    connection.execute("DELETE FROM migrations WHERE number = 1")
    with pytest.raises(MigrationError, match="0001 was never applied here"):
        pending(connection, (ONE, TWO))


def test_a_catalog_behind_the_code_names_the_command(store: Store) -> None:
    with store.writing():
        pass
    with duckdb.connect(str(store.database)) as connection:
        connection.execute("DELETE FROM migrations WHERE number > 1")
    with pytest.raises(MigrationError, match="run `catalog migrate`"), store.reading():
        pass


def test_listing_what_is_pending_writes_nothing(store: Store) -> None:
    assert store.upgrade(is_dry_run=True) == [migration.path for migration in known_migrations()]
    assert store.upgrade() == [migration.path for migration in known_migrations()]
    assert store.upgrade() == []


WRITTEN = (
    "1bdc24356c1c570d",  # 0001_pools.sql
    "402f8df0b8f76e3e",  # 0002_signals.sql
    "a6cfcbfae8980454",  # 0003_subsets.sql
    "909336d2df0b331c",  # 0004_records.sql
    "7c7037630554a761",  # 0005_loads.sql
    "cc27bd7de6b480de",  # 0006_selections.sql
    "71dff3130903f6c7",  # 0007_damage.sql
    "79dfde4fb304deb5",  # 0008_kernel_versions.sql
    "027797f49d2cd8c8",  # 0009_fields.sql
    "ef5977edf3e71003",  # 0010_scores.sql
    "f1044bb35466dac3",  # 0011_macro_names.sql
    "1dc0666729a6a165",  # 0012_purposes.sql
    "ef66dedca485257e",  # 0013_score_calls.sql
)
"""Beginnings of the hashes of the migrations that catalogs have applied."""


def test_a_migration_that_was_written_never_changes() -> None:
    """A catalog refuses to open if the file of an applied migration changes, comments included."""
    hashes = [migration.sha256[:16] for migration in known_migrations()]
    assert tuple(hashes[: len(WRITTEN)]) == WRITTEN
