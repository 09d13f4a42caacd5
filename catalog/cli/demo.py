"""The whole job on generated data, without a network."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path

import click

from catalog.catalog import Catalog
from catalog.cli.group import run_command
from catalog.cli.output import say

# What a newcomer would type, in order; {made} (a folder for files, beside the catalog) and {source}
# are filled in.
STEPS = (
    "register {source} --pool demo --source-column source --labels-column label.abilities",
    "pools",
    'sql "SELECT source, count(*) AS n_members, round(avg(length(response))) AS mean_characters, mode(labels[1]) AS commonest_ability '
    "FROM pool('demo') GROUP BY source ORDER BY n_members DESC\"",
    "embed demo",
    'search demo "put these words into order" -k 3',
    "losses train demo --proxy tiny",
    "states demo --model tiny",
    "score demo n_tokens depth --model tiny",
    "signals demo",
    "select s2l demo --budget 10% --as s2l",
    "select fisher_sft demo --budget 10% --as fisher_sft",
    "select ila demo --budget 10% --as ila",
    "compare s2l fisher_sft ila -o {made}/demo.png",
    "verify s2l",
    "export s2l --format llamafactory -o {made}/for-llamafactory --overwrite",
)


@click.command()
@click.option(
    "--write",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Only write the generated records there.",
)
@click.pass_context
def demo(ctx: click.Context, path: Path | None) -> None:
    """Run the main job on a generated pool, from register to export, without a network."""
    from catalog.pools.demo import write_demo

    if path:
        from catalog.store.atomic import new_file

        with new_file(path, overwrite=True) as unfinished:
            write_demo(unfinished)
        say(
            f"{path}: go on with `catalog register {path} --pool demo --source-column source --labels-column label.abilities`"
        )
        return
    home = ctx.find_object(Catalog).store.path  # type: ignore[union-attr]  # the group made it
    made = beside(home)
    made.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        source = write_demo(Path(folder) / "demo.jsonl")
        for step in STEPS:
            command = step.format(made=shlex.quote(str(made)), source=shlex.quote(str(source)))
            click.secho(f"\n$ catalog {step.format(made=made, source='demo.jsonl')}", bold=True)
            run_command(ctx, shlex.split(command))
    say(
        f'\nthe catalog is in {home}, and its picture and export in {made}; go on with `catalog --home {home} sql "SELECT ..."`'
    )


def beside(home: Path) -> Path:
    """Return the folder for the demo's files: nothing but the catalog writes inside the catalog's folder.

    >>> beside(Path("/data/.catalog"))
    PosixPath('/data/catalog-files')
    """
    home = home.resolve()
    return home.with_name(f"{home.name.lstrip('.')}-files")
