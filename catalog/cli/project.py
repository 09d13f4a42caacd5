"""Commands of project files: plan, build, schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import DIFFERENT, DONE, json_option, table_options
from catalog.cli.options import memory_option, pass_catalog, text_file_option, timeout_option
from catalog.cli.output import echo_json, echo_rows, echo_text, say
from catalog.cli.progress import progress_bar
from catalog.messages import listed, quantity
from catalog.store.atomic import write_text

if TYPE_CHECKING:
    from catalog.project.built import Build, Built
    from catalog.project.plan import Plan, Step

file_option = click.option(
    "-f",
    "--file",
    type=click.Path(path_type=Path),
    default="catalog.yaml",
    show_default=True,
    help="Project file. Its paths are relative to its folder.",
)
names_argument = click.argument("names", nargs=-1)


@click.command()
@names_argument
@file_option
@memory_option
@table_options
@pass_catalog
def plan(catalog: Catalog, names: tuple[str, ...], file: Path, memory: str, is_json: bool) -> None:
    """Show what `build` would make, why, and what it costs.

    NAMES are pools, subsets, paths of exports or globs of them. Default: the whole project.
    """
    planned = catalog.project.plan(file, names=names, memory=memory)
    if is_json:
        echo_json(asdict(planned) | {"is_current": planned.is_current})
        return
    changing = [step for step in planned.steps if step.action != "keep"]
    current = quantity(len(planned.steps), "entry is", "entries are")
    echo_rows(
        [_row(step) for step in changing],
        is_json=False,
        nothing=f"nothing to make: {current} current",
    )
    if changing:
        say(_costs(planned))


def _row(step: Step) -> dict[str, Any]:
    return {
        "node": step.node,
        "action": step.action,
        "why": "; ".join(step.why),
        "seconds": None if step.seconds is None else round(step.seconds, 1),
        "bytes": step.n_bytes,
        "cost": step.cost,
    }


def _costs(planned: Plan) -> str:
    """Return the sums of a plan, and how much of it was never measured."""
    changing = [step for step in planned.steps if step.action != "keep"]
    seconds = [step.seconds for step in changing if step.seconds is not None]
    costs = [step.cost for step in changing if step.cost is not None]
    text = f"{len(changing):,} of {quantity(len(planned.steps), 'entry', 'entries')}"
    if seconds:
        text += f": about {sum(seconds) / 60:,.1f} minutes at the rates measured here"
    if len(seconds) < len(changing):
        text += f"; the time of {len(changing) - len(seconds):,} was never measured here"
    if costs:
        text += f"; {sum(costs):,.2f} for answers of judges"
    return text


@click.command()
@names_argument
@file_option
@click.option(
    "--locked",
    is_flag=True,
    help="Compare with catalog.lock and leave it as it is. Exit code 3 means a difference.",
)
@text_file_option("--comment", help="Write what changed, by source, as Markdown to this file.")
@memory_option
@timeout_option
@json_option
@click.pass_context
def build(
    ctx: click.Context,
    /,
    names: tuple[str, ...],
    file: Path,
    locked: bool,
    comment_file: Path | None,
    memory: str,
    timeout: float | None,
    is_json: bool,
) -> None:
    """Make the pools, signals, subsets and exports of a project file.

    What is current stays. An interrupted build goes on where it stopped. NAMES are pools, subsets,
    paths of exports or globs of them; what they are made from is built too. Default: the whole
    project.

    catalog.lock, beside the project file, records what was built: another machine builds the same
    members or says which input differs.
    """
    report: Callable[[Built], None] = (lambda _: None) if is_json else _echo_built
    options: dict[str, Any] = {"names": names, "locked": locked, "memory": memory}
    done = ctx.obj.project.build(file, seconds=timeout, watch=_watch, report=report, **options)
    if comment_file:
        write_text(comment_file, ctx.obj.project.comment(done, memory=memory))
    if is_json:
        echo_json(asdict(done))
    else:
        _echo_build(done)
    ctx.exit(DIFFERENT if locked and done.differences else DONE)


def _echo_build(done: Build) -> None:
    kept = f"{quantity(done.n_kept, 'entry was', 'entries were')} current"
    if done.made:
        say(f"made {len(done.made):,}; {kept}")
    elif done.n_kept:
        say(f"nothing to make: {kept}")
    if done.left:
        say(f"still not current: {listed(done.left)}; `catalog plan` says why")
    for each in done.differences:
        say(f"  not as in catalog.lock: {each}", fg="red")


@contextmanager
def _watch(node: str) -> Iterator[Any]:
    with progress_bar(node, unit="units") as bar:
        yield bar


def _echo_built(built: Built) -> None:
    kind = built.node.partition(" ")[0]
    echo_text(f"{kind} {built.summary} ({built.seconds:.1f} s)")
    for warning in built.warnings:
        say(f"  {warning}")


@click.command()
def schema() -> None:
    """Print the JSON Schema of project files, with which editors complete and check them."""
    from catalog.project.schema import project_schema

    echo_json(project_schema())
