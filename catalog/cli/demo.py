"""Command `demo`: the main job on generated data, without a network."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path

import click

from catalog.catalog import Catalog
from catalog.cli.output import say

# The commands of a first session, in order. {folder} is for files, beside the catalog.
STEPS = (
    "register {source} --pool demo --source-column source --labels-column label.abilities",
    "pools",
    'sql "SELECT source, count(*) AS n_members, round(avg(length(response))) AS mean_characters, '
    "mode(labels[1]) AS commonest_ability FROM pool('demo') GROUP BY source "
    'ORDER BY n_members DESC"',
    "embed demo",
    'search demo "put these words into order" -k 3',
    "losses train demo --proxy tiny",
    "states demo --model tiny",
    "score demo n_tokens depth --model tiny",
    "signals demo",
    "select s2l demo --budget 10% --as s2l",
    "select fisher_sft demo --budget 10% --as fisher_sft",
    "select ila demo --budget 10% --as ila",
    "compare s2l fisher_sft ila -o {folder}/demo.png",
    "verify s2l",
    "export s2l --format llamafactory -o {folder}/for-llamafactory --overwrite",
)


@click.command()
@click.option(
    "--write",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Only write the generated records to a file.",
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
            f"{path}: continue with `catalog register {path} --pool demo --source-column source "
            "--labels-column label.abilities`"
        )
        return
    home = ctx.find_object(Catalog).store.path  # type: ignore[union-attr]  # the group made it
    program, options = ctx.find_root().command, ["--home", str(home)]
    folder = beside(home)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        source = write_demo(Path(temporary) / "demo.jsonl")
        paths = {"folder": shlex.quote(str(folder)), "source": shlex.quote(str(source))}
        for step in STEPS:
            click.secho(f"\n$ catalog {step.format(folder=folder, source=source.name)}", bold=True)
            status = program.main(
                [*options, *shlex.split(step.format(**paths))], standalone_mode=False
            )
            if status:
                ctx.exit(status)
    say(
        f"\nThe catalog is in {home}, its picture and export in {folder}. "
        f'Continue with `catalog --home {home} sql "SELECT ..."`'
    )


def beside(home: Path) -> Path:
    """Return the folder for the demo's files, beside the catalog's folder.

    >>> beside(Path("/data/.catalog"))
    PosixPath('/data/catalog-files')
    """
    home = home.resolve()
    return home.with_name(f"{home.name.lstrip('.')}-files")
