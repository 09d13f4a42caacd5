"""Subsets and pools as files that trainers read; `export` writes every format.

To add a format, write a file with a function under `exporter`, and its test. The choices of
``--format``, the suffixes and the folder formats follow.

An export is **lossy** when an instruction cannot be read back unchanged (with the same
fingerprint), or when the format's trainer does not use a part of it as meant: an answer, tools,
media, rejected answers, weights of turns, an order that matters. The trainers' formats leave out
labels and metadata, and jsonl and parquet keep them; that does not count as a loss.

Loaders read a file as columns, so each key has one type over the whole file
(`catalog.export.key_types`). That takes two passes over the records; the first collects the keys.

Where the order of a selection matters, ``axolotl`` states it in its YAML file and ``llamafactory``
writes one. In the other trainers' formats the order is a loss.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path, PurePath

from catalog.errors import OptionError
from catalog.export.folder import write_folder
from catalog.export.registry import (
    Exporter,
    FolderTarget,
    SideFile,
    exporter,
    exporter_names,
    exporters,
    folder_formats,
)
from catalog.export.report import Tally
from catalog.export.suffix import exporter_for, is_lines
from catalog.export.write import Batches, HashedOutput, Work
from catalog.notebook import NotebookResult
from catalog.store.atomic import COMPRESSIONS, new_file, opened
from catalog.store.file_hash import sha256_of
from catalog.store.store import Store

__all__ = [
    "Batches",
    "Exported",
    "Exporter",
    "FolderTarget",
    "SideFile",
    "export",
    "exporter",
    "exporter_names",
    "exporters",
    "folder_formats",
]


@dataclass(frozen=True, kw_only=True)
class Exported(NotebookResult):
    """Result of an export.

    Attributes:
        reference: the exported pool or subset as ``name@version``, or None.
        format: the name of the format.
        files: the files, or the URL of one, the data first; none for standard output.
        n_rows: the number of rows; most formats write one for each instruction.
        n_bytes: the size of the files; 0 for standard output.
        members_sha256: the hash of the fingerprints in the order written. For a subset it equals
            the subset's own.
        lost: the number of instructions that lost something, by cause, the commonest first. An
            instruction may count under several causes.
        sha256: the hash of each of the files, or of what went to standard output.
        not_recorded: why the catalog does not record the export; None if it does.
    """

    reference: str | None
    format: str
    files: tuple[Path | str, ...]
    n_rows: int
    n_bytes: int
    members_sha256: str
    lost: dict[str, int]
    sha256: tuple[str, ...]
    not_recorded: str | None = None


def export(
    batches: Batches,
    *,
    format: str | None,
    path: Path | str,
    name: str,
    reference: str | None = None,
    order_matters: bool = False,
    media_folder: Path | None = None,
    overwrite: bool = False,
    allow_lossy: bool = False,
    store: Store | None = None,
) -> Exported:
    """Write instructions, in the order in which they come, to a file, a folder or standard output.

    Memory holds one batch (for Parquet one row group). A file appears under its name when it is
    complete and synced to disk. After a failure or Ctrl-C no part of it remains, and an existing
    file is unchanged.

    Args:
        batches: returns the batches, each time from the start. Columns: fingerprint string,
            messages list<struct<role string, content string, extra string>>, system string, tools
            string, rejected string, media string, source string, labels list<string>, metadata
            string, and optionally locations list<struct<path string, location string>>, the files
            that were found at the paths of media. Roles are system, user, assistant and tool.
            extra, rejected, media and metadata are JSON texts. All columns but fingerprint,
            messages and source may be NULL.
        format: a name from `exporter_names`. None chooses the format of the path's suffix, else
            jsonl.
        path: a file; for a folder format a folder, which is created if it does not exist; or "-"
            for standard output (formats of lines only). A ``.gz`` or ``.zst`` at the end of a
            file's name compresses it.
        name: the name of the data set in a trainer's folder: letters, digits and ``_ . - + @``.
            Other formats do not use it.
        reference: the exported pool or subset as ``name@version``; the folders state it.
        order_matters: whether training must keep the order of the instructions.
        media_folder: the folder in which the catalog keeps embedded media, each under its sha256.
            Trainers get paths into it.
        overwrite: replace existing files (and the entry in dataset_info.json).
        allow_lossy: write what the format can hold of every instruction.
        store: the catalog that ``reference`` is read from, for a format of its signals.

    Raises:
        OptionError: no format has that name, the path's suffix belongs to another format, nothing
            can be written at that path, or no instruction has what the format is for, such as an
            answer.
        LossyExportError: the format cannot hold some instructions. The message counts them by
            cause, and nothing is written.
    """
    chosen = exporter_for(PurePath(path), format=format)
    work = Work(
        batches=batches,
        exporter=chosen,
        order_matters=order_matters,
        media_folder=media_folder,
        tally=Tally(chosen.name, allow_lossy),
    )
    files: tuple[Path, ...] = ()
    sha256: tuple[str, ...] = ()
    if str(path) == "-":
        sha256 = (_to_standard_output(work),)
    elif chosen.layout == "folder":
        target = FolderTarget(
            folder=Path(path),
            name=name,
            reference=reference,
            order_matters=order_matters,
            overwrite=overwrite,
        )
        files = (target.data, *(side_file.path for side_file in write_folder(work, target)))
    else:
        files = _to_file(work, Path(path), overwrite=overwrite, source=(store, reference))
    if files:
        sha256 = tuple(_sha256(file) for file in files)
    return Exported(
        reference=reference,
        format=chosen.name,
        files=files,
        n_rows=work.tally.n_rows,
        n_bytes=sum(file.stat().st_size for file in files),
        members_sha256=work.members.hexdigest(),
        lost=dict(work.tally.lost.most_common()),
        sha256=sha256,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return sha256_of(file)


def _to_standard_output(work: Work) -> str:
    """Write to standard output, and return the hash of the bytes."""
    if work.exporter.layout != "lines":
        streamed = [item.name for item in exporters() if item.layout == "lines"]
        raise OptionError(
            f"{work.exporter.name} cannot go to standard output, only {', '.join(streamed)} can: "
            "name a path"
        )
    output = HashedOutput(sys.stdout.buffer)
    work.write_lines(output, work.survey())
    sys.stdout.buffer.flush()
    return output.sha256.hexdigest()


def _to_file(
    work: Work, path: Path, *, overwrite: bool, source: tuple[Store | None, str | None]
) -> tuple[Path, ...]:
    compression = path.suffix if path.suffix in COMPRESSIONS else ""
    layout = work.exporter.layout
    if layout in ("table", "catalog") and compression:
        raise OptionError(
            f"{path}: {work.exporter.name} compresses its own contents: remove {compression}"
        )
    with (
        new_file(path, overwrite=overwrite) as temporary,
        opened(temporary, ending=compression) as file,
    ):
        if layout == "catalog":
            store, reference = source
            assert store is not None  # `Catalog.export` names both
            assert reference is not None
            work.write_catalog(file, store, reference)
            return (path,)
        survey = work.survey()
        if layout == "table":
            work.write_table(file, survey)
        elif layout == "array" and not is_lines(path):
            work.write_array(file, survey)
        else:
            work.write_lines(file, survey)
    return (path,)
