"""Group of all commands: shared options, and the handling of errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from catalog.cli.output import WIDE, say
from catalog.errors import CatalogError, UsageError
from catalog.messages import speaking_flags

DONE, FAILED, USAGE, DIFFERENT, INTERRUPTED = 0, 1, 2, 3, 130


class CatalogGroup(click.Group):
    """Group of all commands, which turns errors into one red line on stderr and an exit code.

    These are our errors and those of the disk and of DuckDB. Any other exception keeps its
    traceback.
    """

    is_program = False

    def __init__(
        self, *args: Any, sections: Mapping[str, Sequence[str]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of the sections."""
        return [name for names in self.sections.values() for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, each with its whole first sentence."""
        width = max(map(len, self.list_commands(ctx)))
        for title, names in self.sections.items():
            rows = [
                (name.ljust(width), self.commands[name].get_short_help_str(200)) for name in names
            ]
            with formatter.section(title):
                formatter.write_dl(rows)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a program, whose process ends with a query that does not stop."""
        self.is_program = True
        try:
            return super().__call__(*args, **kwargs)
        finally:
            self.is_program = False

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            with speaking_flags(), _expendable(self.is_program), _interruptible():
                return super().invoke(ctx)
        except CatalogError as error:
            say(f"error: {error}", fg="red")
            ctx.exit(USAGE if isinstance(error, UsageError) else FAILED)
        except KeyboardInterrupt:
            click.secho("interrupted; committed work stays", fg="red", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:  # the reader of a pipe had enough: nothing more to say
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(DONE)
        except Exception as error:
            explained = _explain(error, Path(ctx.params["home"]))
            if explained is None:
                raise
            say(f"error: {explained}", fg="red")
            ctx.exit(FAILED)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Raise DuckDB's error of a Ctrl-C, a plain RuntimeError, as the interruption that it is."""
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise


def _explain(error: Exception, home: Path) -> CatalogError | None:
    """Return an error of the disk, the memory or DuckDB as one of ours; None for any other."""
    duckdb = sys.modules.get("duckdb")  # without it nothing raised one of its errors
    if not isinstance(error, OSError | MemoryError) and not (
        duckdb and isinstance(error, duckdb.Error)
    ):
        return None
    from catalog.store.storage_errors import explain
    from catalog.store.store import Store

    return explain(error, Store(home))


@contextmanager
def _expendable(is_program: bool) -> Iterator[None]:
    """Let a query that does not stop end this process, while the command of a program runs."""
    if not is_program:
        yield
        return
    from catalog.query.runner import end_stuck_process_with

    end_stuck_process_with(_end)
    try:
        yield
    finally:
        end_stuck_process_with(None)  # whoever called the group goes on with this process


def _end(error: CatalogError) -> NoReturn:
    """End the process like a failed command when its query does not stop."""
    from catalog.store.atomic import UNFINISHED

    say(f"error: {error}", fg="red")
    for path in UNFINISHED:
        path.unlink(missing_ok=True)
    os._exit(FAILED)


json_option = click.option("--json", "is_json", is_flag=True, help="Print JSON instead of a table.")
wide_option = click.option(
    "--wide",
    is_flag=True,
    expose_value=False,
    callback=lambda context, _, is_wide: context.meta.__setitem__(WIDE, is_wide),
    help="Print every column of a table, wider than the terminal.",
)
dry_run_option = click.option(
    "--dry-run", "is_dry_run", is_flag=True, help="Print the result without writing anything."
)


def table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that prints a table."""
    return wide_option(json_option(command))
