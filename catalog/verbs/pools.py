"""Pools: registered, listed, compared, tagged, dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from catalog.pools import versions
from catalog.store.database import reading, writing
from catalog.store.references import Reference, resolve
from catalog.verbs.base import Opened, frame

if TYPE_CHECKING:
    import polars as pl

    from catalog.pools.register import Progress, Registration
    from catalog.pools.restore import Restoration
    from catalog.subsets.describe import SubsetDescription


class Pools(Opened):
    """What can be done with pools."""

    def register(
        self,
        sources: str | Path | Sequence[str | Path],
        *,
        pool: str,
        format: str = "auto",
        map: Mapping[str, str] | None = None,
        roles: Mapping[str, str] | None = None,
        tree: str | None = None,
        source_column: str | None = None,
        labels_column: str | None = None,
        prompts_only: bool = False,
        hash_media: bool = False,
        entry: str | None = None,
        mode: Literal["replace", "append"] | None = None,
        force: bool = False,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Registration:
        """Register files, folders, globs, URLs or ``-`` as the next version of a pool; see `catalog.pools.register.register`."""
        from catalog.pools.entries import with_entry
        from catalog.pools.options import ReadOptions
        from catalog.pools.register import register

        options = ReadOptions(
            format=format,
            map=dict(map or {}),
            roles=dict(roles or {}),
            tree=tree,
            source_column=source_column,
            labels_column=labels_column,
            prompts_only=prompts_only,
            hash_media=hash_media,
        )
        listed = [
            str(source) for source in ([sources] if isinstance(sources, str | Path) else sources)
        ]
        if entry is not None:
            listed, options = with_entry(listed, options, entry=entry)
        return register(
            self.home,
            listed,
            name=pool,
            options=options,
            mode=mode,
            is_forced=force,
            is_dry_run=dry_run,
            wait=self.wait,
            progress=progress,
        )

    def pools(self) -> pl.DataFrame:
        """Every pool at its newest version."""
        with reading(self.home, wait=self.wait) as connection:
            return frame(versions.list_pools(connection))

    def show(
        self, reference: str, *, n_examples: int = 3
    ) -> versions.Description | SubsetDescription:
        """One version of a pool or a subset in full."""
        from catalog.subsets.describe import describe_subset

        with reading(self.home, wait=self.wait) as connection:
            found = resolve(connection, reference)
            if found.kind == "subset":
                return describe_subset(connection, found, n_examples=n_examples)
            return versions.describe(connection, found, n_examples=n_examples)

    def history(self, pool: str) -> pl.DataFrame:
        """Every version of a pool, oldest first."""
        with reading(self.home, wait=self.wait) as connection:
            return frame(versions.history(connection, pool))

    def diff(self, left: str, right: str, *, n_members: int = 20) -> versions.Diff:
        """How the members of two references differ."""
        with reading(self.home, wait=self.wait) as connection:
            return versions.diff(
                connection,
                resolve(connection, left),
                resolve(connection, right),
                n_members=n_members,
            )

    def quarantine(
        self, pool: str, *, reason: str | None = None, n_records: int = 100
    ) -> pl.DataFrame:
        """Return the records that could not be read, of all loads that make up a version."""
        with reading(self.home, wait=self.wait) as connection:
            reference = resolve(connection, pool, kind="pool")
            return frame(
                versions.quarantined(connection, reference, reason=reason, n_records=n_records)
            )

    def restore(self, reference: str, *, dry_run: bool = False) -> Restoration:
        """Make an older version of a pool the newest; see `catalog.pools.restore.restore`."""
        from catalog.pools.restore import restore

        return restore(self.home, reference, is_dry_run=dry_run, wait=self.wait)

    def tag(self, reference: str, tag: str) -> Reference:
        """Name one version; a tag that is there moves."""
        with writing(self.home, wait=self.wait) as connection:
            found = resolve(connection, reference)
            versions.tag(connection, found, tag)
            return found

    def drop(self, reference: str) -> Reference:
        """Remove a pool with its history, a subset, or one version of a subset."""
        with writing(self.home, wait=self.wait) as connection:
            return versions.drop(connection, reference)
