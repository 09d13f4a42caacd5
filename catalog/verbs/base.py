"""What every verb of the catalog stands on: a folder, and how long to wait for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from catalog.store.database import WAIT, reading
from catalog.store.folders import Home
from catalog.store.references import Reference, resolve

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


class Opened:
    """A catalog's folder; no connection is held between calls."""

    def __init__(self, home: Path, *, wait: float = WAIT) -> None:
        self.home = Home(home)
        self.wait = wait

    def find(self, reference: str) -> Reference:
        """The version of a pool or subset that a reference names.

        Raises:
            ReferenceNotFoundError: there is none; the message suggests the nearest name.
        """
        with reading(self.home, wait=self.wait) as connection:
            return resolve(connection, reference)


def frame(table: pa.Table) -> pl.DataFrame:
    """An Arrow table as polars."""
    import polars as pl

    answer = pl.from_arrow(table)
    assert isinstance(answer, pl.DataFrame)
    return answer
