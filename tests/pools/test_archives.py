import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from catalog.errors import SourceError
from catalog.pools import archives
from catalog.pools.read_batches import FileReport, read_batches

PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def lines(n: int, *, first: int = 0) -> bytes:
    return b"".join(
        json.dumps({"instruction": f"q{i}", "output": "a"}).encode() + b"\n"
        for i in range(first, first + n)
    )


def parquet(n: int) -> bytes:
    target = io.BytesIO()
    pq.write_table(
        pa.table({"instruction": [f"p{i}" for i in range(n)], "output": ["a"] * n}), target
    )
    return target.getvalue()


MEMBERS = {
    "b.jsonl": lines(2),
    "a/train.csv": b"instruction,output\nc0,a\n",
    "a/part.parquet": parquet(3),
    "a/part.jsonl.gz": gzip.compress(lines(1, first=9)),
    "README.md": b"# Title",
    ".hidden.jsonl": lines(1),
    "__MACOSX/._b.jsonl": b"\0",
}
READ = {"b.jsonl": 2, "a/train.csv": 1, "a/part.parquet": 3, "a/part.jsonl.gz": 1}


def zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def tarred(members: dict[str, bytes], format_: int = tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=format_) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def read(source: Path | str) -> list[FileReport]:
    files: list[FileReport] = []
    batches = list(read_batches([str(source)], report=files.append))
    assert sum(batch.instructions.num_rows for batch in batches) == sum(
        file.n_records for file in files
    )
    assert batches[-1].bytes_read == batches[-1].bytes_total
    return files


def refusal(source: Path | str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(source)
    return caught.value


def test_each_data_file_of_a_zip_archive_is_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    path.write_bytes(zipped(MEMBERS))
    files = read(path)
    assert {file.file: file.n_records for file in files} == {
        f"{path}!/{name}": n for name, n in READ.items()
    }
    assert [file.file.rsplit("!/", 1)[-1] for file in files] == [
        "a/part.jsonl.gz",
        "a/part.parquet",
        "a/train.csv",
        "b.jsonl",
    ]
    for part in ("2 hidden", ".hidden.jsonl", "README.md"):
        assert part in files[0].notes[0]


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_each_data_file_of_a_tar_archive_is_a_file_of_its_own(
    tmp_path: Path, ending: str, format_: int
) -> None:
    path = tmp_path / f"data.tar{ending}"
    path.write_bytes(PACK[ending](tarred(MEMBERS, format_)))
    files = read(path)
    assert [(file.file, file.n_records) for file in files] == [
        (f"{path}!/{name}", n) for name, n in READ.items()
    ]
    assert "README.md" in files[0].notes[0]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_one_member_can_be_named_as_a_report_names_it(
    tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    path = tmp_path / "data"
    path.write_bytes(pack(MEMBERS))
    (file,) = read(f"{path}!/a/train.csv")
    assert (file.file, file.n_records, file.notes) == (f"{path}!/a/train.csv", 1, [])
    assert refusal(f"{path}!/nothing.csv").reason == "not_found"
    assert "a/train.csv" in str(refusal(f"{path}!/nothing.csv"))


def test_a_quarantined_record_names_its_member(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    path.write_bytes(zipped({"a.jsonl": lines(1) + b"{\n" + lines(1)}))
    (bad,) = [row for batch in read_batches([str(path)]) for row in batch.quarantine.to_pylist()]
    assert (bad["file"], bad["position"]) == (f"{path}!/a.jsonl", "line 2")


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_without_data_or_with_another_in_it_is_refused(
    tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    path = tmp_path / "data"
    path.write_bytes(pack({f"{n}.png": b"" for n in range(30)}))
    assert refusal(path).reason == "empty_file"
    assert "20 more" in str(refusal(path))
    for inner in (zipped, tarred):
        path.write_bytes(pack({"inner.zip": inner(MEMBERS)}))
        assert refusal(path).reason == "wrong_container"
        assert "!/inner.zip" in str(refusal(path))


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(("bound", "value"), [("MAX_MEMBERS", 6), ("MAX_BYTES", 300)])
def test_the_bounds_are_held_and_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pack: Callable[[dict[str, bytes]], bytes],
    bound: str,
    value: int,
) -> None:
    monkeypatch.setattr(archives, bound, value)
    path = tmp_path / "data"
    path.write_bytes(pack(MEMBERS))
    assert refusal(path).reason == "too_large"
    assert f"{value:,}" in str(refusal(path))


@pytest.mark.parametrize("pack", [zipped, lambda members: gzip.compress(tarred(members))])
def test_an_archive_that_explodes_is_refused_with_its_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    monkeypatch.setattr("catalog.pools.readers.compression.FREE", 2**20)
    path = tmp_path / "data"
    path.write_bytes(pack({"a.jsonl": lines(1) + b" " * 2**24}))
    assert refusal(path).reason == "too_large"
    assert (
        f"{path.stat().st_size:,} bytes" in str(refusal(path))
        or path.read_bytes()[:2] == b"\x1f\x8b"
    )


def test_a_member_that_is_damaged_encrypted_or_cut_stops_the_load(tmp_path: Path) -> None:
    path = tmp_path / "data"
    whole = bytearray(zipped({"a.jsonl": lines(1000)}))
    whole[60:80] = b"\xff" * 20
    path.write_bytes(whole)
    assert refusal(path).reason == "corrupt_archive"
    locked = bytearray(zipped({"a.jsonl": lines(1)}))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    assert refusal(path).reason == "corrupt_archive"
    assert "encrypted" in str(refusal(path))
    path.write_bytes(tarred({"a.jsonl": lines(1000)})[:20_000])
    assert refusal(path).reason == "corrupt_archive"
    path.write_bytes(zipped({"a.jsonl": lines(10)})[:-10])
    assert refusal(path).reason == "corrupt_archive"


def test_links_of_a_tar_archive_are_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "data.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("link.jsonl")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        info = tarfile.TarInfo("a.jsonl")
        info.size = len(lines(1))
        archive.addfile(info, io.BytesIO(lines(1)))
    (file,) = read(path)
    assert file.file.endswith("!/a.jsonl")
    assert "link.jsonl/" in file.notes[0]


def test_parquet_that_is_compressed_is_read_from_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet.gz"
    path.write_bytes(gzip.compress(parquet(5)))
    (file,) = read(path)
    assert (file.container, file.compression, file.n_records) == ("parquet", "gzip", 5)


def test_an_archive_member_without_a_name_is_not_data(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    path.write_bytes(zipped({"ZZZ": b"x", "a.jsonl": lines(1)}).replace(b"ZZZ", b"\0ZZ"))
    (file,) = read(path)
    assert file.n_records == 1


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_the_label_of_an_archive_is_the_source_of_all_its_records(
    tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    path = tmp_path / "data"
    path.write_bytes(pack(MEMBERS))
    for source in (f"mine={path}", f"mine={path}!/a/train.csv"):
        batches = read_batches([source])
        assert {row for batch in batches for row in batch.instructions["source"].to_pylist()} == {
            "mine"
        }
