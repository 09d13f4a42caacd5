"""What every verb of the catalog stands on: a folder, and how long to wait for others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from catalog.store.database import WAIT, reading
from catalog.store.paths import Home
from catalog.store.references import Reference, resolve

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from catalog.query.executor import Limits

Answer = TypeVar("Answer")

QUERY_MEMORY = "2GB"  # of one query
SELECTION_MEMORY = "4GB"  # of a selection, its kernels included


class Opened:
    """A catalog's folder; no connection is held between calls."""

    def __init__(self, home: Path, *, wait: float = WAIT, is_isolated: bool = True) -> None:
        self.home = Home(home)
        self.wait = wait
        self.is_isolated = is_isolated

    def _limited(
        self, function: Callable[..., Answer], *args: Any, limits: Limits, **kwargs: Any
    ) -> Answer:
        """Call what runs SQL that others wrote, on this catalog: in a child process, or here."""
        from catalog.query import worker

        if not self.is_isolated:
            return function(self.home, *args, limits=limits, **kwargs)
        return worker.call(function, self._here(), *args, limits=limits, **kwargs)

    def _here(self) -> Home:
        """Return the home by its whole path: a child may have started in another folder."""
        return Home(self.home.path.absolute())

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
