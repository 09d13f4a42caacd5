"""Token ids of a pool on disk: written shard by shard, read by position, never all in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from catalog.models.tokens import NO_LOSS, Tokens


class TokenFile(Sequence[Tokens]):
    """Token ids of instructions in a folder: a sequence of `catalog.models.tokens.Tokens`."""

    def __init__(self, folder: Path) -> None:
        rows = np.load(
            folder / "rows.npy"
        )  # (n, 4): end of its ids, start, is_truncated, reason's number from 1
        self._between = np.load(folder / "between.npy")  # (m, 3): row, first and one past the last
        self._ends = rows[:, 0]
        self._rest = rows[:, 1:].astype(np.int32)
        size = int(self._ends[-1]) if len(rows) else 0
        self._ids: Any = np.zeros(0, dtype=np.int32)
        if size:
            self._ids = np.memmap(folder / "ids.bin", dtype=np.int32, mode="r", shape=(size,))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> Tokens: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tokens]: ...
    def __getitem__(self, index: int | slice) -> Tokens | list[Tokens]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        i = index % len(self)
        start, is_truncated, reason = (int(value) for value in self._rest[i])
        ids = np.array(self._ids[int(self._ends[i - 1]) if i else 0 : int(self._ends[i])])
        first, stop = np.searchsorted(self._between[:, 0], [i, i + 1])
        return Tokens(
            ids,
            start,
            is_truncated=bool(is_truncated),
            reason=NO_LOSS[reason - 1] if reason else None,
            between=tuple((int(a), int(b)) for _, a, b in self._between[first:stop]),
        )


def write_tokens(folder: Path, shards: Iterable[Sequence[Tokens]]) -> TokenFile:
    """Write instructions' token ids into a folder, one shard in memory at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[np.ndarray[Any, Any]] = []
    between: list[tuple[int, int, int]] = []
    n_rows = 0
    with (folder / "ids.bin").open("wb") as stream:
        end = 0
        for shard in shards:
            for row, each in enumerate(shard, start=n_rows):
                stream.write(each.ids.astype(np.int32, copy=False).tobytes())
                between += [(row, *pair) for pair in each.between]
            n_rows += len(shard)
            rows.append(np.array([*_rows(shard, end)], dtype=np.int64).reshape(-1, 4))
            if len(shard):
                end = int(rows[-1][-1, 0])
    np.save(folder / "between.npy", np.array(between, dtype=np.int64).reshape(-1, 3))
    np.save(folder / "rows.npy", np.concatenate(rows) if rows else np.zeros((0, 4), dtype=np.int64))
    return TokenFile(folder)


def _rows(shard: Sequence[Tokens], end: int) -> Iterator[tuple[int, int, int, int]]:
    for each in shard:
        end += len(each.ids)
        yield (
            end,
            each.start,
            each.is_truncated,
            NO_LOSS.index(each.reason) + 1 if each.reason else 0,
        )
