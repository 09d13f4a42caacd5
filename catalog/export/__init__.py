"""Subsets and pools as files that trainers read: one target format a file, `export` the one door to them.

An export is **lossy** when the instruction could not be read back as it was (another fingerprint),
or when the trainer that the format is made for would not use a part of it as meant: an answer,
tools, media, rejected answers, weights of turns, an order that matters. Labels and metadata stay
behind in the trainers' formats and are kept by jsonl and parquet; that is no loss in this sense.

Loaders read a file as columns, so each key has one type over the whole file
(`catalog.export.keys`). That takes two passes over the records, the first to see what they have.

================  ===============================================
================================================================== format            what is written
what it cannot hold ================  ===============================================
================================================================== ``jsonl``         JSON Lines,
every column                         message keys of several types ``messages``      JSON Lines,
OpenAI's chat shape (TRL)            rejected answers, videos, audios, weights, tools that are no
list ``dpo``           JSON Lines, prompt, chosen, rejected (TRL)       members without a rejected
answer, several of them, and the same ``parquet``       Parquet, every column
nothing is lost ``sharegpt``      a JSON array (JSON Lines for ``.jsonl``)         rejected answers,
weights, message keys called from or value ``alpaca``        a JSON array (JSON Lines for
``.jsonl``)         several turns, tools, media, other message keys ``llamafactory``  a folder:
NAME.jsonl and dataset_info.json       other message keys, turns that do not alternate ``axolotl``
a folder: NAME.jsonl and NAME.yaml               rejected answers, videos, audios, several images,
fractional weights ================  ===============================================
==================================================================

Where the order of a selection matters, ``axolotl`` says so in its YAML file and ``llamafactory``
writes one; elsewhere it is a loss.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path, PurePath

from catalog.errors import OptionError
from catalog.export.folder import write_folder
from catalog.export.report import Tally
from catalog.export.suffix import format_of
from catalog.export.write import ARRAYS, FOLDERS, LINES, Batches, Work, is_lines
from catalog.store.atomic import COMPRESSIONS, new_file, opened

__all__ = ["FOLDERS", "FORMATS", "Batches", "Exported", "export"]

FORMATS: tuple[str, ...] = (
    "jsonl",
    "alpaca",
    "sharegpt",
    "messages",
    "dpo",
    "parquet",
    "llamafactory",
    "axolotl",
)
"""The names that `export` takes."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an export wrote.

    Attributes:
        reference: what they are of, as ``name@version``; None when the export was not told.
        format: one of FORMATS.
        files: the files, the data first; none for standard output.
        n_rows: how many rows were written, one for an instruction as a rule.
        n_bytes: the size of these files; 0 for standard output.
        members_sha256: of the fingerprints in the order written; that of the subset, when it is one.
        lost: how many instructions lost something, by cause, the commonest first; an instruction may count under several.
    """

    reference: str | None
    format: str
    files: tuple[Path, ...]
    n_rows: int
    n_bytes: int
    members_sha256: str
    lost: dict[str, int]


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
) -> Exported:
    """Write instructions to a file, a trainer's folder or standard output, in the order in which they come.

    Memory holds one batch (for Parquet one row group). A file appears under its name when it is
    whole and safe on disk; after a failure or Ctrl-C nothing of it is left, and what was there
    before is as it was.

    Args:
        batches: gives the batches, each time from the start: columns fingerprint string, messages list<struct<role string, content
            string, extra string>>, system string, tools string, rejected string, media string,
            source string, labels list<string>, metadata string, and perhaps locations
            list<struct<path string, location string>>, the files that were found at the paths of
            media. Roles are system, user, assistant and tool; extra, rejected, media and metadata
            are JSON texts; all but fingerprint, messages and source may be NULL.
        format: one of FORMATS; None takes the one that the path's ending says, else jsonl.
        path: a file; a folder for llamafactory and axolotl, made where it is not; "-" for standard
            output (jsonl, messages and dpo). ``.gz`` and ``.zst`` at the end of a file's name
            compress it.
        name: what a trainer's folder calls the data: letters, digits and ``_ . - + @``. Other
            formats do not use it.
        reference: what the instructions are of, as ``name@version``; the trainers' folders say it.
        order_matters: whether they train in their order and in no other.
        media_folder: where the catalog keeps embedded media, each under its sha256; trainers are
            given paths into it.
        overwrite: replace the files (and the entry in dataset_info.json) that are there.
        allow_lossy: write what the format can hold of every instruction.

    Raises:
        OptionError: no such format, or the path's ending says another; nothing can be written at that path; or no instruction has what
            the format is for, such as an answer.
        LossyExportError: the format cannot hold some instructions; how many, by cause, is in the
            message, and nothing was written.
    """
    if format not in (None, *FORMATS):
        raise OptionError(f"--format {format}: no such format; there are {', '.join(FORMATS)}")
    format = format_of(PurePath(path), given=format)
    work = Work(
        batches=batches,
        order_matters=order_matters,
        media_folder=media_folder,
        tally=Tally(format, allow_lossy),
    )
    if str(path) == "-":
        files = _to_standard_output(work)
    elif format in FOLDERS:
        files = write_folder(work, Path(path), name=name, reference=reference, overwrite=overwrite)
    else:
        files = _to_file(work, Path(path), overwrite=overwrite)
    return Exported(
        reference=reference,
        format=format,
        files=files,
        n_rows=work.tally.n_rows,
        n_bytes=sum(file.stat().st_size for file in files),
        members_sha256=work.members.hexdigest(),
        lost=dict(work.tally.lost.most_common()),
    )


def _to_standard_output(work: Work) -> tuple[Path, ...]:
    if work.tally.format not in LINES:
        raise OptionError(
            f"{work.tally.format} cannot go to standard output, only {' and '.join(LINES)} can: name a path with -o"
        )
    work.write_lines(sys.stdout.buffer, work.survey())
    sys.stdout.buffer.flush()
    return ()


def _to_file(work: Work, path: Path, *, overwrite: bool) -> tuple[Path, ...]:
    ending = path.suffix if path.suffix in COMPRESSIONS else ""
    format = work.tally.format
    if format == "parquet" and ending:
        raise OptionError(f"{path}: Parquet is compressed inside, so leave {ending} off")
    with new_file(path, overwrite=overwrite) as temporary, opened(temporary, ending=ending) as file:
        survey = work.survey()
        if format == "parquet":
            work.write_parquet(file, survey)
        elif format in ARRAYS and not is_lines(path):
            work.write_array(file, survey)
        else:
            work.write_lines(file, survey)
    return (path,)
