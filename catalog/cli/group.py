"""The command group: what every command shares, and how an error ends one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
import duckdb

from catalog.errors import CatalogError, UsageError
from catalog.query.runner import end_stuck_process_with
from catalog.store.atomic import UNFINISHED

DONE, FAILED, USAGE, DIFFERENT, INTERRUPTED = 0, 1, 2, 3, 130


class CatalogGroup(click.Group):
    """Turn errors, ours and those of the disk and DuckDB, into one red line on stderr and an exit code.

    An exception that nobody expected keeps its traceback.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a program, whose process ends with a query that does not stop."""
        end_stuck_process_with(_end)
        return super().__call__(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except CatalogError as error:
            click.secho(f"error: {error}", fg="red", err=True)
            ctx.exit(USAGE if isinstance(error, UsageError) else FAILED)
        except KeyboardInterrupt:
            click.secho("interrupted; what was committed stays", fg="red", err=True)
            ctx.exit(INTERRUPTED)
        except (
            BrokenPipeError
        ):  # the reader of a pipe had enough: not an error, and nothing more to say
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(DONE)
        except (OSError, MemoryError, duckdb.Error) as error:
            from catalog.store.storage_errors import explain
            from catalog.store.store import Store

            click.secho(
                f"error: {explain(error, Store(Path(ctx.params['home'])))}", fg="red", err=True
            )
            ctx.exit(FAILED)


def _end(error: CatalogError) -> NoReturn:
    """End the process, whose query does not stop, as an error ends a command."""
    click.secho(f"error: {error}", fg="red", err=True)
    for path in UNFINISHED:
        path.unlink(missing_ok=True)
    os._exit(FAILED)


json_option = click.option("--json", "is_json", is_flag=True, help="Print JSON instead of a table.")
dry_run_option = click.option(
    "--dry-run", "is_dry_run", is_flag=True, help="Say what would be done, and write nothing."
)


def run_command(ctx: click.Context, arguments: list[str]) -> None:
    """Run one command of the program inside another, on the same catalog."""
    group = ctx.find_root().command
    assert isinstance(group, click.Group)
    command = group.commands[arguments[0]]
    with command.make_context(arguments[0], arguments[1:], parent=ctx) as inner:
        try:
            command.invoke(inner)
        except click.exceptions.Exit as end:
            if end.exit_code:
                raise
