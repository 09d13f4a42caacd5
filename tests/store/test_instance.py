"""One instance of DuckDB that serves a process, database after database."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from catalog.store.instance import Resources, attached, in_memory

MEMORY = "SELECT current_setting('memory_limit')"
SPILLING = (
    "SELECT count(*) FROM (SELECT range AS a, hash(range) AS b FROM range(4_000_000) ORDER BY b)"
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "it's.duckdb"
    with attached(path, is_read_only=False, resources=Resources()) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT 7 AS number")
    return path


def instance_of(connection: duckdb.DuckDBPyConnection) -> int:
    """Only connections of one instance have a name in common."""
    connection.execute("CREATE TABLE IF NOT EXISTS memory.main.visits (id INTEGER)")
    connection.execute("INSERT INTO memory.main.visits VALUES (1)")
    return int(connection.execute("SELECT count(*) FROM memory.main.visits").fetchall()[0][0])


def test_what_was_written_is_in_the_file_when_the_block_ends(database: Path) -> None:
    assert not database.with_name(f"{database.name}.wal").exists()
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute("FROM numbers").fetchall() == [(7,)]


def test_an_instance_serves_one_opening_after_the_other(database: Path) -> None:
    visits = []
    for _ in range(2):
        with attached(database, is_read_only=True, resources=Resources()) as connection:
            assert connection.execute("FROM numbers").fetchall() == [(7,)]
        with in_memory() as connection:
            visits.append(instance_of(connection))
            with pytest.raises(duckdb.CatalogException):
                connection.execute("FROM numbers")
    assert visits[1] == visits[0] + 1


def test_readers_of_one_file_share_it_and_a_writer_is_refused_meanwhile(database: Path) -> None:
    resources = Resources()
    with (
        attached(database, is_read_only=True, resources=resources) as first,
        attached(database, is_read_only=True, resources=resources) as second,
    ):
        assert first.execute("FROM numbers").fetchall() == second.execute("FROM numbers").fetchall()
        with (
            pytest.raises(duckdb.ResourceInUseException),
            attached(database, is_read_only=False, resources=resources),
        ):
            pass
    with attached(database, is_read_only=False, resources=resources) as connection:
        connection.execute("INSERT INTO numbers VALUES (8)")


def test_each_opening_has_its_own_memory_limit(database: Path) -> None:
    with attached(database, is_read_only=True, resources=Resources()) as connection:
        default = connection.execute(MEMORY).fetchall()
    with (
        attached(database, is_read_only=True, resources=Resources("100MB")) as small,
        attached(database, is_read_only=True, resources=Resources()) as large,
    ):
        assert small.execute(MEMORY).fetchall() == [("95.3 MiB",)]
        assert large.execute(MEMORY).fetchall() == default


def test_a_folder_that_was_spilled_into_goes_with_its_opening(
    database: Path, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        folder = tmp_path / name
        resources = Resources("60MB", str(folder))
        with attached(database, is_read_only=True, resources=resources) as connection:
            assert connection.execute(SPILLING).fetchall() == [(4_000_000,)]
            assert folder.is_dir()
        assert not folder.exists()


def test_a_damaged_file_harms_nobody_else(database: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.duckdb"
    content = bytearray(database.read_bytes())
    content[4096:] = bytes(255 - byte for byte in content[4096:])
    damaged.write_bytes(content)
    with (
        pytest.raises(duckdb.Error),
        attached(damaged, is_read_only=True, resources=Resources()) as connection,
    ):
        connection.execute("FROM numbers").fetchall()
    with attached(database, is_read_only=True, resources=Resources()) as connection:
        assert connection.execute("FROM numbers").fetchall() == [(7,)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_opens_an_instance_of_its_own(database: Path) -> None:
    script = f"""
import os
import subprocess
import sys
from pathlib import Path
from catalog.store.instance import Resources, attached

def numbers():
    path = Path({str(database)!r})
    with attached(path, is_read_only=True, resources=Resources()) as connection:
        return connection.execute("FROM numbers").fetchall()

assert numbers() == [(7,)]
child = os.fork()
if not child:
    os._exit(numbers() != [(7,)])
raise SystemExit(os.waitpid(child, 0)[1])
"""
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0


def test_an_instance_has_the_threads_of_this_process(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for n in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", n)
        with attached(database, is_read_only=False, resources=Resources()) as connection:
            found += connection.sql("SELECT current_setting('threads')").fetchall()
    assert found == [(1,), (3,)]


def test_of_idle_instances_the_one_that_served_last_is_kept(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in ("2", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", n)
        visits = []
        for _ in range(2):
            with attached(database, is_read_only=True, resources=Resources()) as connection:
                visits.append(instance_of(connection))
        assert visits[1] == visits[0] + 1
