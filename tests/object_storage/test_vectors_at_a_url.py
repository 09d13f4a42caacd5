"""Vectors in a bucket: what a folder does, a URL does."""

import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from catalog import Catalog
from catalog.errors import OptionError, SourceError
from catalog.store import vectors
from catalog.store.folders import Folder
from catalog.store.store import Store
from tests.report.conftest import add_vectors

Write = Callable[..., Path]


def records(n: int) -> list[dict[str, str]]:
    return [{"instruction": f"Question {i}", "output": f"answer {i}"} for i in range(n)]


def rows(first: int, n: int, shard: int) -> pa.Table:
    vector = pa.FixedSizeListArray.from_arrays(pa.array([0.5] * 4 * n, pa.float32()), 4)
    return pa.table(
        {
            "instruction_id": pa.array(range(first, first + n), pa.int64()),
            "shard": pa.array([shard] * n, pa.int64()),
            "vector": vector,
        }
    )


def test_a_catalog_with_vectors_in_a_bucket_selects_what_a_local_one_does(
    remote: Catalog, catalog: Catalog, jsonl: Write
) -> None:
    answers = []
    for each in (remote, catalog):
        each.register(jsonl(records(40)), pool="p")
        add_vectors(each)
        each.select("k_center", "p", budget=7, name="spread")
        each.register(jsonl(records(50)), pool="p")
        add_vectors(each)
        assert each.refresh("spread").reference == "spread@2"
        if each is remote:
            assert each.doctor(full=True) == []
            each.gc()
            assert each.verify("spread@1").is_same
        answers.append(each.sql("SELECT fingerprint, rank FROM subset('spread') ORDER BY rank"))
    assert answers[0].equals(answers[1])
    assert not (remote.store.path / "vectors").exists()
    assert vectors.n_bytes(remote.store, vectors.tables(remote.store)[0]) > 0


@pytest.mark.slow
def test_what_is_dropped_is_swept_from_the_bucket(remote: Catalog, jsonl: Write) -> None:
    remote.register(jsonl(records(40)), pool="p")
    add_vectors(remote)
    assert len(vectors.tables(remote.store)) == 1
    remote.drop("p")
    remote.gc()
    assert vectors.tables(remote.store) == []
    assert remote.doctor() == []


@pytest.mark.slow
def test_a_lost_file_of_the_bucket_is_found(remote: Catalog, jsonl: Write) -> None:
    remote.register(jsonl(records(40)), pool="p")
    add_vectors(remote)
    table = vectors.tables(remote.store)[0]
    data = vectors.path(remote.store, table) / "data"
    opened, path = (data / data.names()[0])._opened()
    opened.delete_file(path)
    assert {issue.check for issue in remote.doctor(full=True)} != set()
    remote.gc(damaged=True)
    add_vectors(remote)
    assert remote.doctor(full=True) == []


def test_racing_writers_lose_no_rows(remote: Catalog) -> None:
    store: Store = remote.store
    written = [vectors.write(store, "t", rows(10 * k, 10, k)) for k in range(4)]
    vectors.commit(store, "t", written[:1])
    failures: list[BaseException] = []

    def commit(each: vectors.Written) -> None:
        try:
            vectors.commit(store, "t", [each])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=commit, args=(each,)) for each in written[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = vectors.read(store, "t", columns=["instruction_id"]).read_all()
    assert sorted(found["instruction_id"].to_pylist()) == list(range(40))
    vectors.pin(store, "t", version=vectors.version(store, "t"), tag="kept")
    assert vectors.pins(store, "t") == {"kept"}


def test_a_backup_goes_to_a_bucket_and_comes_back_to_a_folder(
    remote: Catalog, s3: str, jsonl: Write, tmp_path: Path
) -> None:
    remote.register(jsonl(records(40)), pool="p")
    add_vectors(remote)
    remote.select("k_center", "p", budget=7, name="spread")
    remote.backup(f"{s3}/backup")
    assert remote.backup(f"{s3}/backup").n_new_bytes == 0
    local = Catalog.open(tmp_path / "local", isolated=False)
    local.init(source=f"{s3}/backup")
    assert local.doctor(full=True) == []
    assert local.verify("spread").is_same
    assert (local.store.path / "vectors").is_dir()


def test_a_prefix_that_holds_something_and_a_store_of_no_kind_are_refused(
    remote: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    remote.register(jsonl(records(4)), pool="p")
    add_vectors(remote)
    for place in (str(remote.store.vectors), "gopher://a/b"):
        with pytest.raises(OptionError):
            Catalog.open(tmp_path / "other").init(vectors=place)
    assert not (tmp_path / "other" / "catalog.duckdb").exists()


def test_files_of_a_bucket_are_registered_by_name_pattern_and_folder(
    catalog: Catalog, s3: str, jsonl: Write, tmp_path: Path
) -> None:
    folder = Folder(f"{s3}/sources")
    for first in (0, 4):
        file = jsonl(records(8)[first : first + 4], f"{first}.jsonl")
        folder.copy_in(Folder(str(file)), f"{first}.jsonl")
    for source in (f"{s3}/sources/0.jsonl", f"{s3}/sources/*.jsonl", f"{s3}/sources"):
        made = catalog.register(source, pool="p", mode="replace")
        assert made.n_members == 4 * (1 + (source[-7:] != "0.jsonl"))
    with pytest.raises(SourceError) as caught:
        catalog.register(f"{s3}/sources/none.jsonl", pool="p")
    assert caught.value.reason == "not_found"


def test_an_export_goes_to_a_bucket_whole_and_comes_back(
    catalog: Catalog, s3: str, jsonl: Write
) -> None:
    catalog.register(jsonl(records(8)), pool="p")
    url = f"{s3}/exports/p.jsonl.gz"
    made = catalog.export("p", url)
    assert (made.files, made.not_recorded) == ((url,), None)
    assert catalog.register(url, pool="again").n_members == 8
    with pytest.raises(OptionError):
        catalog.export("p", url)
    with pytest.raises(OptionError):
        catalog.export("p", f"{s3}/exports/folder", format="llamafactory")
    assert Folder(f"{s3}/exports").names() == ["p.jsonl.gz"]
