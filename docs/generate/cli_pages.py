"""The reference of the command line, from click's own objects."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

import click

from catalog.cli import main

HEAD = """# Command line

Every command that prints a table takes `--json`. Data goes to stdout; progress and warnings go to
stderr.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | wrong usage |
| 3 | a verification, test or status found something |
| 130 | interrupted; what was committed stays |

`CATALOG_HOME` names the catalog's folder if `--home` is not given.
"""


def pages() -> dict[str, str]:
    """Return the page of the command line by its path."""
    commands = list(walk(main, ()))
    parts = [HEAD, "## Global options\n", _options(main), "## Commands\n"]
    parts += [_table(title, names, commands) for title, names in main.sections.items()]
    parts += [_section(name, command) for name, command in commands]
    return {"reference/cli.md": "\n".join(parts)}


def _table(title: str, names: Sequence[str], commands: list[tuple[str, click.Command]]) -> str:
    """Return the commands of one section of the help, in its order."""
    rows = [
        f"| [`{name}`](#{anchor(name)}) | {command.get_short_help_str(200)} |"
        for first in names
        for name, command in commands
        if name.split()[0] == first
    ]
    return "\n".join([f"### {title}\n", "| command | what it does |", "|---|---|", *rows]) + "\n"


def walk(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, with its full name, in alphabetical order."""
    for name, command in sorted(group.commands.items()):
        full = (*path, name)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield " ".join(full), command
        if isinstance(command, click.Group):
            yield from walk(command, full)


def anchor(name: str) -> str:
    """Return the anchor of a command's section."""
    return f"catalog-{name.replace(' ', '-')}"


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"catalog {name}")
    help_text = inspect.cleandoc(command.help or "").replace("\b\n", "")
    paragraphs = [_paragraph(part) for part in help_text.split("\n\n")]
    usage = f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```"
    parts = [f"## catalog {name}\n", *[f"{part}\n" for part in paragraphs], usage + "\n"]
    return "\n".join([*parts, _options(command)])


def _paragraph(text: str) -> str:
    """Keep aligned columns as they are, and join other lines."""
    return f"```text\n{text}\n```" if "   " in text else " ".join(text.split())


def _options(command: click.Command) -> str:
    context = click.Context(command, info_name=command.name)
    records = [
        record
        for param in command.get_params(context)
        if isinstance(param, click.Option) and (record := param.get_help_record(context))
    ]
    rows = [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in records]
    return "\n".join(["| option | meaning |", "|---|---|", *rows]) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
