"""The whole job on generated data, without a network."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from catalog.catalog import Catalog
from catalog.cli.output import echo_rows, say
from catalog.cli.pools import pass_catalog

POOL = "demo"
QUERY = """
SELECT source, count(*) AS n_members, round(avg(length(response))) AS mean_characters, mode(labels[1]) AS commonest_ability
FROM pool('demo')
GROUP BY source
ORDER BY n_members DESC
"""


@click.command()
@click.option("--write", "path", type=click.Path(dir_okay=False, path_type=Path), help="Only write the generated records there.")
@pass_catalog
def demo(catalog: Catalog, path: Path | None) -> None:
    """Register a generated pool, query it, export it: the main job in a minute, without a network."""
    from catalog.pools.demo import write_demo

    if path:
        write_demo(path)
        say(f"{path}: go on with `catalog register {path} --pool demo --source-column source --labels-column label.abilities`")
        return
    home = catalog.home.path
    with tempfile.TemporaryDirectory() as folder:
        source = write_demo(Path(folder) / "demo.jsonl")
        _step("register demo.jsonl --pool demo --source-column source --labels-column label.abilities")
        answer = catalog.register(source, pool=POOL, source_column="source", labels_column="label.abilities")
    click.echo(
        f"demo@{answer.version}: {answer.n_members:,} members of {answer.n_rows:,} records, {answer.n_folded:,} exact duplicates folded"
    )
    _step("pools")
    echo_rows(catalog.pools().to_dicts(), is_json=False)
    _step(f'sql "{" ".join(QUERY.split())}"')
    echo_rows(catalog.sql(QUERY).to_dicts(), is_json=False)
    messages = home / "demo.messages.jsonl"
    _step(f"export demo --format messages -o {messages}")
    exported = catalog.export(POOL, messages, format="messages", overwrite=True)
    click.echo(f"{exported.n_rows:,} records, {exported.n_bytes:,} bytes")
    say(f'\nThe catalog is in {home}; go on with `catalog --home {home} sql "SELECT ..."`')


def _step(command: str) -> None:
    click.secho(f"\n$ catalog {command}", bold=True)
