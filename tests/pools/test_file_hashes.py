"""Every source file is recorded with its size and the sha256 of its bytes."""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog import Catalog
from tests.quick import one_in

ROWS = [{"instruction": f"question {n}", "output": f"answer {n}"} for n in range(50)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def identity(content: bytes) -> tuple[int, str]:
    return len(content), hashlib.sha256(content).hexdigest()


def arrow_stream() -> bytes:
    table, sink = pa.Table.from_pylist(ROWS), io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue() + b"what follows the end of the stream"


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    return sink.getvalue()


def workbook() -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book, sink = openpyxl.Workbook(), io.BytesIO()
    for sheet in (book.active, book.create_sheet("second")):
        sheet.append(["instruction", "output"])
        sheet.append([f"asked in {sheet.title}", "answered"])
    book.save(sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "make"),
    one_in(
        2,
        [
            ("a.jsonl", lambda: LINES),
            ("a.json", lambda: json.dumps(ROWS).encode() + b"\n\n"),
            ("a.jsonl.gz", lambda: gzip.compress(LINES, mtime=0) + b"\0" * 100),
            ("a.csv", lambda: b"instruction,output\nq,a\n"),
            ("a.yaml", lambda: b"- instruction: q\n  output: a\n"),
            ("a.parquet", parquet),
            ("a.parquet.gz", lambda: gzip.compress(parquet(), mtime=0)),
            ("a.arrow", arrow_stream),
            ("a.xlsx", workbook),
        ],
    ),
)
def test_a_file_has_the_size_and_the_hash_of_its_bytes(
    catalog: Catalog, tmp_path: Path, name: str, make: Callable[[], bytes]
) -> None:
    content = make()
    (tmp_path / name).write_bytes(content)
    files = catalog.register(tmp_path / name, pool="p").files
    assert [(file.n_bytes, file.sha256) for file in files] == [identity(content)] * len(files)
    assert len(files) == (2 if name == "a.xlsx" else 1)


def test_a_member_of_an_archive_is_a_file_of_its_own(catalog: Catalog, tmp_path: Path) -> None:
    members = {"one.jsonl": LINES, "two.parquet": parquet()}
    with (
        zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as zipped,
        tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tarred,
    ):
        for name, content in members.items():
            zipped.writestr(name, content)
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tarred.addfile(info, io.BytesIO(content))
    for archive in ("a.zip", "a.tar.gz"):
        files = catalog.register(tmp_path / archive, pool=archive).files
        expected = {f"{tmp_path / archive}!/{name}": identity(members[name]) for name in members}
        assert {file.file: (file.n_bytes, file.sha256) for file in files} == expected


def test_a_far_file_is_hashed_as_it_is_read_and_a_frame_has_no_bytes(catalog: Catalog) -> None:
    content = parquet()
    fsspec.filesystem("memory").pipe("/hashes/a.parquet", content)
    (file,) = catalog.register("memory://hashes/a.parquet", pool="far").files
    assert (file.n_bytes, file.sha256) == identity(content)
    (frame,) = catalog.register(pl.DataFrame(ROWS), pool="frame").files
    assert (frame.n_bytes, frame.sha256) == (None, None)


def test_lineage_and_show_have_the_hashes_and_an_older_load_has_none(
    catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINES)
    catalog.register(tmp_path / "a.jsonl", pool="p")
    (file,) = catalog.lineage("p").made_from(catalog.lineage("p").root)
    n_bytes, sha256 = identity(LINES)
    assert (file.details["n_bytes"], file.details["sha256"]) == (n_bytes, sha256)
    assert sha256[:12] in file.summary
    with catalog.store.writing() as connection:  # as a catalog of before has it
        connection.execute(
            "UPDATE pool_versions SET files = json_merge_patch("
            'files->0, \'{"sha256": null, "n_bytes": null}\')'
        )
        connection.execute("UPDATE pool_versions SET files = json_array(files)")
    (file,) = catalog.lineage("p").made_from(catalog.lineage("p").root)
    assert "sha256" not in file.details
    assert file.details["n_records"] == len(ROWS)
    assert catalog.show("p")
