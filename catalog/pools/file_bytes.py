"""Bytes of a source file, counted and hashed while they are read."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from catalog.errors import CatalogError, SourceError
from catalog.messages import one_line
from catalog.pools.sources import Source, unreadable

BLOCK = 2**20
"""Bytes of one read."""

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)


@dataclass
class Counter:
    """Count of the bytes read from all sources, before decompression."""

    n_bytes: int = 0


class FileBytes(Iterator[bytes]):
    """The blocks of a file in order, before decompression.

    Attributes:
        n_bytes: bytes so far.
        is_ended: whether the last block was read.
    """

    def __init__(self, binary: BinaryIO, *, source: Source, counter: Counter) -> None:
        self.n_bytes = 0
        self._binary, self._source, self._counter = binary, source, counter
        self._hash = hashlib.sha256()
        self.is_ended = False

    def __next__(self) -> bytes:
        """Return the next block.

        Raises:
            SourceError: the file system, or the archive, cannot read it.
        """
        try:
            block = self._binary.read(BLOCK)
        except CatalogError:
            raise
        except _DAMAGE as error:
            name = self._source.name
            raise SourceError(
                f"{name} is damaged: {one_line(error)}", reason="corrupt_archive"
            ) from error
        except Exception as error:  # network errors have many types
            raise unreadable(self._source.name, error) from error
        if not block:
            self.is_ended = True
            raise StopIteration
        self.n_bytes += len(block)
        self._counter.n_bytes += len(block)
        self._hash.update(block)
        return block

    def sha256(self, *, is_sought: bool) -> str:
        """Read what is left, and return the hash of the whole file.

        Args:
            is_sought: whether a reader may have moved to other places of the file meanwhile.

        Raises:
            SourceError: as `__next__`.
        """
        if not self.is_ended:
            if is_sought:
                self._binary.seek(self.n_bytes)
            for _ in self:
                pass
        return self._hash.hexdigest()
