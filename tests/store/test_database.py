"""Opening the database."""

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from catalog.errors import HomeNotFoundError, LockedError
from catalog.store.store import Store
from tests.quick import few_of

HOLD = """
import sys, time
from pathlib import Path
from catalog.store.store import Store
with Store(Path(sys.argv[1])).{verb}() as connection:
    print("held", flush=True)
    time.sleep({seconds})
"""


@pytest.fixture
def made(store: Store, new_home: Path) -> Store:
    shutil.copytree(new_home, store.path)
    with store.writing() as connection:
        connection.execute("INSERT INTO tags VALUES ('a', 'kept', 1, now()::TIMESTAMP)")
    return store


def holder(store: Store, verb: str, seconds: float) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(verb=verb, seconds=seconds), str(store.path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_folder_without_a_catalog_is_named(store: Store) -> None:
    with pytest.raises(HomeNotFoundError, match="catalog register"), store.reading():
        pass


def test_a_transaction_that_raises_leaves_nothing(made: Store) -> None:
    with pytest.raises(duckdb.CatalogException), made.writing() as connection:
        connection.execute("DELETE FROM tags; SELECT * FROM nowhere")
    with made.reading() as connection:
        assert connection.sql("SELECT count(*) FROM tags").fetchall() == [(1,)]


@pytest.mark.parametrize("verb", few_of(["reading", "writing"], "reading"))
def test_a_writer_waits_and_at_last_names_who_holds_the_file(made: Store, verb: str) -> None:
    with holder(made, verb, 60) as process:
        with (
            pytest.raises(LockedError, match=f"held by process {process.pid} "),
            Store(made.path, wait=0.2).writing(),
        ):
            pass
        process.kill()


def test_a_reader_waits_for_a_writer_and_at_last_names_it(made: Store) -> None:
    with holder(made, "writing", 60) as process:
        with (
            pytest.raises(LockedError, match=f"held by process {process.pid} "),
            Store(made.path, wait=0.2).reading(),
        ):
            pass
        process.kill()


def test_a_writer_gets_through_when_the_other_process_is_done(made: Store) -> None:
    with holder(made, "writing", 0.3), made.writing() as connection:
        assert connection.sql("SELECT count(*) FROM tags").fetchall() == [(1,)]


def test_a_writer_waits_for_a_reader_of_the_same_process(made: Store) -> None:
    def read() -> None:
        with made.reading():
            started.set()
            time.sleep(0.3)

    started = threading.Event()
    thread = threading.Thread(target=read)
    thread.start()
    started.wait()
    with made.writing() as connection:
        assert connection.sql("SELECT count(*) FROM tags").fetchall() == [(1,)]
    thread.join()


def test_two_readers_read_at_once(made: Store) -> None:
    with made.reading() as one, made.reading() as other:
        assert one.sql("SELECT 1").fetchall() == other.sql("SELECT 1").fetchall()


def test_what_only_reads_writes_nothing(made: Store) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.path.rglob("*")}
    with made.reading() as connection:
        connection.sql("SELECT count(*) FROM tags").fetchall()
    assert {path: path.stat().st_mtime_ns for path in made.path.rglob("*")} == before


def test_no_connection_draws_a_bar_on_stdout(store: Store) -> None:
    asked = "SELECT current_setting('enable_progress_bar')"
    with store.writing() as connection:
        assert connection.sql(asked).fetchall() == [(False,)]
    with store.reading() as connection:
        assert connection.sql(asked).fetchall() == [(False,)]
        assert connection.cursor().sql(asked).fetchall() == [(False,)]
