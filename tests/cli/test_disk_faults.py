"""A disk that is full, read-only or damaged: one line, a next step, no partial writes."""

import gzip
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from click.testing import CliRunner, Result

from catalog import Catalog
from catalog.cli import main
from catalog.store.store import Store
from tests.copies import made_once

RECORDS = [
    {"instruction": f"question {i}", "output": f"answer {i} " + "x" * 200} for i in range(200)
]


def run(home: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "--wait", "2", *map(str, arguments)])


def require_one_line(result: Result) -> None:
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, result.stderr


@contextmanager
def mounted(folder: Path, *, size: str, is_read_only: bool = False) -> Iterator[Path]:
    """A small file system of its own, where this user may mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if (
        shutil.which("mount") is None
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        pytest.skip("this user cannot mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


@pytest.fixture
@made_once
def made(catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path) -> Catalog:
    """A catalog with a pool, scores and losses, to be copied."""
    catalog.register(jsonl(RECORDS), pool="p")
    np.save(tmp_path / "s.npy", np.arange(200.0))
    np.save(tmp_path / "l.npy", np.ones((200, 4), dtype=np.float32))
    catalog.import_scores("p", tmp_path / "s.npy", name="s")
    return catalog


@pytest.fixture
def filled(made: Catalog) -> Path:
    return made.store.path


def steps(tmp_path: Path) -> Sequence[Sequence[object]]:
    """Return commands that write; `register` has new records, and every `-o` another name."""
    more = tmp_path / "more.jsonl"
    more.write_text(
        "".join(f'{{"instruction": "new {i}", "output": "{"y" * 300}"}}\n' for i in range(5_000))
    )
    return (
        ("register", more, "--pool", "q"),
        ("scores", "import", "p", tmp_path / "s.npy", "--name", "t"),
        ("losses", "import", "p", tmp_path / "l.npy", "--proxy", "l"),
        ("select", "random", "p", "--budget", 5, "--as", "drawn"),
        ("tag", "p@1", "first"),
    )


def state(home: Path) -> tuple[list[str], ...]:
    """What a catalog holds: pools, signals, subsets and tags."""
    with Store(home).reading() as connection:
        return tuple(
            [
                name
                for (name,) in connection.sql(f"SELECT name FROM {table} ORDER BY name").fetchall()
            ]
            for table in ("pools", "signals", "subsets", "tags")
        )


def fill_up(folder: Path, *, but: int) -> Path:
    """A file that takes what is left of a file system, but for so many bytes."""
    ballast = folder / "ballast"
    free = shutil.disk_usage(folder).free
    ballast.write_bytes(bytes(max(0, free - but)))
    return ballast


def fill_and_write(
    filled: Path, tmp_path: Path, commands: Sequence[Sequence[object]], *, margins: Sequence[int]
) -> None:
    """Every command on a nearly full disk either completes or leaves the catalog unchanged."""
    for number, margin in enumerate(margins):
        for command in commands:
            with mounted(tmp_path / f"disk-{number}-{command[0]}", size="24m") as disk:
                shutil.copytree(filled, disk / "home")
                before = state(disk / "home")
                ballast = fill_up(disk, but=margin)
                result = run(disk / "home", *command)
                ballast.unlink()
                if result.exit_code:
                    require_one_line(result)
                    assert state(disk / "home") == before
                assert Catalog.open(disk / "home").doctor(full=True) == []
                assert run(disk / "home", *command).exit_code == 0


def test_a_full_disk_ends_in_one_line_and_leaves_the_catalog_as_it_was(
    filled: Path, tmp_path: Path
) -> None:
    fill_and_write(filled, tmp_path, steps(tmp_path)[:2], margins=[0])


@pytest.mark.slow
def test_forty_moments_at_which_a_disk_is_full(filled: Path, tmp_path: Path) -> None:
    fill_and_write(
        filled,
        tmp_path,
        steps(tmp_path),
        margins=[0, 4_096, 16_384, 65_536, 262_144, 524_288, 1_048_576, 2_097_152],
    )


def test_a_read_only_catalog_is_readable_and_refuses_writes(filled: Path, tmp_path: Path) -> None:
    commands = steps(tmp_path)
    with mounted(tmp_path / "disk", size="24m") as disk:
        shutil.copytree(filled, disk / "home")
        remount(disk, "ro")
        for command in commands:
            require_one_line(run(disk / "home", *command))
        assert run(disk / "home", "pools").exit_code == 0
        assert (
            run(disk / "home", "sql", "SELECT count(*) FROM score('p', name => 's')").exit_code == 0
        )
        assert run(disk / "home", "doctor", "--full").exit_code == 0
        require_one_line(run(disk / "new", "register", tmp_path / "more.jsonl", "--pool", "p"))
        remount(disk, "rw")


@pytest.mark.parametrize("home", ["x" * 300, "file", "file/below"])
def test_a_home_that_cannot_be_a_folder_is_one_line(
    tmp_path: Path, jsonl: Callable[..., Path], home: str
) -> None:
    (tmp_path / "file").write_text("x")
    require_one_line(run(tmp_path / home, "register", jsonl(RECORDS[:2]), "--pool", "p"))


def published(folder: Path) -> dict[str, bytes]:
    """One file of scores or losses in each format that an import reads."""
    from safetensors.numpy import save

    numbers = np.arange(200, dtype=np.float64)
    table = pa.table({"t": numbers, "row": np.arange(200)})
    pq.write_table(table, folder / "t.parquet")
    np.save(folder / "t.npy", numbers)
    lines = "".join(f'{{"t": {i}}}\n' for i in range(200)).encode()
    return {
        "t.parquet": (folder / "t.parquet").read_bytes(),
        "t.npy": (folder / "t.npy").read_bytes(),
        "t.safetensors": save({"t": numbers}),
        "t.csv": b"t\n" + b"".join(b"%d\n" % i for i in range(200)),
        "t.jsonl": lines,
        "t.json": b"[" + b",".join(lines.splitlines()) + b"]",
        "t.jsonl.gz": gzip.compress(lines),
        "t.jsonl.zst": zstandard.compress(lines),
    }


def import_damaged(home: Path, tmp_path: Path, *, seeds: range) -> None:
    """Damaged files are imported or refused in one line; what is refused leaves no signal."""
    files = published(tmp_path)
    for seed in seeds:
        draw = random.Random(seed)
        name = sorted(files)[seed % len(files)]
        content = bytearray(files[name])
        how = draw.choice(("cut", "flip", "garbage", "empty"))
        if how == "cut":
            del content[draw.randrange(len(content)) :]
        elif how == "flip":
            for _ in range(20):
                content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        else:
            content = bytearray(draw.randbytes(len(content)) if how == "garbage" else b"")
        path = tmp_path / f"damaged-{name}"
        path.write_bytes(content)
        before = state(home)
        for command in (
            ("scores", "import", "p", path, "--name", "t"),
            ("register", path, "--pool", f"q{seed}"),
        ):
            result = run(home, *command)
            if result.exit_code:
                require_one_line(result)
                assert state(home) == before, (seed, name, how)
            else:
                before = state(home)
    assert Catalog.open(home).doctor(full=True) == []


def test_damaged_files_are_refused_in_one_line(filled: Path, tmp_path: Path) -> None:
    import_damaged(filled, tmp_path, seeds=range(4))


@pytest.mark.slow
def test_eighty_damaged_files_are_refused_in_one_line(filled: Path, tmp_path: Path) -> None:
    import_damaged(filled, tmp_path, seeds=range(100, 180))
