"""Subsets: selected, verified, compared, exported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import OptionError
from catalog.store.database import reading
from catalog.store.queries import query
from catalog.store.references import resolve
from catalog.verbs.base import SELECTION_MEMORY, Opened, frame

if TYPE_CHECKING:
    import polars as pl

    from catalog.export import Exported
    from catalog.selection.explain import Explanation
    from catalog.selection.saved import AddedSelector
    from catalog.selection.selector import Selector
    from catalog.subsets.compare import Comparison
    from catalog.subsets.select import Selected
    from catalog.subsets.verify import Verification
    from catalog.why.selected import Why


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
        supersede: bool = False,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
        use_cache: bool = True,
        dry_run: bool = False,
        strict: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Selected:
        """Select members of a pool or subset and keep them as a subset; see `catalog.subsets.select.select`."""
        from catalog.query.executor import Limits
        from catalog.selection.selector import find_selector
        from catalog.subsets.select import select

        limits = Limits(
            memory=memory, seconds=seconds, wait=self.wait, progress=progress, is_memoised=use_cache
        )
        found = find_selector(self.home, selector, wait=self.wait)
        options = {"name": name, "budget": budget, "settings": settings, "seed": seed}
        options |= {"is_superseding": supersede, "is_dry_run": dry_run, "is_strict": strict}
        return self._limited(select, found, source, **options, limits=limits)

    def reselect(
        self,
        name: str,
        *,
        budget: int | str | None = None,
        settings: Mapping[str, Any] | None = None,
        supersede: bool = False,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
        use_cache: bool = True,
        dry_run: bool = False,
        strict: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Selected:
        """Select again, as a subset was, from the current versions of its pools; see `catalog.subsets.select.reselect`."""
        from catalog.query.executor import Limits
        from catalog.subsets.select import reselect

        limits = Limits(
            memory=memory, seconds=seconds, wait=self.wait, progress=progress, is_memoised=use_cache
        )
        options = {"budget": budget, "settings": settings, "is_superseding": supersede}
        options |= {"is_dry_run": dry_run, "is_strict": strict}
        return self._limited(reselect, name, **options, limits=limits)

    def verify(self, reference: str, *, memory: str | None = SELECTION_MEMORY) -> Verification:
        """Make a subset again and compare; see `catalog.subsets.verify.verify`."""
        from catalog.query.executor import Limits
        from catalog.subsets.verify import verify

        limits = Limits(memory=memory, wait=self.wait, is_memoised=False)
        return self._limited(verify, reference, limits=limits)

    def why(
        self, reference: str, which: str | int, *, memory: str | None = SELECTION_MEMORY
    ) -> Why:
        """Why a row of the pool is in a subset, or what it lacked; see `catalog.why.selected.why`."""
        from catalog.query.executor import Limits
        from catalog.why.selected import why

        limits = Limits(memory=memory, wait=self.wait)
        return self._limited(why, reference, which, limits=limits)

    def compare(
        self,
        *references: str,
        projection: str = "tsne",
        depth: str = "depth",
        encoder: str | None = None,
        proxy: str | None = None,
        memory: str | None = SELECTION_MEMORY,
    ) -> Comparison:
        """Pools and subsets side by side; see `catalog.subsets.compare.compare`."""
        from catalog.query.executor import Limits
        from catalog.subsets.compare import compare

        limits = Limits(memory=memory, wait=self.wait)
        return compare(
            self.home,
            references,
            projection=projection,
            depth=depth,
            encoder=encoder,
            proxy=proxy,
            limits=limits,
        )

    def subsets(self) -> pl.DataFrame:
        """Every version of every subset."""
        from catalog.subsets.store import list_subsets

        with reading(self.home, wait=self.wait) as connection:
            return frame(list_subsets(connection))

    def explain(
        self,
        selector: str,
        source: str,
        *,
        budget: int | str = "10%",
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
        memory: str | None = SELECTION_MEMORY,
    ) -> Explanation:
        """What a selection would do: functions, signals, and what the missing ones cost; see `catalog.selection.explain.explain`."""
        from catalog.query.executor import Limits
        from catalog.selection.explain import explain_selection
        from catalog.selection.selector import find_selector

        limits = Limits(memory=memory, wait=self.wait)
        found = find_selector(self.home, selector, wait=self.wait)
        options = {"budget": budget, "seed": seed, "settings": settings}
        return self._limited(explain_selection, found, source, **options, limits=limits)

    def selector(self, name: str) -> Selector:
        """A selection method by name, or by the path of a ``.sql`` file."""
        from catalog.selection.selector import find_selector

        return find_selector(self.home, name, wait=self.wait)

    def add_selector(self, path: str | Path) -> AddedSelector:
        """Keep a selector's file in the catalog, under its name; see `catalog.selection.saved.add_selector`."""
        from catalog.selection.saved import add_selector

        return add_selector(self.home, str(path), wait=self.wait)

    def remove_selector(self, name: str) -> None:
        """Remove a selector that this catalog keeps; see `catalog.selection.saved.remove_selector`."""
        from catalog.selection.saved import remove_selector

        remove_selector(self.home, name, wait=self.wait)

    def selectors(self) -> list[Selector]:
        """The selection methods: those that come with the package, then those kept in this catalog."""
        from catalog.selection.selector import list_selectors

        return list_selectors(self.home, wait=self.wait)

    def export(
        self,
        reference: str,
        path: str | Path,
        *,
        format: str | None = None,
        name: str | None = None,
        allow_lossy: bool = False,
        overwrite: bool = False,
    ) -> Exported:
        """Write a pool or subset for a trainer, whose folder calls it by its own name or ``name``; see `catalog.export.export`."""
        from catalog.export import FOLDERS, export
        from catalog.subsets.order import order_matters

        if name and format not in FOLDERS:
            folders = " or ".join(FOLDERS)
            raise OptionError(
                f"--name {name} is what a trainer's folder calls the data: leave it out, or add --format {folders}"
            )
        with reading(self.home, wait=self.wait) as connection:
            found = resolve(connection, reference)
            return export(
                lambda: connection.sql(
                    query("export/records"), params=found.parameters
                ).to_arrow_reader(10_000),
                format=format,
                path="-" if str(path) == "-" else Path(path),
                name=name or found.name,
                reference=str(found),
                order_matters=order_matters(connection, found),
                media_folder=self.home.media,
                allow_lossy=allow_lossy,
                overwrite=overwrite,
            )
