"""Stamp of a finished build: while nothing has changed since, a build need not plan.

The stamp holds the sizes and times of the database, of the project's files and of the code. It is a
shortcut only: without it, or where anything differs, the project is planned.
"""

from __future__ import annotations

import glob
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from catalog.project.built import Build
from catalog.store.atomic import replacing
from catalog.store.paths import PACKAGE, package_data_dir
from catalog.store.store import Store

NAME = "catalog.yaml"
"""The project file that is read when nobody names one."""


def stamped(store: Store, file: Path | None) -> Build | None:
    """Return the result of a build that has nothing to do; None if it must plan."""
    path = file or Path(NAME)
    try:
        kept = json.loads(_path(store).read_text(encoding="utf-8"))[str(path.absolute())]
    except (OSError, ValueError, KeyError):
        return None
    if kept["seen"] != _seen(store, path, kept["patterns"]):
        return None
    return Build(str(path), (), kept["n_nodes"])


def stamp(store: Store, path: Path, *, n_nodes: int) -> None:
    """Record that a project is current, unless it reads an address, whose changes nobody sees."""
    patterns = sorted(set(_patterns(path)))
    if any("://" in pattern for pattern in patterns):
        return
    seen = _seen(store, path, patterns)
    content = {"seen": seen, "patterns": patterns, "n_nodes": n_nodes}
    with replacing(_path(store)) as temporary:
        text = json.dumps({str(path.absolute()): content}, sort_keys=True)
        temporary.write_text(text, encoding="utf-8")


def _path(store: Store) -> Path:
    return store.path / "build.json"


def _patterns(path: Path) -> Iterator[str]:
    """Yield the files, folders and patterns that a project reads, and the files that it wrote."""
    from catalog.project.file import read_project

    sections = read_project(path).sections
    for pool in sections.pools.values():
        yield from pool.files.values() if isinstance(pool.files, dict) else pool.files
    for verb in sections.signals:
        yield from (str(getattr(verb, name)) for name in (*verb.files, *verb.models))
    for selection in sections.selections.values():
        yield from (name for name in selection.selector if name.endswith(".sql"))
        yield from [selection.model] if selection.model else []
    for mixture in sections.mixtures.values():
        yield from (part.partition(":")[2] for part in mixture.parts if part.endswith(".sql"))
        yield from [mixture.model] if mixture.model else []
    for name, export in sections.exports.items():
        yield name
        if export.name or export.format:
            yield f"{name}/*"


def _seen(store: Store, path: Path, patterns: Iterable[str]) -> list[Any]:
    """Return the sizes and times of everything that a plan depends on."""
    files = [
        path,
        path.with_suffix(".lock"),
        *_files(path.parent, patterns),
        *store.kernels.glob("*"),
    ]
    code = sorted(PACKAGE.rglob("*.py"))
    code += [each for name in ("sql", "selectors") for each in _sql(name)]
    folders = [Path(each) for each in sys.path if each.endswith("-packages")]
    places = [store.database, *files, *code, *folders]
    return [[str(each), *_status(each)] for each in places]


def _sql(name: str) -> list[Path]:
    return sorted(package_data_dir(name).rglob("*.sql"))


def _files(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    for pattern in patterns:
        path = folder / Path(pattern).expanduser()
        yield path
        if path.is_dir():
            yield from sorted(path.rglob("*"))
        elif glob.has_magic(pattern):
            yield from map(Path, sorted(glob.glob(str(path), recursive=True)))  # noqa: PTH207


def _status(path: Path) -> tuple[int, int]:
    """Return size and time (ns) of a file; zeros where there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns
