"""Command `test`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import DIFFERENT, DONE, FAILED, table_options
from catalog.cli.options import memory_option, text_file_option, timeout_option
from catalog.cli.output import echo_json, echo_rows, say
from catalog.cli.project import file_option
from catalog.store.atomic import write_text

if TYPE_CHECKING:
    from catalog.project.data_tests import DataTests


@click.command()
@click.argument("names", nargs=-1)
@file_option
@text_file_option("--junit", help="Write the results as JUnit XML to this file.")
@memory_option
@timeout_option
@table_options
@click.pass_context
def test(
    ctx: click.Context,
    /,
    names: tuple[str, ...],
    file: Path,
    junit_file: Path | None,
    memory: str,
    timeout: float | None,
    is_json: bool,
) -> None:
    """Run the tests of a project file: queries that must return no row. Exit code 3 means rows.

    NAMES are names of tests or globs of them. The rows that come back are kept in the table
    test_failures. A test of severity warning that returns rows does not change the exit code.
    """
    catalog: Catalog = ctx.obj
    tests = catalog.project.test(file, names=names, memory=memory, seconds=timeout)
    if junit_file:
        from catalog.project.junit import junit

        write_text(junit_file, junit(tests))
    if is_json:
        echo_json(asdict(tests))
    else:
        _echo(tests)
    ctx.exit(_exit_code(tests))


def _exit_code(tests: DataTests) -> int:
    if tests.has_errors:
        return FAILED
    return DIFFERENT if tests.has_failures else DONE


def _echo(tests: DataTests) -> None:
    rows: list[dict[str, Any]] = [
        {
            "test": each.name,
            "on": each.reference,
            "severity": each.severity,
            "status": each.status,
            "rows": each.n_rows,
        }
        for each in tests.results
    ]
    echo_rows(rows, is_json=False, nothing="no tests: write one, such as tests/no_empty.sql")
    for each in tests.results:
        if each.status == "error":
            say(f"  {each.name}: {each.problem}", fg="red")
    if any(each.n_rows for each in tests.results):
        say('  the rows: catalog sql "SELECT * FROM test_failures"')
