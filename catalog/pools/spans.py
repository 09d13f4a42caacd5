"""Spans of whole lines of a JSON Lines file, which several processes can read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from catalog.pools.file_bytes import BLOCK
from catalog.pools.sources import Source, unreadable


@dataclass(frozen=True)
class Span:
    """Whole lines of a file.

    Attributes:
        start: offset of the first byte.
        stop: offset after the last byte, which is a newline except at the end of the file.
        n_lines_before: number of lines of the file before the span.
    """

    start: int
    stop: int
    n_lines_before: int

    @property
    def n_bytes(self) -> int:
        """Return the number of its bytes."""
        return self.stop - self.start


def spans(blocks: Iterable[bytes], *, n_bytes: int) -> Iterator[Span]:
    r"""Cut a file after the first newline at or after every ``n_bytes``.

    >>> list(spans([b"a\nb", b"b\n\nc"], n_bytes=3))
    [Span(start=0, stop=5, n_lines_before=0), Span(start=5, stop=7, n_lines_before=2)]
    """
    start = n_lines_before = n_lines = position = 0
    for block in blocks:
        counted = 0
        while True:
            cut = block.find(b"\n", max(counted, start + n_bytes - 1 - position)) + 1
            if not cut:
                break
            n_lines += block.count(b"\n", counted, cut)
            yield Span(start, position + cut, n_lines_before)
            start, n_lines_before, counted = position + cut, n_lines, cut
        n_lines += block.count(b"\n", counted)
        position += len(block)
    if start < position:
        yield Span(start, position, n_lines_before)


def span_blocks(source: Source, span: Span) -> Iterator[bytes]:
    """Yield the bytes of a span in the blocks in which the whole file would be read.

    Raises:
        SourceError: the file system cannot read it.
    """
    position = span.start
    try:
        with source.open() as file:
            file.seek(position)
            while position < span.stop:
                block = file.read(min(BLOCK - position % BLOCK, span.stop - position))
                if not block:
                    return
                position += len(block)
                yield block
    except OSError as error:
        raise unreadable(source.name, error) from error
