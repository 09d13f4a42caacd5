"""Command `completion`, and the values that a shell completes: names of this catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

SHELLS = ("bash", "zsh", "fish")
PROGRAM, VARIABLE = "catalog", "_CATALOG_COMPLETE"

# Zsh defines compdef only after compinit.
_STARTED = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u; }\n"

# Bash ends a word at the @ of NAME@VERSION.
_WHOLE_REFERENCES = "COMP_WORDBREAKS=${COMP_WORDBREAKS//@/}\n"

Items = Iterator[tuple[str, str]]  # kind and value


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes commands, options and names in SHELL.

    \b
    bash  eval "$(catalog completion bash)"            in ~/.bashrc
    zsh   eval "$(catalog completion zsh)"             in ~/.zshrc
    fish  catalog completion fish | source             in ~/.config/fish/config.fish
    """
    from catalog.cli import main

    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"no completion for {shell}")
    source = script(main, {}, PROGRAM, VARIABLE).source()
    if shell == "zsh":
        source = source.replace("\n", f"\n{_STARTED}", 1)  # after its #compdef
    click.echo(source + (_WHOLE_REFERENCES if shell == "bash" else ""))


class CatalogName(click.types.StringParamType):
    """Name in the catalog, which a shell completes.

    Args:
        items: returns pairs of kind and value, of the catalog's folder and the incomplete text.
    """

    def __init__(self, items: Callable[[Path, str], Items]) -> None:
        self.items = items

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[Any]]:
        """Return the values that begin with the text; none where the catalog cannot be read."""
        home = Path(ctx.find_root().params["home"])
        try:
            items = list(self.items(home, incomplete))
        except Exception:  # a shell that completes a word has no place for an error
            return []
        kinds = {value: kind for kind, value in items if value.startswith(incomplete)}
        return [CompletionItem(value, help=kind) for value, kind in kinds.items()]


def completing(command: click.Command, *, of: str = "") -> click.Command:
    """Complete the parameters of a command, and of its commands, that name what a catalog has."""
    name = f"{of} {command.name}".strip()
    for param in command.params:
        items = _ITEMS.get(f"{name} {param.name}") or _ITEMS.get(str(param.name))
        if items and type(param.type) is click.types.StringParamType:
            param.type = CatalogName(items)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            completing(each, of=name)
    return command


def _references(home: Path, incomplete: str) -> Items:
    """Yield pools and subsets; the versions and tags of one after an ``@``."""
    name, separator, _ = incomplete.partition("@")
    if separator:
        return _read(home, "versions", name=name)
    return _read(home, "references")


def _subsets(home: Path, incomplete: str) -> Items:
    found = _references(home, incomplete)
    return (each for each in found if "@" in incomplete or each[0] == "subset")


def _selectors(home: Path, incomplete: str) -> Items:
    from catalog.store.paths import package_data_dir

    files = sorted(package_data_dir("selectors").glob("*.sql"))
    kept = _read(home, "selectors") if (home / "catalog.duckdb").exists() else iter(())
    return chain((("built-in", path.stem) for path in files), kept)


def _scores(home: Path, incomplete: str) -> Items:
    from catalog.signals.score_definitions import SUMMARIES, built_in_scores

    names = (("score", name) for name in (*SUMMARIES, *built_in_scores()))
    return chain(names, _read(home, "signals", kind="score"))


def _signals(kind: str) -> Callable[[Path, str], Items]:
    return lambda home, incomplete: _read(home, "signals", kind=kind)


def _read(home: Path, block: str, /, **params: str) -> Items:
    """Yield the rows of a query; a catalog that another process writes to is not waited for."""
    from catalog.store.queries import query
    from catalog.store.store import Store

    with Store(home, wait=0.0).reading() as connection:
        yield from connection.sql(query(f"completion/{block}"), params=params).fetchall()


_ITEMS: dict[str, Callable[[Path, str], Items]] = {
    **dict.fromkeys(("pool", "reference", "references", "left", "right"), _references),
    **dict.fromkeys(("target_of", "against"), _references),
    **dict.fromkeys(("depth", "rank_by", "scores"), _signals("score")),
    **dict.fromkeys(("verify reference", "why reference", "refresh name"), _subsets),
    **dict.fromkeys(("selector", "selectors show name", "selectors lint names"), _selectors),
    "selectors remove name": lambda home, incomplete: _read(home, "selectors"),
    "score names": _scores,
    "scores drop name": _signals("score"),
    "scores remove name": lambda home, incomplete: _read(home, "formulas"),
    "encoder": _signals("embedding"),
    "proxy": _signals("losses"),
    "model": _signals("losses"),
}
"""What a parameter's values are, by its name, or by the names of its command and itself."""
