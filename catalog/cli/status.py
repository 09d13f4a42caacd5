"""Command `status`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import DIFFERENT, DONE, table_options
from catalog.cli.output import echo_json, echo_records, say
from catalog.messages import quantity

if TYPE_CHECKING:
    from catalog.project.status import Status


@click.command()
@table_options
@click.pass_context
def status(ctx: click.Context, is_json: bool) -> None:
    """List what is behind: subsets, signals with gaps, exports. Exit code 3 means something is.

    A subset is behind if a pool or subset that it reads has a newer version. A signal has gaps if
    members of the newest version of a pool lack it.
    """
    catalog: Catalog = ctx.obj
    found = catalog.project.status()
    if is_json:
        echo_json(asdict(found) | {"is_current": found.is_current})
    else:
        _echo(found)
    ctx.exit(DONE if found.is_current else DIFFERENT)


def _echo(found: Status) -> None:
    if found.is_current:
        say("nothing is behind")
        return
    rows: list[dict[str, Any]] = [
        {"what": f"subset {each.reference}", "why": "; ".join(each.why), "command": each.command}
        for each in found.subsets
    ]
    rows += [
        {
            "what": f"{each.kind} {each.name} of {each.pool}",
            "why": f"{each.n_missing:,} of {quantity(each.n_members, 'member')} lack it",
            "command": each.command,
        }
        for each in found.signals
    ]
    rows += [
        {"what": f"export {each.path}", "why": "; ".join(each.why), "command": ""}
        for each in found.exports
    ]
    echo_records(rows)
