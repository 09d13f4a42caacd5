"""Row blocks on an engine's workers, with the answers that the threads of this process give.

The caller decides the size of a block by the data alone, and answers come in the order of the
blocks. So what a kernel makes of them has the same bits wherever they were computed. A shard is a
span of blocks; its rows lie in the engine's object store, and so do the arrays that every block
reads: they travel once, however often the kernel maps over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import chain
from typing import Any

from catalog.engine import Engine, Shard, Shared
from catalog.engine.local import Local
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.parallel import ForBlocks, row_blocks

SPAN_WORK = 2**32  # multiplications of a shard, some tenths of a second
SPAN_BYTES = 2**26  # of a shard's rows, at most, unless one block has more

Arrays = tuple[Array, ...]
Work = Callable[..., Any]

_engine: ContextVar[Callable[[], Engine]] = ContextVar("engine", default=Local)


@contextmanager
def on_engine(engine: Callable[[], Engine]) -> Iterator[None]:
    """Let kernels inside the block use an engine, which is made once one has work for it."""
    token = _engine.set(engine)
    try:
        yield
    finally:
        _engine.reset(token)


def engine_for(n_shards: int) -> Engine:
    """Return where so many shards are computed: one alone stays here."""
    if n_shards < 2:
        return Local()
    return _engine.get()()


class Spread:
    """Arrays whose rows are mapped in blocks, here or on the workers of the engine.

    Args:
        arrays: each of n rows.
        size: rows of a block.
        for_blocks: the threads of this process, see ``row_blocks``.
        cost: multiplications that a row takes; what fills one shard only stays here.
        name: of the kernel, for messages.
        whole: arrays that every block reads entirely.
        turn: rows, a multiple of ``size``, that are mapped here before `stream` yields; None: all.
    """

    def __init__(
        self,
        *arrays: Array,
        size: int,
        for_blocks: ForBlocks[Any],
        cost: float,
        name: str,
        whole: Sequence[Array] = (),
        turn: int | None = None,
    ) -> None:
        self._arrays, self._whole = arrays, tuple(whole)
        self._n, self._size, self._name = len(arrays[0]), size, name
        self._turn = turn or max(self._n, 1)
        self._for_blocks = for_blocks
        row_bytes = sum(array.nbytes for array in arrays) / max(self._n, 1)
        most = min(SPAN_WORK / max(cost, 1), SPAN_BYTES / max(row_bytes, 1))
        self._span = size * max(1, int(most) // size)
        self._engine = engine_for(-(-self._n // self._span))
        self._shared: list[Shared[Arrays]] = []  # the whole arrays, then those of each span

    def map(self, work: Work, *columns: Array) -> list[Any]:
        """Return the answers for all blocks in their order; see `stream`."""
        return list(chain.from_iterable(self.stream(work, *columns)))

    def stream(self, work: Work, *columns: Array) -> Iterator[list[Any]]:
        """Yield lists of answers for blocks, in their order.

        Args:
            work: a function of a block of each array, of each column, and of the whole arrays. It
                can be pickled and writes into none of them.
            columns: further arrays of n rows, which travel at each call.
        """
        if isinstance(self._engine, Local):
            yield from self._here(work, columns)
            return
        with closing(self._engine.run(_OfSpan(work, self._size), self._shards(columns))) as answers:
            yield from answers

    def _here(self, work: Work, columns: Arrays) -> Iterator[list[Any]]:
        arrays = (*self._arrays, *columns)
        for base in range(0, self._n, self._turn):
            few = tuple(array[base : base + self._turn] for array in arrays)
            yield _mapped(work, few, self._whole, self._size, self._for_blocks)

    def _shards(self, columns: Arrays) -> Iterator[Shard[_Span]]:
        starts = range(0, self._n, self._span)
        if not self._shared:
            self._shared = [self._engine.share(self._whole)]
            self._shared += (self._engine.share(self._rows(self._arrays, a)) for a in starts)
        whole, *spans = self._shared
        for number, start in enumerate(starts):
            last = min(start + self._span, self._n) - 1
            content = _Span(spans[number], whole, self._rows(columns, start))
            yield Shard(number, f"{self._name} of rows {start:,} to {last:,}", content)

    def _rows(self, arrays: Arrays, start: int) -> Arrays:
        return tuple(array[start : start + self._span] for array in arrays)


@dataclass(frozen=True)
class _Span:
    rows: Shared[Arrays]
    whole: Shared[Arrays]
    columns: Arrays


@dataclass(frozen=True)
class _OfSpan:
    """Map over the blocks of one shard, in a worker."""

    work: Work
    size: int

    def __call__(self, shard: Shard[_Span]) -> list[Any]:
        span = shard.content
        with row_blocks() as for_blocks:
            arrays = (*span.rows(), *span.columns)
            return _mapped(self.work, arrays, span.whole(), self.size, for_blocks)


def _mapped(
    work: Work, arrays: Arrays, whole: Arrays, size: int, for_blocks: ForBlocks[Any]
) -> list[Any]:
    def block(start: int, stop: int) -> Any:
        return work(*(array[start:stop] for array in arrays), *whole)

    return for_blocks(block, len(arrays[0]), size)
