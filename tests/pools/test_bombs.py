"""Small files that a reader could swell to gigabytes, or to a read without an end."""

import bz2
import gzip
import lzma
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from catalog.errors import SourceError
from catalog.pools.fingerprint import MAX_MARKS
from catalog.pools.read_batches import read_batches
from catalog.pools.readers import compression, yaml_items
from catalog.pools.readers.compression import MAX_RATIO
from catalog.pools.readers.yaml_items import MAX_DEPTH
from tests.memory import ROOT
from tests.quick import one_in

GOOD = '{"instruction": "q", "output": "a"}\n'


def read(path: Path) -> tuple[int, Counter[str], str]:
    """How many were read, the reasons of the others, and the detail of the last."""
    n_read, reasons, detail = 0, Counter[str](), ""
    for batch in read_batches([str(path)]):
        n_read += batch.instructions.num_rows
        reasons.update(batch.quarantine["reason"].to_pylist())
        detail = next(reversed(batch.quarantine["detail"].to_pylist()), detail)
    return n_read, reasons, detail


def refusal(path: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(path)
    return caught.value


def rle_blocks(n_bytes: int) -> bytes:
    """A zstd frame of zeros in which each four bytes stand for 128 KiB."""
    header = b"\x28\xb5\x2f\xfd\x00\x58"  # no content size, a window of 2 MiB
    size = 128 * 1024
    n_blocks = -(-n_bytes // size)
    blocks = (((size << 3) | 2).to_bytes(3, "little") + b"x") * (n_blocks - 1)
    return header + blocks + ((size << 3) | 3).to_bytes(3, "little") + b"x"


def repeated_value(path: Path, value: str, *, n_rows: int, is_nested: bool) -> None:
    """A Parquet file whose rows all hold one value, which it stores once."""
    cell = [{"role": "user", "content": value}, {"role": "assistant", "content": "a"}]
    row = {"messages": cell} if is_nested else {"prompt": value, "response": "a"}
    one = pa.Table.from_pylist([row])
    with pq.ParquetWriter(path, one.schema, dictionary_pagesize_limit=2**30) as writer:
        writer.write_table(pa.concat_tables([one] * n_rows))


def test_yaml_that_is_nested_without_end_loses_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "data.yaml"
    good = "- instruction: q\n  output: a\n"
    for nest in ("[" * 30_000, "{a: " * 30_000, "- " * 30_000, "? " * 30_000):
        path.write_text(good + f"- {nest}\n" + good)
        assert read(path) == (2, {"too_large": 1}, f"nested more than {MAX_DEPTH} deep")


def test_yaml_that_is_nested_by_indentation_loses_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "data.yaml"
    lines = [" " * (2 + n) + "a:\n" for n in range(2_000)]
    path.write_text("- instruction: q\n  output: a\n- a:\n" + "".join(lines))
    assert read(path)[:2] == (1, {"too_large": 1})


def test_yaml_of_too_many_values_is_not_composed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_items, "MAX_NODES", 1000)
    path = tmp_path / "data.yaml"
    path.write_text("- instruction: q\n  output: a\n- [" + "a," * 1001 + "]\n")
    assert read(path) == (1, {"too_large": 1}, "more than 1,000 values")


@pytest.mark.parametrize("marks", one_in(2, ["\u0316\u0301" * 400_000, "\u0f73" * 400_000]))
def test_a_run_of_combining_marks_is_quarantined_with_its_number(
    tmp_path: Path, marks: str
) -> None:
    path = tmp_path / "data.jsonl"
    few = "e" + "\u0316\u0301" * (MAX_MARKS // 2)
    texts = (marks, few, f"{'a' * 1000}{marks}{'a' * 1000}")
    path.write_text(GOOD + "".join(GOOD.replace("q", text) for text in texts), encoding="utf-8")
    started = time.process_time()
    n_read, reasons, detail = read(path)
    assert (n_read, reasons) == (2, {"too_large": 2})
    assert f"{len(marks):,} combining marks" in detail
    assert "from character 1,000" in detail
    assert time.process_time() - started < 30  # in the square of their number: ten minutes


@pytest.mark.parametrize("pack", one_in(2, [bz2.compress, gzip.compress, lzma.compress]))
def test_a_compressed_file_that_explodes_is_refused_with_its_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(compression, "FREE", 2**20)
    path = tmp_path / "data.jsonl.x"
    path.write_bytes(pack(GOOD.encode() * 2 + b" " * (8 * 2**20)))
    error = refusal(path)
    assert error.reason == "too_large"
    assert str(MAX_RATIO) in str(error)


def test_a_zstd_file_that_explodes_is_refused_with_its_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression, "FREE", 2**24)
    path = tmp_path / "data.jsonl.zst"
    path.write_bytes(zstandard.compress(GOOD.encode() * 2) + rle_blocks(2**28))
    assert path.stat().st_size < 20_000
    assert refusal(path).reason == "too_large"


def test_what_a_file_of_one_repeated_record_expands_to_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl.zst"
    path.write_bytes(zstandard.compress(GOOD.encode() * 20_000))
    assert 20_000 * len(GOOD) / path.stat().st_size > 200
    assert read(path)[0] == 20_000


@pytest.mark.parametrize("is_nested", one_in(2, [False, True]))
def test_a_large_value_that_parquet_stores_once_is_read_row_by_row(
    tmp_path: Path, is_nested: bool
) -> None:
    path = tmp_path / "data.parquet"
    repeated_value(path, "x" * 2**20, n_rows=20, is_nested=is_nested)
    assert path.stat().st_size < 100_000
    assert read(path)[0] == 20


PEAK = """
import sys
from catalog.pools.read_batches import read_batches
from catalog.errors import SourceError
from tests.memory import peak_kib
before = peak_kib()
for path in sys.argv[1:]:
    try:
        for batch in read_batches([path]):
            pass
    except SourceError as error:
        assert error.reason == "too_large", error
    print((peak_kib() - before) // 1024)
"""


def peaks(*paths: Path) -> list[int]:
    """The peak memory after each file, in MiB above that of the imports."""
    command = [sys.executable, "-c", PEAK, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


@pytest.mark.slow
def test_no_small_file_takes_much_memory(tmp_path: Path) -> None:
    zstd, flat, nested = (tmp_path / name for name in ("a.jsonl.zst", "b.parquet", "c.parquet"))
    zstd.write_bytes(zstandard.compress(GOOD.encode() * 2) + rle_blocks(2**31))
    repeated_value(flat, "x" * 16 * 2**20, n_rows=64, is_nested=False)
    repeated_value(nested, "x" * 16 * 2**20, n_rows=64, is_nested=True)
    assert max(peaks(zstd, flat, nested)) < 700
