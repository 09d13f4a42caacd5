import gzip
from pathlib import Path

import pytest

from catalog.errors import SourceError
from catalog.pools.file_bytes import BLOCK, Counter
from catalog.pools.source_contents import contents
from catalog.pools.sources import resolve

ROWS = '{"prompt": "q", "completion": "a"}\n'


def refusal(path: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(contents(resolve([str(path)])[0], counter=Counter()))
    assert str(path) in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_file"),
        (b" \n\r\n\t", "empty_file"),
        (b"\xef\xbb\xbf\n", "empty_file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 22\n", "lfs_pointer"),
        (b"<!DOCTYPE html>\n<html></html>", "html_page"),
        (b"\n  <HTML><head>", "html_page"),
        (b"%PDF-1.7\n", "binary_file"),
        (b"\x00\x01\x02\x03" * 100, "binary_file"),
        (gzip.compress(b"", mtime=0), "empty_file"),
        (gzip.compress(b"<html>", mtime=0), "html_page"),
    ],
)
def test_what_is_not_data_is_refused_by_its_content(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(data)
    assert refusal(path).reason == reason


def test_the_text_comes_whole_in_blocks_and_every_byte_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    text = ROWS * 100_000 + "é" * BLOCK
    path.write_bytes(text.encode())
    counter = Counter()
    for file in contents(resolve([str(path)])[0], counter=counter):
        assert file.head == text[: len(file.head)]
        blocks = list(file.blocks)
    assert "".join(blocks) == text
    assert max(map(len, blocks)) <= BLOCK
    assert counter.n_bytes == path.stat().st_size


def test_compressed_bytes_are_counted_as_they_lie_there(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(gzip.compress((ROWS * 1000).encode()))
    counter = Counter()
    for file in contents(resolve([str(path)])[0], counter=counter):
        assert (file.compression, "".join(file.blocks)) == ("gzip", ROWS * 1000)
    assert counter.n_bytes == path.stat().st_size
