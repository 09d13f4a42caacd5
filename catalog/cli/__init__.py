"""Command line: each command parses, calls one method of the catalog, and prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import chain

import click

from catalog.catalog import Catalog
from catalog.cli.completion import completing
from catalog.cli.group import CatalogGroup
from catalog.signals.kinds import KINDS
from catalog.signals.signal_kind import SignalKind

SECTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Pools": {
        "register": ("register",),
        "pools": ("pools", "history", "diff", "quarantine", "tag", "drop"),
        "show": ("show",),
        "restore": ("restore",),
    },
    "Signals": {
        "signals": ("embed", "signals", "scores"),
        "losses": ("losses",),
        "scores": ("states", "gradients", "score", "label"),
        "agreement": ("agreement",),
    },
    "Selections": {
        "select": ("select",),
        "refresh": ("refresh",),
        "explain": ("explain",),
        "selectors": ("selectors",),
        "lineage": ("lineage",),
    },
    "Subsets": {
        "subsets": ("subsets", "verify", "compare"),
        "why": ("why",),
        "mix": ("mix",),
        "overlap": ("overlap",),
        "split": ("split",),
        "tokens": ("tokens",),
        "export": ("export",),
        "runs": ("runs",),
    },
    "Projects": {
        "status": ("status",),
        "project": ("plan", "build", "schema"),
        "test": ("test",),
    },
    "Search and SQL": {
        "search": ("search", "index"),
        "sql": ("sql",),
        "functions": ("functions", "kernels"),
        "look": ("map", "regions", "report", "browse"),
        "mark": ("mark",),
    },
    "Maintenance": {
        "maintenance": ("doctor", "gc", "migrate"),
        "backup": ("init", "backup"),
        "completion": ("completion",),
        "demo": ("demo",),
    },
}
"""The commands by section of the help, each under the module of this package that holds it."""


COMPUTED: Mapping[str, SignalKind] = {
    kind.command.words[0]: kind for kind in KINDS.values() if kind.computation and kind.command
}
"""The kinds of signals whose commands derive from them, by the command."""


class Commands(Mapping[str, click.Command]):
    """Commands by name; a command's module is imported when the command is looked up.

    The commands of kinds of signals that no section lists are those that derive from the kinds.
    """

    def __init__(self) -> None:
        self._modules = {
            name: module
            for modules in SECTIONS.values()
            for module, names in modules.items()
            for name in names
        }
        self.unlisted = [name for name in COMPUTED if name not in self._modules]

    def sections(self) -> dict[str, list[str]]:
        """Return the commands by section of the help, those of further kinds among signals."""
        sections = {title: list(chain(*modules.values())) for title, modules in SECTIONS.items()}
        sections["Signals"] += self.unlisted
        return sections

    def __getitem__(self, name: str) -> click.Command:
        if name in self.unlisted:
            from catalog.cli.kind_command import kind_command

            return completing(kind_command(COMPUTED[name]))
        module = import_module(f"catalog.cli.{self._modules[name]}")
        return completing(getattr(module, name))

    def __iter__(self) -> Iterator[str]:
        return iter((*self._modules, *self.unlisted))

    def __len__(self) -> int:
        return len(self._modules) + len(self.unlisted)


COMMANDS = Commands()


@click.group(
    cls=CatalogGroup,
    commands=COMMANDS,
    sections=COMMANDS.sections(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.option(
    "--home",
    envvar="CATALOG_HOME",
    default=".catalog",
    show_default=True,
    metavar="FOLDER",
    help="The catalog's folder.",
)
@click.option(
    "--wait",
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another process that uses the catalog.",
)
@click.version_option(package_name="catalog")
@click.pass_context
def main(ctx: click.Context, home: str, wait: float) -> None:
    """Choose the data that a language model is fine-tuned on.

    Pools of instructions, signals about them, selections as SQL, versioned subsets, exports.
    """
    ctx.obj = Catalog.open(home, wait=wait, isolated=False)  # this process is expendable itself
