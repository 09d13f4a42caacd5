"""The answer of a query as a lazy polars frame, which is never whole in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from catalog.frames import to_polars

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

Opening = Callable[[], AbstractContextManager["pa.RecordBatchReader"]]


def lazy_frame(opening: Opening) -> pl.LazyFrame:
    """Return a lazy frame over batches, which are read anew each time that it is used.

    Conditions, columns and limits of the frame apply to each batch, and a limit ends the reading.
    """
    from polars.io.plugins import register_io_source

    with opening() as reader:
        schema = _frame(reader.schema.empty_table()).schema

    def batches(
        columns: list[str] | None,
        condition: pl.Expr | None,
        n_rows: int | None,
        n_at_once: int | None,
    ) -> Iterator[pl.DataFrame]:
        left = n_rows
        with opening() as reader:
            for batch in reader:
                frame = _frame(batch)
                if left is not None:
                    frame = frame.head(left)
                    left -= frame.height
                if condition is not None:
                    frame = frame.filter(condition)
                yield frame if columns is None else frame.select(columns)
                if left == 0:
                    return

    return register_io_source(batches, schema=schema, validate_schema=False)


def _frame(batch: pa.Table | pa.RecordBatch) -> pl.DataFrame:
    import pyarrow as pa

    return to_polars(pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch)
