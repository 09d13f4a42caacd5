"""Subsets: selected, verified, compared, exported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.store.database import reading
from catalog.store.references import resolve
from catalog.verbs.base import Opened, frame

if TYPE_CHECKING:
    import polars as pl

    from catalog.selection.selector import Selector
    from catalog.subsets.compare import Comparison
    from catalog.subsets.export import Exported
    from catalog.subsets.select import Selected
    from catalog.subsets.verify import Verification


class Subsets(Opened):
    """What can be done with selections and subsets."""

    def select(
        self,
        selector: str,
        source: str,
        *,
        budget: int | str,
        name: str,
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
        memory: str | None = None,
        use_cache: bool = True,
        dry_run: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Selected:
        """Select members of a pool or subset and keep them as a subset; see `catalog.subsets.select.select`."""
        from catalog.selection.execution import Limits
        from catalog.selection.selector import find_selector
        from catalog.subsets.select import select

        limits = Limits(memory=memory, wait=self.wait, progress=progress, is_memoised=use_cache)
        found = find_selector(self.home, selector, wait=self.wait)
        return select(self.home, found, source, name=name, budget=budget, settings=settings, seed=seed, is_dry_run=dry_run, limits=limits)

    def reselect(
        self,
        name: str,
        *,
        memory: str | None = None,
        use_cache: bool = True,
        dry_run: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Selected:
        """Select again, as a subset was, from its pool as it is now; see `catalog.subsets.select.reselect`."""
        from catalog.selection.execution import Limits
        from catalog.subsets.select import reselect

        limits = Limits(memory=memory, wait=self.wait, progress=progress, is_memoised=use_cache)
        return reselect(self.home, name, is_dry_run=dry_run, limits=limits)

    def verify(self, reference: str, *, memory: str | None = None) -> Verification:
        """Make a subset again and compare; see `catalog.subsets.verify.verify`."""
        from catalog.selection.execution import Limits
        from catalog.subsets.verify import verify

        return verify(self.home, reference, limits=Limits(memory=memory, wait=self.wait, is_memoised=False))

    def compare(self, *references: str, projection: str = "tsne", depth: str = "depth", memory: str | None = None) -> Comparison:
        """Pools and subsets side by side; see `catalog.subsets.compare.compare`."""
        from catalog.selection.execution import Limits
        from catalog.subsets.compare import compare

        return compare(self.home, references, projection=projection, depth=depth, limits=Limits(memory=memory, wait=self.wait))

    def subsets(self) -> pl.DataFrame:
        """Every version of every subset."""
        from catalog.subsets.store import list_subsets

        with reading(self.home, wait=self.wait) as connection:
            return frame(list_subsets(connection))

    def selectors(self) -> list[Selector]:
        """The selection methods: those that come with the package, then those kept in this catalog."""
        from catalog.selection.selector import list_selectors

        return list_selectors(self.home, wait=self.wait)

    def export(
        self, reference: str, path: str | Path, *, format: str = "jsonl", allow_lossy: bool = False, overwrite: bool = False
    ) -> Exported:
        """Write a pool or subset for a trainer; see `catalog.subsets.export.export`."""
        from catalog.store.queries import query
        from catalog.subsets.export import export

        with reading(self.home, wait=self.wait) as connection:
            found = resolve(connection, reference)
            rows = connection.sql(query(f"export/{found.kind}"), params={"id": found.id, "version": found.version})
            target = "-" if str(path) == "-" else Path(path)
            return export(
                rows.to_arrow_reader(10_000), format=format, path=target, name=found.name, allow_lossy=allow_lossy, overwrite=overwrite
            )
