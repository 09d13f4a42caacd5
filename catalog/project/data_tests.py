"""Tests of a project: queries that must return no row, one file each.

The header names a test, its severity, and the pools and subsets that it runs on::

    -- name: no_empty_response
    -- severity: error
    -- on: best, gsm8k.*
    SELECT fingerprint FROM pool($on) WHERE length(response) = 0
"""

from __future__ import annotations

import glob
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from catalog.errors import CatalogError, Location, ProjectError
from catalog.notebook import NotebookResult
from catalog.project.file import ProjectFile, read_project
from catalog.project.stamp import NAME
from catalog.query.executor import Limits
from catalog.query.stream import run
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import is_glob, matching_subsets, nearest
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = ("name", "severity", "on")
SEVERITIES = ("error", "warning")
LINE = re.compile(r"--\s*([a-z][a-z_-]*):\s*(.*?)\s*")
SHOWN = 5
"""Rows that a result holds; all are kept in the table ``test_failures``."""


@dataclass(frozen=True)
class DataTest:
    """Test of data: a query that must return no row.

    Attributes:
        name: of the test; by default the file's without its suffix.
        file: its path from the project's folder.
        severity: ``error`` or ``warning``.
        on: the pools and subsets, or globs of subsets, that it runs on, one after the other, as
            ``$on``; none if the query names them itself.
        text: the whole file.
    """

    name: str
    file: str
    severity: str
    on: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class DataTestResult:
    """Result of a test on one pool or subset.

    Attributes:
        name: of the test.
        file: of the test.
        severity: ``error`` or ``warning``.
        reference: the pool or subset; None if the query names it itself.
        status: ``passed``; ``failed`` where rows came back; ``error`` where the query cannot run.
        n_rows: rows that came back.
        problem: why the query cannot run.
        seconds: that it took.
        rows: the first rows.
    """

    name: str
    file: str
    severity: str
    reference: str | None
    status: Literal["passed", "failed", "error"]
    n_rows: int = 0
    problem: str = ""
    seconds: float = 0.0
    rows: tuple[dict[str, Any], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class DataTests(NotebookResult):
    """Results of the tests of a project.

    Attributes:
        file: the project file.
        results: one for each test and each pool or subset that it ran on.
    """

    file: str
    results: tuple[DataTestResult, ...]

    @property
    def has_failures(self) -> bool:
        """Return whether a test of severity ``error`` failed."""
        return any(each.status == "failed" and each.severity == "error" for each in self.results)

    @property
    def has_errors(self) -> bool:
        """Return whether the query of a test cannot run."""
        return any(each.status == "error" for each in self.results)


def run_data_tests(
    store: Store,
    file: Path | None = None,
    *,
    names: Sequence[str] = (),
    limits: Limits | None = None,
) -> DataTests:
    """Run the tests of a project, and keep the rows that came back in ``test_failures``.

    Args:
        store: the catalog's files and database.
        file: the project file; ``catalog.yaml`` if None.
        names: names or globs of tests; all if none.
        limits: memory and time of each query.

    Raises:
        ProjectError: the project file or the header of a test is wrong, or no test has that name.
    """
    project = read_project(file or Path(NAME))
    tests = find_data_tests(project)
    chosen = [test for test in tests if not names or _is_named(test, names)]
    if names and not chosen:
        known = [test.name for test in tests]
        raise ProjectError(f"the project has no test {names[0]!r}{nearest(names[0], known)}")
    limits = limits or Limits()
    results = [each for test in chosen for each in _run_test(store, test, limits)]
    return DataTests(str(project.path), tuple(results))


def find_data_tests(project: ProjectFile) -> list[DataTest]:
    """Return the tests of a project, in the order of its patterns, then of paths.

    Raises:
        ProjectError: the header of a test is wrong, a file is missing, or two tests have one name.
    """
    found: dict[str, DataTest] = {}
    for index, pattern in enumerate(project.sections.tests):
        paths = sorted(glob.glob(str(project.folder / pattern), recursive=True))  # noqa: PTH207
        if not paths and not is_glob(pattern):
            raise ProjectError(f"no file {pattern}", location=project.place("tests", index))
        for path in map(Path, paths):
            test = _read(path, path.relative_to(project.folder).as_posix())
            same = found.setdefault(test.name, test)
            if same.file != test.file:
                raise ProjectError(f"{same.file} is named {test.name} too", location=test.file)
    return list(found.values())


def _read(path: Path, file: str) -> DataTest:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"cannot be read: {error}", location=file) from None
    header = {"name": path.stem, "severity": "error", "on": ""}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("--"):
            break
        match = LINE.fullmatch(line)
        if match:
            _check(match, Location(file, number, match.start(1) + 1))
            header[match[1]] = match[2]
    on = tuple(part.strip() for part in header["on"].split(",") if part.strip())
    return DataTest(header["name"], file, header["severity"], on, text)


