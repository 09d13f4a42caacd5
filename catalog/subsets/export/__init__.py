"""Subsets and pools as files that trainers read: one target format a file, `export` the one door to them.

An export is **lossy** when the conversation, its system prompt or its tools could not be read back as they were (another fingerprint),
or when the trainer that the format is made for would not use them. Source, labels and metadata stay behind in the trainers' formats and
are kept by jsonl and parquet; that is no loss in this sense.

================  ===============================================  ==================================================
format            what is written                                  what it cannot hold
================  ===============================================  ==================================================
``jsonl``         JSON Lines, every column                         nothing is lost
``messages``      JSON Lines, OpenAI's chat shape (TRL)            nothing of the conversation is lost
``parquet``       Parquet, every column                            nothing is lost
``sharegpt``      a JSON array (JSON Lines for ``.jsonl``)         message keys called from or value
``alpaca``        a JSON array (JSON Lines for ``.jsonl``)         several turns, tools, other message keys, no answer
``llamafactory``  a folder: NAME.jsonl and dataset_info.json       other message keys, turns that do not alternate
``axolotl``       a folder: NAME.jsonl and NAME.yaml               tools that are no JSON list
================  ===============================================  ==================================================
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath

import pyarrow as pa

from catalog.errors import OptionError
from catalog.selection.choose import member_lines
from catalog.subsets.export.alpaca import alpaca
from catalog.subsets.export.axolotl import axolotl, config
from catalog.subsets.export.destination import COMPRESSIONS, new_file, new_folder, opened
from catalog.subsets.export.ending import format_of
from catalog.subsets.export.jsonl import jsonl
from catalog.subsets.export.llamafactory import INFO, dataset_info, llamafactory
from catalog.subsets.export.messages import messages
from catalog.subsets.export.parquet import parquet
from catalog.subsets.export.sharegpt import sharegpt
from catalog.subsets.export.tally import Tally
from catalog.subsets.export.write import Encode, is_lines, write_array, write_lines

__all__ = ["FOLDERS", "FORMATS", "Exported", "export"]

_LINES: dict[str, Encode] = {"jsonl": jsonl, "messages": messages}
_ARRAYS: dict[str, Encode] = {"alpaca": alpaca, "sharegpt": sharegpt}
FOLDERS: dict[str, Encode] = {"llamafactory": llamafactory, "axolotl": axolotl}

FORMATS: tuple[str, ...] = ("jsonl", "alpaca", "sharegpt", "messages", "parquet", "llamafactory", "axolotl")
"""The names that `export` takes."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an export wrote.

    Attributes:
        reference: what they are of, as ``name@version``; None when the export was not told.
        format: one of FORMATS.
        files: the files, the data first; none for standard output.
        n_rows: how many instructions were written.
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
    batches: Iterable[pa.RecordBatch],
    *,
    format: str | None,
    path: Path | str,
    name: str,
    reference: str | None = None,
    overwrite: bool = False,
    allow_lossy: bool = False,
) -> Exported:
    """Write instructions to a file, a trainer's folder or standard output, in the order in which they come.

    Memory holds one batch (for Parquet one row group). A file appears under its name when it is whole and safe on disk; after a failure
    or Ctrl-C nothing of it is left, and what was there before is as it was.

    Args:
        batches: columns fingerprint string, messages list<struct<role string, content string, extra string>>, system string, tools
            string, source string, labels list<string>, metadata string. Roles are system, user, assistant and tool; extra and
            metadata are JSON object texts; extra, system, tools, labels and metadata may be NULL.
        format: one of FORMATS; None takes the one that the path's ending says, else jsonl.
        path: a file; a folder for llamafactory and axolotl, made where it is not; "-" for standard output (jsonl and messages).
            ``.gz`` and ``.zst`` at the end of a file's name compress it.
        name: what a trainer's folder calls the data: letters, digits and ``_ . - + @``. Other formats do not use it.
        reference: what the instructions are of, as ``name@version``; axolotl's file says it.
        overwrite: replace the files (and the entry in dataset_info.json) that are there.
        allow_lossy: write of every instruction what the format can hold.

    Raises:
        OptionError: no such format, or the path's ending says another; or nothing can be written at that path.
        LossyExportError: the format cannot hold some instructions; how many, by cause, is in the message, and nothing was written.
    """
    if format not in (None, *FORMATS):
        raise OptionError(f"--format {format}: no such format; there are {', '.join(FORMATS)}")
    format = format_of(PurePath(path), given=format)
    tally = Tally(format, allow_lossy)
    members = hashlib.sha256()
    batches = _hashed(batches, members)
    if str(path) == "-":
        files = _to_standard_output(batches, tally=tally)
    elif format in FOLDERS:
        files = _to_folder(batches, Path(path), name=name, reference=reference, overwrite=overwrite, tally=tally)
    else:
        files = _to_file(batches, Path(path), overwrite=overwrite, tally=tally)
    return Exported(
        reference=reference,
        format=format,
        files=files,
        n_rows=tally.n_instructions,
        n_bytes=sum(file.stat().st_size for file in files),
        members_sha256=members.hexdigest(),
        lost=dict(tally.lost.most_common()),
    )


