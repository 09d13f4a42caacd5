"""Registry of export formats: one file a format, whose function `exporter` registers.

Other packages add formats through the entry-point group ``catalog.exporters``, whose entry points
name modules that use `exporter`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from catalog.errors import OptionError
from catalog.export.survey import Survey
from catalog.export.trainer import Trainer
from catalog.plugins import load_plugins

ENTRY_POINTS = "catalog.exporters"

DEFAULT = "jsonl"
"""The format of a path whose suffix names no format, and of a suffix that several formats share."""

Layout = Literal["lines", "array", "table", "folder", "catalog"]

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class FolderTarget:
    """Folder of a trainer that an export writes.

    Attributes:
        folder: the folder.
        name: the name of the data set in it.
        reference: the exported pool or subset as ``name@version``, or None.
        order_matters: whether training must keep the order of the instructions.
        overwrite: whether existing files and entries may be replaced.
    """

    folder: Path
    name: str
    reference: str | None
    order_matters: bool
    overwrite: bool

    @property
    def data(self) -> Path:
        """Return the path of the file of the instructions."""
        return self.folder / f"{self.name}.jsonl"


class SideFile(NamedTuple):
    """File beside the data of a trainer's folder.

    ``text`` returns its content. ``is_shared`` marks a file that describes several data sets, so
    that it may exist before.
    """

    path: Path
    text: Callable[[Survey], str]
    is_shared: bool = False


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """Registered export format.

    Attributes:
        name: its name, which ``format=`` takes.
        function: the registered function.
        layout: the shape of its file, see `exporter`.
        suffixes: the suffixes of its files.
        turns: the key of a row's turns where the format keeps the keys of messages, else None.
        trainer: what the trainer of the format reads; None for a format that keeps everything.
        side_files: returns the files beside the data of a folder, or None.
        summary: the first line of the function's docstring.
        loses: what the format cannot hold, for documentation.
    """

    name: str
    function: Callable[..., Any]
    layout: Layout
    suffixes: tuple[str, ...]
    turns: str | None
    trainer: Trainer | None
    side_files: Callable[[FolderTarget], list[SideFile]] | None
    summary: str
    loses: str


REGISTRY: dict[str, Exporter] = {}
"""The formats registered so far, by name. `exporters` completes it first."""


def exporter(
    name: str,
    *,
    layout: Layout,
    loses: str,
    suffixes: tuple[str, ...] = (),
    turns: str | None = None,
    trainer: Trainer | None = None,
    side_files: Callable[[FolderTarget], list[SideFile]] | None = None,
) -> Callable[[Function], Function]:
    """Register a function as an export format.

    Args:
        name: the name of the format.
        layout: ``lines`` (JSON Lines), ``array`` (a JSON array, or JSON Lines for ``.jsonl``),
            ``folder`` (JSON Lines in a folder with side files), ``table`` (a binary file) or
            ``catalog`` (a binary file of what the catalog knows of the members). A function of the
            first three takes a `Record` and a `Survey` and returns `Encoded`. A function of a table
            takes the batches, an open file and ``survey=``, and returns the number of rows. A
            function of the last takes the store, the reference and an open file, and returns the
            fingerprints in the order written.
        loses: what the format cannot hold, for documentation.
        suffixes: the suffixes of its files, such as ``.jsonl``.
        turns: the key of a row's turns, if the format keeps the keys of messages as they are.
        trainer: what the trainer of the format reads.
        side_files: returns the files beside the data; only for folders.

    Raises:
        OptionError: another module registers a format of the same name.
    """

    def register(function: Function) -> Function:
        earlier = REGISTRY.get(name)
        if earlier is not None and earlier.function.__module__ != function.__module__:
            raise OptionError(
                f"two export formats are named {name}: "
                f"one in {earlier.function.__module__}, one in {function.__module__}"
            )
        REGISTRY[name] = Exporter(
            name=name,
            function=function,
            layout=layout,
            suffixes=suffixes,
            turns=turns,
            trainer=trainer,
            side_files=side_files,
            summary=(function.__doc__ or "").strip().partition("\n")[0],
            loses=loses,
        )
        return function

    return register


def exporters() -> tuple[Exporter, ...]:
    """Return every export format, by name."""
    load_plugins(ENTRY_POINTS, package="catalog.export")
    return tuple(REGISTRY[name] for name in sorted(REGISTRY))


def exporter_names() -> tuple[str, ...]:
    """Return the name of every export format.

    >>> exporter_names()[:3]
    ('alpaca', 'atlas', 'axolotl')
    """
    return tuple(item.name for item in exporters())


def folder_formats() -> tuple[str, ...]:
    """Return the names of the formats that write a trainer's folder.

    >>> folder_formats()
    ('axolotl', 'llamafactory')
    """
    return tuple(item.name for item in exporters() if item.layout == "folder")


def exporter_named(name: str) -> Exporter:
    """Return the export format with that name.

    Raises:
        OptionError: no format has that name.
    """
    names = exporter_names()
    if name not in names:
        raise OptionError(f"no export format is named {name}: expected one of {', '.join(names)}")
    return REGISTRY[name]