def _check(match: re.Match[str], location: Location) -> None:
    key, value = match[1], match[2]
    hint = "" if key in KEYS else nearest(key, list(KEYS))
    if "did you mean" in hint:
        raise ProjectError(f"unknown key {key!r}{hint}", location=location)
    if key == "severity" and value not in SEVERITIES:
        expected = " or ".join(SEVERITIES)
        raise ProjectError(f"severity: expected {expected}, got {value!r}", location=location)
    if key == "name" and not value:
        raise ProjectError("name: expected a text", location=location)


def _is_named(test: DataTest, names: Sequence[str]) -> bool:
    return any(fnmatchcase(test.name, name) for name in names)


def _run_test(store: Store, test: DataTest, limits: Limits) -> Iterator[DataTestResult]:
    """Run a test on each of its pools and subsets, and keep the rows that came back."""
    try:
        references = _references(store, test) if test.on else [None]
    except CatalogError as error:
        yield DataTestResult(test.name, test.file, test.severity, None, "error", problem=str(error))
        return
    for reference in references:
        started = time.monotonic()
        about = (test.name, test.file, test.severity, reference)
        try:
            parameters = {"on": reference}
            rows = run(store, test.text, parameters=parameters, name=test.file, limits=limits)
        except CatalogError as error:
            yield DataTestResult(*about, "error", problem=str(error))
            continue
        if len(rows) or _has_kept(store, test, reference):
            with store.writing() as connection:
                _keep(connection, test, reference, rows)
        yield DataTestResult(
            *about,
            "failed" if len(rows) else "passed",
            n_rows=len(rows),
            seconds=time.monotonic() - started,
            rows=tuple(rows.slice(0, SHOWN).to_pylist()),
        )


def _references(store: Store, test: DataTest) -> list[str | None]:
    found: list[str | None] = []
    with store.reading() as connection:
        for name in test.on:
            found += sorted(matching_subsets(connection, name)) if is_glob(name) else [name]
    return found


def _has_kept(store: Store, test: DataTest, reference: str | None) -> bool:
    about = {"test": test.name, "reference": reference}
    with store.reading() as connection:
        return bool(connection.sql(query("projects/has_failures"), params=about).fetchall()[0][0])


def _keep(connection: Connection, test: DataTest, reference: str | None, rows: pa.Table) -> None:
    """Replace the rows that an earlier run of a test kept."""
    about = {"test": test.name, "reference": reference}
    connection.execute(query("projects/clear_failures"), about)
    if not len(rows):
        return
    import numpy as np
    import pyarrow as pa

    connection.register("answer", rows)
    content = connection.sql("SELECT CAST(to_json(answer) AS VARCHAR) AS content FROM answer")
    kept = content.to_arrow_table().append_column(
        "row_number", pa.array(np.arange(1, len(rows) + 1))
    )
    has_fingerprint = "fingerprint" in rows.column_names
    column = rows["fingerprint"] if has_fingerprint else pa.nulls(len(rows), pa.string())
    connection.register("failures", kept.append_column("fingerprint", column))
    connection.execute(query("projects/write_failures"), about | {"severity": test.severity})
