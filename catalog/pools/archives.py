"""Read the members of zip and tar archives as streams, without unpacking to a folder."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from catalog.errors import SourceError
from catalog.messages import listed, one_line
from catalog.pools.folders import Choice, chosen
from catalog.pools.readers.compression import refuse_expansion

MAX_MEMBERS = 10_000
"""Maximum number of members of an archive. The report lists every data file among them."""

MAX_BYTES = 64 * 2**30
"""Maximum plain bytes of all members of an archive."""

_ENCRYPTED = 1
_TAR_MARKS = (b"ustar\0", b"ustar ")  # of POSIX and of GNU
_TAR_START = 257


@dataclass
class Member:
    """Member of an archive.

    Attributes:
        name: its name in the archive.
        size: its bytes in the archive.
        stream: its plain bytes, open until the next member is requested.
    """

    name: str
    size: int
    stream: BinaryIO


def is_tar(head: bytes) -> bool:
    """Return whether a file with these first bytes is a tar archive."""
    return head.startswith(_TAR_MARKS, _TAR_START)


def zip_members(
    archive: zipfile.ZipFile, *, name: str, member: str | None
) -> tuple[Choice, Iterator[Member]]:
    """Return the data files of a zip archive, by name.

    Raises:
        SourceError: the archive is too large or encrypted, or has no such member.
    """
    infos = {info.filename: info for info in archive.infolist() if not info.filename.endswith("/")}
    if member is not None and member not in infos:
        raise no_member(name, member, infos)
    choice = chosen(list(infos)) if member is None else Choice(names=[member])

    def members() -> Iterator[Member]:
        for inside in choice.names:
            info = infos[inside]
            if info.flag_bits & _ENCRYPTED:
                message = f"{name}!/{inside} is encrypted: unpack the archive with its password"
                raise SourceError(message, reason="corrupt_archive")
            with opened_member(archive, info, name=name) as stream:
                yield Member(inside, info.compress_size, stream)

    return choice, members()


def opened_zip(binary: BinaryIO, *, name: str) -> zipfile.ZipFile:
    """Open a zip archive whose members stay within the limits.

    Raises:
        SourceError: the archive is damaged, or too large.
    """
    try:
        archive = zipfile.ZipFile(binary)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise damaged(name, error) from error
    infos = archive.infolist()
    refuse_members(name, n_members=len(infos), n_bytes=sum(info.file_size for info in infos))
    refuse_expansion(
        name, n_packed=binary.seek(0, io.SEEK_END), n_plain=sum(info.file_size for info in infos)
    )
    return archive


def opened_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, name: str) -> BinaryIO:
    """Open a member of a zip archive.

    Raises:
        SourceError: the member is damaged, or its compression is unknown.
    """
    try:
        stream: BinaryIO = archive.open(info)  # type: ignore[assignment]
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:
        raise damaged(f"{name}!/{info.filename}", error) from error
    return stream


def tar_members(
    plain: Iterator[bytes], choice: Choice, *, name: str, member: str | None
) -> Iterator[Member]:
    """Yield the data files of a tar archive in one pass, in their order.

    Args:
        plain: the archive's bytes.
        choice: collects every member.
        name: the archive's name.
        member: the only member to read, or None.

    Raises:
        SourceError: the archive is damaged, too large, or has no such member.
    """
    n_members = n_bytes = 0
    others: list[str] = []
    for archive, info in _tar_infos(plain, name=name):
        n_members, n_bytes = n_members + 1, n_bytes + info.size
        refuse_members(name, n_members=n_members, n_bytes=n_bytes)
        if info.isdir():
            continue
        others.append(info.name)
        if member is None:
            is_wanted = choice.add(_noted(info))
        else:
            is_wanted = info.name == member
        if is_wanted:
            stream = archive.extractfile(info)
            if stream is None or info.issparse():
                raise damaged(
                    f"{name}!/{info.name}", ValueError("it is stored as a link or with holes")
                )
            yield Member(info.name, info.size, stream)  # type: ignore[arg-type]
            if member is not None:
                return
    if member is not None:
        raise no_member(name, member, others)


def _noted(info: tarfile.TarInfo) -> str:
    """Return a member's name, with a slash after that of a link or a device."""
    return info.name if info.isreg() else f"{info.name}/"


def _tar_infos(
    plain: Iterator[bytes], *, name: str
) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    errors = (
        tarfile.TarError,
        ValueError,
        OSError,
        EOFError,
        zlib.error,
        OverflowError,
        IndexError,
    )
    try:
        archive = tarfile.open(fileobj=Joined(plain), mode="r|")  # noqa: SIM115 - closed below
    except errors as error:
        raise damaged(name, error) from error
    with archive:
        while True:
            try:
                info = archive.next()
            except errors as error:
                raise damaged(name, error) from error
            if info is None:
                return
            archive.members = []  # type: ignore[attr-defined]  # tarfile keeps all members
            yield archive, info


class Joined(io.RawIOBase):
    """Blocks of bytes as a forward-only file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return the next ``size`` bytes, or fewer at the end."""
        parts: list[bytes] = []
        n_bytes = 0
        while size < 0 or n_bytes < size:
            block = self._held or next(self._blocks, None)
            if block is None:
                break
            take = len(block) if size < 0 else min(len(block), size - n_bytes)
            parts.append(block[:take])
            self._held = block[take:]
            n_bytes += take
        return b"".join(parts)


def refuse_members(name: str, *, n_members: int, n_bytes: int) -> None:
    """Refuse an archive of too many members or bytes.

    Raises:
        SourceError: the archive has more than `MAX_MEMBERS` or `MAX_BYTES`.
    """
    how = "unpack it and name its files"
    if n_members > MAX_MEMBERS:
        message = f"{name} has at least {n_members:,} members, the limit is {MAX_MEMBERS:,}: {how}"
        raise SourceError(message, reason="too_large")
    if n_bytes > MAX_BYTES:
        message = f"{name} unpacks to at least {n_bytes:,} bytes, the limit is {MAX_BYTES:,}: {how}"
        raise SourceError(message, reason="too_large")


def no_member(name: str, member: str, there: object) -> SourceError:
    """Return the error for an archive or workbook without the named member."""
    known = listed(there)  # type: ignore[arg-type]
    return SourceError(f"{name} has no {member}; it has {known}", reason="not_found")


def damaged(name: str, error: Exception) -> SourceError:
    """Return the error for an archive that cannot be read."""
    return SourceError(
        f"{name}: the archive is damaged: {one_line(error)}", reason="corrupt_archive"
    )
