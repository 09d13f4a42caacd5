"""Opening the database."""

import subprocess
import sys
import threading
import time

import duckdb
import pytest

from catalog.errors import HomeNotFoundError, LockedError
from catalog.store.database import reading, writing
from catalog.store.paths import Home

HOLD = """
import sys, time
from pathlib import Path
from catalog.store.database import {verb}
from catalog.store.paths import Home
with {verb}(Home(Path(sys.argv[1]))) as connection:
    print("held", flush=True)
    time.sleep({seconds})
"""


@pytest.fixture
def made(home: Home) -> Home:
    with writing(home) as connection:
        connection.execute("INSERT INTO tags VALUES ('a', 'kept', 1, now()::TIMESTAMP)")
    return home


def holder(home: Home, verb: str, seconds: float) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(verb=verb, seconds=seconds), str(home.path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_folder_without_a_catalog_is_named(home: Home) -> None:
    with pytest.raises(HomeNotFoundError, match="catalog register"), reading(home):
        pass


def test_a_transaction_that_raises_leaves_nothing(made: Home) -> None:
    with pytest.raises(duckdb.CatalogException), writing(made) as connection:
        connection.execute("DELETE FROM tags; SELECT * FROM nowhere")
    with reading(made) as connection:
        assert connection.sql("SELECT count(*) FROM tags").fetchall() == [(1,)]


@pytest.mark.parametrize("verb", ["reading", "writing"])
def test_a_writer_waits_and_at_last_names_who_holds_the_file(made: Home, verb: str) -> None:
    with holder(made, verb, 60) as process:
        with (
            pytest.raises(LockedError, match=f"held by process {process.pid} "),
            writing(made, wait=0.2),
        ):
            pass
        process.kill()


def test_a_reader_waits_for_a_writer_and_at_last_names_it(made: Home) -> None:
    with holder(made, "writing", 60) as process:
        with (
            pytest.raises(LockedError, match=f"held by process {process.pid} "),
            reading(made, wait=0.2),
        ):
            pass
        process.kill()


def test_a_writer_gets_through_when_the_other_process_is_done(made: Home) -> None:
    with holder(made, "writing", 0.5), writing(made, wait=10) as connection:
        assert connection.sql("SELECT count(*) FROM tags").fetchall() == [(1,)]


def test_a_writer_waits_for_a_reader_of_the_same_process(made: Home) -> None:
    def read() -> None:
        with reading(made):
            started.set()
            time.sleep(0.5)

    started = threading.Event()
    thread = threading.Thread(target=read)
    thread.start()
    started.wait()
    with writing(made, wait=10) as connection:
        assert connection.sql("SELECT count(*) FROM tags").fetchall() == [(1,)]
    thread.join()


def test_two_readers_read_at_once(made: Home) -> None:
    with reading(made) as one, reading(made) as other:
        assert one.sql("SELECT 1").fetchall() == other.sql("SELECT 1").fetchall()


def test_what_only_reads_writes_nothing(made: Home) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.path.rglob("*")}
    with reading(made) as connection:
        connection.sql("SELECT count(*) FROM tags").fetchall()
    assert {path: path.stat().st_mtime_ns for path in made.path.rglob("*")} == before


def test_no_connection_draws_a_bar_on_stdout(home: Home) -> None:
    asked = "SELECT current_setting('enable_progress_bar')"
    with writing(home) as connection:
        assert connection.sql(asked).fetchall() == [(False,)]
    with reading(home) as connection:
        assert connection.sql(asked).fetchall() == [(False,)]
        assert connection.cursor().sql(asked).fetchall() == [(False,)]
