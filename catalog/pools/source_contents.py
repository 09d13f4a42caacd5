"""Open the contents of a source: one file, an archive's members, or a workbook's sheets."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import BinaryIO

from catalog.errors import SourceError
from catalog.messages import listed
from catalog.pools.archives import (
    MAX_BYTES,
    Member,
    is_tar,
    no_member,
    opened_zip,
    tar_members,
    zip_members,
)
from catalog.pools.file_bytes import Counter, FileBytes
from catalog.pools.files import Opened, head_of, text
from catalog.pools.folders import Choice
from catalog.pools.readers import arrow_ipc
from catalog.pools.readers.compression import compression_of, unpacked
from catalog.pools.readers.excel import has_rows, is_workbook, sheets
from catalog.pools.sources import STDIN, Source, unreadable
from catalog.store.file_systems import is_url

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # an archive with members, an empty archive
_PARQUET = b"PAR1"


def contents(source: Source, *, counter: Counter) -> Generator[Opened, None, None]:
    """Yield the files of a source. Each is open until the next one is requested.

    Raises:
        SourceError: the source is unreadable, empty, damaged, too large, without data, or of an
            unknown kind.
    """
    if source.frame is not None:
        yield Opened(source, kind="frame")
        return
    before = counter.n_bytes
    binary = source.open()
    try:
        notes = list(source.notes)
        for opened in _files(binary, source=source, counter=counter, is_member=False):
            opened.notes[:0], notes = notes, []
            yield opened
    finally:
        if source.name != STDIN:
            binary.close()
    if source.size is not None:  # tables and zip archives are read in another order
        counter.n_bytes = before + source.size


def _files(
    binary: BinaryIO, *, source: Source, counter: Counter, is_member: bool
) -> Iterator[Opened]:
    raw = FileBytes(binary, source=source, counter=counter)
    first = next(raw, b"")
    compression = compression_of(first)
    plain: Iterator[bytes] = chain([first], raw)
    if compression:
        plain = unpacked(plain, compression=compression, name=source.name)
    head = head_of(plain)
    whole = chain([head], plain)
    is_plain = not (compression or is_member or source.name == STDIN)
    if head.startswith(_PARQUET):
        is_near = is_plain and not is_url(source.name)  # what is far is read once, into a copy
        with _seekable(whole, binary if is_near else None, name=source.name) as file:
            yield Opened(source, compression, kind="parquet", binary=file, raw=raw)
    elif head.startswith(_ZIP):
        with _seekable(whole, binary if is_plain else None, name=source.name) as file:
            for opened in _zipped(file, source=source, counter=counter, is_member=is_member):
                opened.raw = opened.raw or raw  # a sheet has the bytes of its workbook
                yield opened
    elif is_tar(head):
        yield from _tar(whole, source=source, is_member=is_member)
    elif head.startswith(arrow_ipc.FILE) or arrow_ipc.is_stream(head):
        yield Opened(source, compression, kind="arrow", packed=whole, raw=raw)
    else:
        opened = text(plain, head, source=source, compression=compression)
        opened.raw = raw
        yield opened


def _seekable(whole: Iterable[bytes], plain: BinaryIO | None, *, name: str) -> BinaryIO:
    """Return a seekable file: the given one, or a temporary copy that closing deletes."""
    if plain is not None:
        return plain
    copy = tempfile.TemporaryFile(prefix="catalog-")  # noqa: SIM115 - the caller closes it
    try:
        n_bytes = 0
        for block in whole:
            n_bytes += copy.write(block)
            if n_bytes > MAX_BYTES:
                message = (
                    f"{name} unpacks to at least {n_bytes:,} bytes, the limit is {MAX_BYTES:,}: "
                    "unpack it"
                )
                raise SourceError(message, reason="too_large")
    except OSError as error:  # the folder for temporary files is full
        copy.close()
        raise unreadable(f"{name}, unpacked into {tempfile.gettempdir()}", error) from error
    except BaseException:
        copy.close()
        raise
    return copy


def _zipped(
    file: BinaryIO, *, source: Source, counter: Counter, is_member: bool
) -> Iterator[Opened]:
    archive = opened_zip(file, name=source.name)
    with archive:
        if is_workbook(archive):
            yield from _workbook(archive, file, source=source)
            return
        _refuse_nested(source, is_member=is_member)
        choice, members = zip_members(archive, name=source.name, member=source.member)
        yield from _members(members, choice, source=source, counter=counter)


def _workbook(archive: zipfile.ZipFile, file: BinaryIO, *, source: Source) -> Iterator[Opened]:
    all_sheets = sheets(archive, file, name=source.name)
    if source.member is not None and source.member not in all_sheets:
        raise no_member(source.name, source.member, all_sheets)
    hidden = [title for title, sheet in all_sheets.items() if sheet.sheet_state != "visible"]
    wanted, notes = [title for title in all_sheets if title not in hidden], []
    if source.member is not None:
        wanted = [source.member]
    elif hidden:
        notes = [f"skipped: {len(hidden):,} hidden sheets ({listed(hidden)})"]
    n_empty = 0
    for title in wanted:
        inside = inside_of(source, title, size=None)
        if not has_rows(all_sheets[title], name=inside.name):
            n_empty += 1
            continue
        yield Opened(inside, kind="excel", sheet=all_sheets[title], notes=notes)
        notes = []
    if n_empty == len(wanted):
        raise SourceError(f"{source.name} has no sheet with rows", reason="empty_file")


def _tar(whole: Iterator[bytes], *, source: Source, is_member: bool) -> Iterator[Opened]:
    _refuse_nested(source, is_member=is_member)
    choice = Choice()
    members = tar_members(whole, choice, name=source.name, member=source.member)
    yield from _members(members, choice, source=source, counter=None)


def _members(
    members: Iterator[Member], choice: Choice, *, source: Source, counter: Counter | None
) -> Iterator[Opened]:
    """Yield the contents of the members.

    The first one carries the note, which is complete after the last one. A tar archive is counted
    while it is read, so it has no counter.
    """
    first: Opened | None = None
    for member in members:
        inside = inside_of(source, member.name, size=member.size)
        for opened in _files(member.stream, source=inside, counter=Counter(), is_member=True):
            first = first or opened
            yield opened
        if counter is not None:
            counter.n_bytes += member.size
    note = choice.note()
    if first is None:
        message = f"{source.name} has no data files" + (f" ({note})" if note else "")
        raise SourceError(f"{message}: unpack it and name its files", reason="empty_file")
    if note:
        first.notes.append(f"{source.name}: {note}")


def inside_of(source: Source, member: str, *, size: int | None) -> Source:
    """Return a member of an archive, or a sheet of a workbook, with the label of its source.

    >>> inside_of(Source("a.zip", 9, label="mine"), "b/train.csv", size=5).name
    'a.zip!/b/train.csv'
    """
    return replace(source, name=f"{source.name}!/{member}", size=size, member=None, notes=())


def _refuse_nested(source: Source, *, is_member: bool) -> None:
    if is_member:
        raise SourceError(
            f"{source.name} is an archive inside an archive: unpack the outer one",
            reason="wrong_container",
        )