def _hashed(batches: Iterable[pa.RecordBatch], members: hashlib._Hash) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        members.update(member_lines(batch.column("fingerprint").to_pylist()))
        yield batch


def _to_standard_output(batches: Iterable[pa.RecordBatch], *, tally: Tally) -> tuple[Path, ...]:
    if tally.format not in _LINES:
        raise OptionError(f"{tally.format} cannot go to standard output, only {' and '.join(_LINES)} can: name a path with -o")
    write_lines(batches, sys.stdout.buffer, encode=_LINES[tally.format], tally=tally)
    sys.stdout.buffer.flush()
    return ()


def _to_file(batches: Iterable[pa.RecordBatch], path: Path, *, overwrite: bool, tally: Tally) -> tuple[Path, ...]:
    ending = path.suffix if path.suffix in COMPRESSIONS else ""
    if tally.format == "parquet" and ending:
        raise OptionError(f"{path}: Parquet is compressed inside, so leave {ending} off")
    with new_file(path, overwrite=overwrite) as temporary, opened(temporary, ending=ending) as file:
        if tally.format == "parquet":
            parquet(batches, file, tally=tally)
        elif tally.format in _ARRAYS and not is_lines(path):
            write_array(batches, file, encode=_ARRAYS[tally.format], tally=tally)
        else:
            write_lines(batches, file, encode={**_LINES, **_ARRAYS}[tally.format], tally=tally)
        tally.check()
    return (path,)


def _to_folder(
    batches: Iterable[pa.RecordBatch], folder: Path, *, name: str, reference: str | None, overwrite: bool, tally: Tally
) -> tuple[Path, ...]:
    if not re.fullmatch(r"[\w+@-][\w.+@-]*", name):
        raise OptionError(f"{name!r} cannot name a data set: use letters, digits and _ . - + @, no full stop first")
    is_shared = tally.format == "llamafactory"  # dataset_info.json has the entries of other data sets too
    data = folder / f"{name}.jsonl"
    note = folder / (INFO if is_shared else f"{name}.yaml")
    if not is_shared and not overwrite and note.exists():
        raise OptionError(f"{note} exists: give these data another name with --name, or add --overwrite")
    with ExitStack() as stack:
        stack.enter_context(new_folder(folder))
        if is_shared:
            dataset_info(folder, name=name, has_tools=False, overwrite=overwrite)  # refuses before the work, not after it
        # What is entered last takes its place first: no entry ever names a file that is not there.
        note_file = stack.enter_context(opened(stack.enter_context(new_file(note, overwrite=overwrite or is_shared))))
        data_file = stack.enter_context(opened(stack.enter_context(new_file(data, overwrite=overwrite))))
        write_lines(batches, data_file, encode=FOLDERS[tally.format], tally=tally)
        tally.check()
        has_tools = tally.n_tools > 0
        if is_shared:
            text = dataset_info(folder, name=name, has_tools=has_tools, overwrite=overwrite)
        else:
            text = config(data, reference=reference, has_tools=has_tools)
        note_file.write(text.encode())
    return data, note
