"""What reading holds at a time, and what it leaves behind."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import SourceError
from catalog.pools.read_batches import Batch, ReadOptions, read_batches
from tests.memory import ROOT

ROWS = [{"instruction": f"q{n}", "input": "", "output": f"a{n}", "n": n} for n in range(25)]


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_a_long_raw_text_is_cut_with_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(lines(ROWS) + '{"instruction": "' + "x" * 100_000 + "\n")
    (bad,) = [row for batch in read_batches([str(path)]) for row in batch.quarantine.to_pylist()]
    assert bad["raw"].startswith('{"instruction": "xxx')
    assert bad["raw"].endswith("[... cut: 100,017 characters]")
    assert len(bad["raw"]) < 66_000


def test_a_batch_ends_when_its_text_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.pools.file_reader.MAX_CHARS", 100)
    path = tmp_path / "data.jsonl"
    path.write_text(lines([{"prompt": "x" * 60, "response": "y"}] * 4))
    assert [batch.instructions.num_rows for batch in read_batches([str(path)])] == [2, 2, 0]


def test_a_cut_archive_stops_the_load(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(gzip.compress(lines(ROWS * 1000).encode())[:-100])
    with pytest.raises(SourceError) as caught:
        list(read_batches([str(path)]))
    assert caught.value.reason == "corrupt_archive"


def test_an_abandoned_load_closes_its_file(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(lines(ROWS))
    batches = read_batches([str(path)], ReadOptions(batch_size=5))
    assert isinstance(next(batches), Batch)
    del batches  # a file left open is a warning, and a warning is an error here


@pytest.mark.slow
def test_memory_does_not_grow_with_an_array_a_csv_or_lines(tmp_path: Path) -> None:
    import subprocess

    row = json.dumps({"instruction": "q" * 150, "input": "", "output": "a" * 150})
    peaks: dict[str, list[int]] = {}
    for name, head, between, tail in (("array", "[", ",\n", "]"), ("lines", "", "\n", "\n")):
        for n in (50_000, 600_000):
            path = tmp_path / name
            with path.open("w") as target:
                target.write(head + row)
                for _ in range(n // 1000):
                    target.write((between + row) * 1000)
                target.write(tail)
            code = (
                "import sys\n"
                "from catalog.pools.read_batches import read_batches\n"
                "from tests.memory import peak_kib\n"
                "for _ in read_batches([sys.argv[1]]): pass\n"
                "print(peak_kib())"
            )
            command = [sys.executable, "-c", code, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
            peaks.setdefault(name, []).append(int(done.stdout))
    for small, large in peaks.values():
        assert large < 1.2 * small
        assert large < 600_000  # KiB
