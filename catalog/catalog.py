"""The catalog: one folder, and everything that can be done with it. Each method is one delegation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.store.database import WAIT, upgrade
from catalog.verbs.base import QUERY_MEMORY, frame
from catalog.verbs.pools import Pools
from catalog.verbs.signals import Signals
from catalog.verbs.subsets import Subsets

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from catalog.maintenance.database_doctor import Finding
    from catalog.maintenance.gc import Sweep

DEFAULT_HOME = ".catalog"


class Catalog(Pools, Signals, Subsets):
    """A catalog in a folder. Open one with `Catalog.open`; it holds no connection between calls."""

    @classmethod
    def open(
        cls, home: str | Path | None = None, *, wait: float = WAIT, isolated: bool = True
    ) -> Catalog:
        """Open a catalog; the folder is made when something is first written.

        Args:
            home: its folder; else the environment's ``CATALOG_HOME``, else ``./.catalog``.
            wait: seconds to wait for another process that holds it.
            isolated: run SQL in a child process, whose memory and time are bounded whatever a query calls; False
                runs it in this process, where one call of a function is not stopped and its memory
                not taken back.
        """
        return cls(
            Path(home or os.environ.get("CATALOG_HOME") or DEFAULT_HOME).expanduser(),
            wait=wait,
            is_isolated=isolated,
        )

    def sql(
        self,
        query: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        memory: str | None = QUERY_MEMORY,
        seconds: float | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> pl.DataFrame:
        """Answer one SELECT in the catalog's dialect; see `catalog.query.stream.run`."""
        from catalog.query.executor import Limits
        from catalog.query.stream import run

        limits = Limits(memory=memory, seconds=seconds, wait=self.wait, progress=progress)
        return frame(self._limited(run, query, parameters=parameters, limits=limits))

    @contextmanager
    def stream(
        self,
        query: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        name: str = "query",
        memory: str | None = QUERY_MEMORY,
        seconds: float | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Iterator[pa.RecordBatchReader]:
        """Answer one SELECT batch by batch, however many rows it has."""
        from catalog.query import worker
        from catalog.query.executor import Limits
        from catalog.query.stream import stream

        limits = Limits(memory=memory, seconds=seconds, wait=self.wait, progress=progress)
        options: dict[str, Any] = {"parameters": parameters, "name": name, "limits": limits}
        if not self.is_isolated:
            with stream(self.home, query, **options) as reader:
                yield reader
            return
        with worker.stream(stream, self._here(), query, **options) as reader:
            yield reader

    def doctor(self, *, full: bool = False, record: bool = False) -> list[Finding]:
        """List what is wrong with the catalog; see `catalog.maintenance.doctor.examine`."""
        from catalog.maintenance.doctor import examine

        return examine(self.home, is_full=full or record, is_recording=record, wait=self.wait)

    def gc(self, *, dry_run: bool = False, cache: bool = False, damaged: bool = False) -> Sweep:
        """Remove what nothing refers to any more; with ``cache`` kept answers too, with ``damaged`` shards that are not as written."""
        from catalog.maintenance.gc import gc
        from catalog.maintenance.repair import forget_damaged
        from catalog.query import cache as memo

        if cache and not dry_run:
            memo.sweep(self.home)
        n_damaged = forget_damaged(self.home, wait=self.wait) if damaged and not dry_run else 0
        return gc(self.home, is_dry_run=dry_run, n_damaged=n_damaged, wait=self.wait)

    def migrate(self, *, dry_run: bool = False) -> list[str]:
        """Apply the migrations that are still to apply, and name them."""
        return [
            migration.path for migration in upgrade(self.home, wait=self.wait, is_dry_run=dry_run)
        ]
