"""Divide the files of a load into parts, which processes read one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count

from catalog.errors import SourceError
from catalog.pools.batch import BatchBuilder
from catalog.pools.file_bytes import Counter, FileBytes
from catalog.pools.file_reader import FileReader
from catalog.pools.media import MediaReader
from catalog.pools.options import ReadOptions
from catalog.pools.source_contents import contents
from catalog.pools.sources import STDIN, Source
from catalog.pools.spans import Span, spans
from catalog.store.file_systems import is_url

_START = 4096


@dataclass(frozen=True)
class Part:
    """Adjacent files of a load, or a span of one file.

    Attributes:
        number: the place of the part in the load, from 0.
        sources: the files.
        span: the span of the only file; None for whole files.
        whole: the bytes of a file in spans, counted and hashed once its last span is known.
    """

    number: int
    sources: tuple[Source, ...]
    span: Span | None = None
    whole: FileBytes | None = field(default=None, repr=False, compare=False)

    @property
    def is_portable(self) -> bool:
        """Return whether another process can read it: no frame, no standard input."""
        return all(source.frame is None and source.name != STDIN for source in self.sources)

    @property
    def is_continued(self) -> bool:
        """Return whether an earlier part has the beginning of its file."""
        return self.span is not None and self.span.start > 0

    @property
    def name(self) -> str:
        """Return the part for a message.

        >>> Part(0, (Source("a.jsonl", 9),), Span(3, 9, 1)).name
        'a.jsonl, bytes 3 to 9'
        """
        first, last = self.sources[0].name, self.sources[-1].name
        if self.span is not None:
            return f"{first}, bytes {self.span.start:,} to {self.span.stop:,}"
        if first == last:
            return first
        return f"{first} to {last}"


def divided(
    sources: Sequence[Source], options: ReadOptions, *, n_bytes: int, in_spans: bool = True
) -> Iterator[Part]:
    """Yield the parts of a load in order, each of about ``n_bytes``.

    A JSON Lines file in UTF-8 of at least twice as many bytes is cut into spans of whole lines,
    unless ``in_spans`` is False. Any other file is read as a whole; small ones are read together.

    Raises:
        SourceError: a file that is cut cannot be read.
    """
    number = count()
    for files in _grouped(sources, n_bytes=n_bytes):
        is_large = files[0].size is not None and files[0].size >= 2 * n_bytes
        if in_spans and is_large and _is_divisible(files[0], options):
            yield from _in_spans(files[0], number, n_bytes=n_bytes)
        else:
            yield Part(next(number), files)


def _grouped(sources: Sequence[Source], *, n_bytes: int) -> Iterator[tuple[Source, ...]]:
    """Yield adjacent files of together at most ``n_bytes``, and each other file alone."""
    group: list[Source] = []
    n_grouped = 0
    for source in sources:
        size = 2 * n_bytes if source.size is None else source.size
        if group and n_grouped + size > n_bytes:
            yield tuple(group)
            group, n_grouped = [], 0
        group.append(source)
        n_grouped += size
    if group:
        yield tuple(group)


def _is_divisible(source: Source, options: ReadOptions) -> bool:
    """Return whether a file is JSON Lines in UTF-8 on a local disk."""
    if is_url(source.name) or source.member is not None:
        return False
    try:
        with source.open() as file:
            if b"\0" in file.read(_START):  # a table, an archive, a compressed file or UTF-16
                return False
        with closing(contents(source, counter=Counter())) as files:
            reader = FileReader(
                next(files), options=options, builder=BatchBuilder(), media=MediaReader()
            )
            return reader.is_divisible
    except (OSError, SourceError):  # its reader raises the error again, in the order of the files
        return False


def _in_spans(source: Source, number: Iterator[int], *, n_bytes: int) -> Iterator[Part]:
    with source.open() as binary:
        whole = FileBytes(binary, source=source, counter=Counter())
        cut = spans(whole, n_bytes=n_bytes)
        last = next(cut, None)
        for span in cut:
            yield Part(next(number), (source,), last, whole)
            last = span
        if last is not None:  # the file has ended now, and its hash is known
            yield Part(next(number), (source,), last, whole)
