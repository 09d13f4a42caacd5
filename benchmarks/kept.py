"""Keep what a benchmark has measured, so that a run that ended early goes on where it was.

Each command has a folder in ``.benchmarks``, by its options, the code and the processor: with other
code or on another processor everything is measured anew. A script's docstring and comments are not
code: a header that says what bounds a row is written after the row is measured. Remove
``.benchmarks`` to measure again.
"""

from __future__ import annotations

import ast
import hashlib
import json
import pickle
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from catalog.subsets.environment import environment

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".benchmarks"
CODE = ("catalog", "sql", "selectors", "migrations")

Answer = TypeVar("Answer")


def kept(name: str, measure: Callable[[], Answer]) -> Answer:
    """Return what ``measure`` returned in an earlier run of this command, or call it.

    Args:
        name: what is measured, unique in the command.
        measure: returns anything that pickle can hold.
    """
    path = _folder() / f"{name}.pickle"
    if path.exists():
        answer: Answer = pickle.loads(path.read_bytes())
        return answer
    answer = measure()
    _write(path, pickle.dumps(answer, protocol=5))
    return answer


def finished() -> list[dict[str, Any]] | None:
    """Return the rows that this command reported, with as many pairs; None if it has not yet."""
    path = _rows()
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def finish(rows: list[dict[str, Any]]) -> None:
    """Keep the rows that `finished` returns."""
    _write(_rows(), json.dumps(rows).encode())


def command(*without: str) -> list[str]:
    """Return this command without some of its options, each of which has a value.

    >>> sys.argv, before = ["/b/map.py", "--large", "--json", "a.json", "--pairs", "3"], sys.argv
    >>> command("--json", "--pairs")
    ['python', 'benchmarks/map.py', '--large']
    >>> sys.argv = before
    """
    given = sys.argv[1:]
    left = [
        argument
        for before, argument in zip(["", *given], given, strict=False)
        if before not in without and argument not in without
    ]
    return ["python", f"benchmarks/{Path(sys.argv[0]).name}", *left]


def _rows() -> Path:
    given = sys.argv[1:]
    pairs = given[given.index("--pairs") + 1] if "--pairs" in given else "all"
    return _folder() / f"rows-{pairs}.json"


@cache
def _folder() -> Path:
    key = [*command("--json", "--pairs"), str(environment()["processor"]), _code_sha256()]
    digest = hashlib.sha256("\0".join(key).encode()).hexdigest()
    folder = FOLDER / f"{Path(sys.argv[0]).stem}-{digest[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _code_sha256() -> str:
    """Return the sha256 of the script, without its docstring and comments, and of the catalog."""
    script = ast.parse(Path(sys.argv[0]).read_bytes())
    if ast.get_docstring(script) is not None:
        del script.body[0]
    digest = hashlib.sha256(ast.unparse(script).encode())
    for path in sorted(path for room in CODE for path in (ROOT / room).rglob("*")):
        if path.suffix in (".py", ".sql"):
            digest.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _write(path: Path, contents: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(contents)
    part.replace(path)
