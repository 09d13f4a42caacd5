"""Frames in memory: polars, pandas, and everything that gives an Arrow stream, batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from catalog.errors import SourceError
from catalog.messages import listed, one_line
from catalog.pools.readers.arrow_rows import refuse_types, rows
from catalog.pools.readers.records import Record

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Frame: TypeAlias = "pl.DataFrame | pl.LazyFrame | pd.DataFrame | pa.Table | pa.RecordBatchReader"
"""A frame of records: one row a record, one column a key."""

FRAME = "frame"
"""The name of a frame as a source."""

AT_ONCE = 65_536
"""Rows of a lazy or pandas frame that are Arrow at once."""


def is_frame(value: object) -> bool:
    """Return whether a value is a frame, without an import of its library.

    >>> is_frame(pa.table({"a": [1]})), is_frame("pool.jsonl")
    (True, False)
    """
    return hasattr(value, "__arrow_c_stream__") or hasattr(value, "collect_batches")


def frame_rows(frame: Frame) -> Iterator[Record]:
    """Yield the rows as objects without null fields, as those of a Parquet file.

    A lazy frame is collected batch by batch. An index of pandas is no column.

    Raises:
        SourceError: a column's type cannot be read, or two columns have one name.
    """
    n = 0
    try:
        for reader in _readers(frame):
            _refuse_repeated(reader.schema.names)
            refuse_types(reader.schema, name=FRAME)
            for batch in reader:
                yield from rows(batch, first=n, name=FRAME)
                n += batch.num_rows
    except SourceError:
        raise
    except Exception as error:  # a plan of polars fails with errors of every kind
        raise SourceError(
            f"the frame cannot be read as Arrow: {one_line(error)}", reason="unreadable"
        ) from error


def _readers(frame: Any) -> Iterator[pa.RecordBatchReader]:
    """Yield the parts of a frame as Arrow streams; the first one has the columns."""
    for part in _parts(frame):
        yield pa.RecordBatchReader.from_stream(part)


def _parts(frame: Any) -> Iterable[Any]:
    if hasattr(frame, "collect_batches"):
        batches: Iterable[Any] = frame.collect_batches(chunk_size=AT_ONCE, maintain_order=True)
        return batches
    if type(frame).__module__.startswith("pandas"):
        _refuse_repeated(list(map(str, frame.columns)))
        starts = range(0, max(1, len(frame)), AT_ONCE)
        return (_table_of_pandas(frame.iloc[start : start + AT_ONCE]) for start in starts)
    return [frame]


def _table_of_pandas(frame: pd.DataFrame) -> pa.Table:
    named = frame.set_axis(list(map(str, frame.columns)), axis=1)
    return pa.Table.from_pandas(named, preserve_index=False)


def _refuse_repeated(names: list[str]) -> None:
    repeated = [column for column, n in Counter(names).items() if n > 1]
    if repeated:
        raise SourceError(
            f"the frame has several columns of one name ({listed(repeated)}): rename them",
            reason="wrong_container",
        )
