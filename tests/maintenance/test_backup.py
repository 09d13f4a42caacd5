"""Backups: a copy of a catalog at one moment, and the catalog that is made of it."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.errors import CorruptError, LockedError, NotFoundError, OptionError
from catalog.maintenance.backup import backups, read_list
from catalog.store.atomic import replacing
from catalog.store.lock import locked
from catalog.store.store import Store
from tests import quick
from tests.copies import made_once
from tests.report.conftest import add_vectors

Write = Callable[..., Path]


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Write) -> Catalog:
    """A pool with vectors, and a subset that was drawn from it."""
    records = [{"instruction": f"Question {i}", "output": f"answer {i}"} for i in range(40)]
    catalog.register(jsonl(records), pool="p")
    add_vectors(catalog)
    catalog.select("k_center", "p", budget=7, name="spread")
    return catalog


def restored(place: Path, folder: Path, name: str | None = None) -> Catalog:
    catalog = Catalog.open(folder, wait=10, isolated=False)
    catalog.init(source=place, name=name)
    return catalog


def test_a_catalog_that_is_made_of_a_backup_holds_everything(
    filled: Catalog, tmp_path: Path
) -> None:
    made = filled.backup(tmp_path / "kept")
    assert made.n_new_bytes == made.n_bytes > 0
    again = restored(tmp_path / "kept", tmp_path / "again")
    assert again.doctor(full=True) == []
    assert again.verify("spread").is_same
    assert again.gc().vectors.n_rows == 0
    for query in ("SELECT * FROM subset('spread')", "SELECT * FROM embeddings('p') ORDER BY 1"):
        assert again.sql(query).equals(filled.sql(query))


def test_only_what_is_new_is_copied_and_each_backup_stays_as_it_was(
    filled: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    first = filled.backup(tmp_path / "kept")
    records = [{"instruction": f"Question {i}", "output": f"answer {i}"} for i in range(50)]
    filled.register(jsonl(records), pool="p")
    second = filled.backup(tmp_path / "kept")
    assert backups(tmp_path / "kept") == [first.name, second.name]
    vectors = [
        {file.name for file in read_list(tmp_path / "kept", name) if "vectors/" in file.name}
        for name in (first.name, second.name)
    ]
    assert vectors[0] <= vectors[1]
    database = next(f for f in read_list(tmp_path / "kept") if f.name == "catalog.duckdb")
    assert second.n_new_bytes == database.n_bytes
    old = restored(tmp_path / "kept", tmp_path / "old", first.name)
    assert old.pools()["n_members"].to_list() == [40]
    assert restored(tmp_path / "kept", tmp_path / "new").pools()["n_members"].to_list() == [50]


def test_a_backup_that_is_killed_is_none_and_the_next_one_is_whole(
    filled: Catalog, tmp_path: Path
) -> None:
    place = tmp_path / "kept"
    script = (
        "import sys, time\nfrom catalog import Catalog\n"
        "slow = lambda done, total: (print(done, flush=True), time.sleep(60))\n"
        "Catalog.open(sys.argv[1], isolated=False).backup(sys.argv[2], progress=slow)\n"
    )
    command = [sys.executable, "-c", script, str(filled.store.path), str(place)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert int(process.stdout.readline()) > 0
    with pytest.raises(LockedError):
        Catalog(Store(filled.store.path, 0.1), is_isolated=False).gc()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert backups(place) == []
    filled.gc()
    assert not [issue for issue in filled.doctor() if issue.check == "scratch"]
    made = filled.backup(place)
    assert made.n_new_bytes < made.n_bytes
    assert restored(place, tmp_path / "again").verify("spread").is_same


def test_a_restoration_that_stopped_goes_on_and_makes_no_catalog_before_its_end(
    filled: Catalog, tmp_path: Path
) -> None:
    place = tmp_path / "kept"
    filled.backup(place)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    again = Catalog.open(tmp_path / "again", isolated=False)
    with pytest.raises(KeyboardInterrupt):
        again.init(source=place, progress=stop)
    assert not again.store.database.exists()
    again.init(source=place)
    assert again.doctor(full=True) == []


def test_a_writer_is_kept_out_only_while_the_files_are_listed(
    filled: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    seen = []

    def write(done: int, total: int) -> None:
        if not seen:
            thread = threading.Thread(
                target=lambda: seen.append(filled.tag("p@1", "during")), daemon=True
            )
            thread.start()
            thread.join(20)

    filled.backup(tmp_path / "kept", progress=write)
    assert len(seen) == 1
    with locked(filled.store.lock, wait=1), pytest.raises(LockedError):
        Catalog(Store(filled.store.path, 0.1), is_isolated=False).backup(tmp_path / "kept")


def test_a_damaged_backup_makes_no_catalog(filled: Catalog, tmp_path: Path) -> None:
    place = tmp_path / "kept"
    filled.backup(place)
    file = next(file for file in read_list(place) if file.name.endswith(".lance"))
    content = place / "files" / file.sha256[:2] / file.sha256
    content.write_bytes(b"\0" + content.read_bytes()[1:])
    with pytest.raises(CorruptError, match=file.sha256):
        restored(place, tmp_path / "again")
    content.unlink()
    with pytest.raises(CorruptError, match=file.sha256):
        restored(place, tmp_path / "again")
    assert not (tmp_path / "again" / "catalog.duckdb").exists()


def test_what_cannot_be_done_is_refused(filled: Catalog, tmp_path: Path) -> None:
    with pytest.raises(OptionError):
        filled.backup(filled.store.path / "kept")
    with pytest.raises(NotFoundError):
        restored(tmp_path / "nothing", tmp_path / "again")
    filled.backup(tmp_path / "kept")
    with pytest.raises(NotFoundError):
        restored(tmp_path / "kept", tmp_path / "again", "yesterday")
    with pytest.raises(OptionError):
        filled.init(source=tmp_path / "kept")
    (tmp_path / "kept" / "backups" / "z.json").write_text(json.dumps({"files": []}))
    with pytest.raises(CorruptError):
        restored(tmp_path / "kept", tmp_path / "again")


def test_the_commands_copy_and_restore(filled: Catalog, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from catalog.cli import main

    def run(*arguments: str, home: Path = filled.store.path) -> str:
        result = CliRunner().invoke(main, ["--home", str(home), *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    place = str(tmp_path / "kept")
    made = json.loads(run("backup", place, "--json"))
    assert run("backup", place, "--list").split() == [made["name"]]
    run("init", "--from", place, "--name", made["name"], home=tmp_path / "again")
    assert "spread@1" in run("verify", "spread", home=tmp_path / "again")


def test_a_file_that_a_job_replaces_meanwhile_is_saved_as_it_was_at_one_moment(
    filled: Catalog, tmp_path: Path
) -> None:
    file = filled.store.models / "state.pt"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"0" * 4_000_000)
    is_over = threading.Event()

    def replace() -> None:
        for number in range(1, 10_000):
            with replacing(file) as temporary:
                temporary.write_bytes(str(number % 10).encode() * 4_000_000)
            if is_over.is_set():
                return

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(2 if quick.is_default else 5):
            filled.backup(tmp_path / "kept")
    finally:
        is_over.set()
        thread.join()
    for name in backups(tmp_path / "kept"):
        again = restored(tmp_path / "kept", tmp_path / name, name)
        assert len(set((again.store.models / "state.pt").read_bytes())) == 1
