"""Every record of any file is read or quarantined, or the file is refused by name."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalog.errors import SourceError
from catalog.pools.read_batches import FileReport, read_batches
from catalog.pools.reasons import FILE_REASONS, RECORD_REASONS
from tests.pools import fuzzing

SECONDS = 20


@contextmanager
def alarm(number: int) -> Iterator[None]:
    """Fail when a file takes too long."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"file {number} took more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def read(path: Path, files: list[FileReport], rows: list[int]) -> SourceError | None:
    """Read a file into the lists; return why it was refused, or None."""
    try:
        for batch in read_batches([str(path)], report=files.append):
            rows += (
                batch.instructions["row_number"].to_pylist()
                + batch.quarantine["row_number"].to_pylist()
            )
            assert set(batch.quarantine["reason"].to_pylist()) <= RECORD_REASONS.keys()
            batch.instructions.validate(full=True)
    except SourceError as error:
        return error
    return None


def check(number: int, folder: Path) -> str:
    """Read one fuzzed file; return what became of it."""
    name, data = fuzzing.fuzzed(number)
    path = folder / name
    path.write_bytes(data)
    files: list[FileReport] = []
    rows: list[int] = []
    with alarm(number):
        refusal = read(path, files, rows)
    path.unlink()
    if refusal is not None:
        assert refusal.reason in FILE_REASONS
        assert name in str(refusal)
        assert "\n" not in str(refusal)
        return refusal.reason
    assert sorted(rows) == list(range(sum(file.n_records for file in files)))
    if (
        name.endswith("-a.jsonl")
        and files[0].container == "json lines"
        and files[0].encoding is None
    ):
        lines = [line for line in data.split(b"\n") if line.strip(b" \t\r\0\xef\xbb\xbf")]
        assert files[0].n_records == len(lines)
    return "read"


def run(first: int, last: int, folder: Path) -> dict[str, int]:
    outcomes: dict[str, int] = {}
    for number in range(first, last):
        try:
            outcome = check(number, folder)
        except Exception as error:
            raise AssertionError(f"file {number}, {fuzzing.fuzzed(number)[0]}") from error
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcomes


def test_files_that_are_not_changed_are_read_whole(tmp_path: Path) -> None:
    for name in (*fuzzing.TEXTS, *fuzzing.BINARIES):
        path = tmp_path / name
        for shape in fuzzing.TABLES:
            path.write_bytes(fuzzing.seed(name, shape))
            batches = list(read_batches([str(path)]))
            n_files = 2 if name in ("a.zip", "a.tar", "a.tar.gz") else 1
            assert sum(batch.instructions.num_rows for batch in batches) == n_files * fuzzing.N, (
                name,
                shape,
            )


def test_sixty_fuzzed_files_lose_nothing(tmp_path: Path) -> None:
    outcomes = run(0, 60, tmp_path)
    assert outcomes["read"] > 20
    assert len(outcomes) > 3


@pytest.mark.slow
def test_two_thousand_fuzzed_files_lose_nothing(tmp_path: Path) -> None:
    """Read in separate processes of 4 GiB each, so that a crash names its file."""
    code = (
        "import faulthandler, resource, sys; from pathlib import Path\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30,) * 2)\n"
        "from tests.pools.test_fuzzed_files import run\n"
        "faulthandler.enable()\n"
        "print(run(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))"
    )
    for first in range(60, 2060, 250):
        command = [
            sys.executable,
            "-W",
            "error",
            "-c",
            code,
            str(first),
            str(first + 250),
            str(tmp_path),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        left = [path.name for path in tmp_path.iterdir()]  # the file at which the process ended
        assert done.returncode == 0, f"{left}\n{done.stderr[-3000:]}"
