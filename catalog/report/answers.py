"""What the page asks the server: one function for each question, by the name of its address."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import OptionError, UsageError
from catalog.query import worker
from catalog.query.default_limits import QUERY_MEMORY, SELECTION_MEMORY
from catalog.query.executor import Limits
from catalog.query.stream import run
from catalog.query.tokens import tokens
from catalog.report.comparisons import compared
from catalog.report.definitions import definitions
from catalog.report.duplicates import duplicates
from catalog.report.page_data import PageData, read_marks
from catalog.report.plain import plain_cells, plain_rows
from catalog.report.reading import read
from catalog.report.saving import written_selector
from catalog.report.versions import pool_versions, version_diff
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.pools.modes import Mark

SQL_LIMITS = Limits(memory=QUERY_MEMORY, seconds=60)
SELECTION_LIMITS = Limits(memory=SELECTION_MEMORY)
N_ROWS = 500
"""Rows that the page shows of an answer to a query, and the most that it asks for at once."""

LONGEST_CELL = 200
"""Characters that the page shows of a cell of an answer to a query."""

N_NEAREST = 50
"""Members that a search by meaning finds."""


@dataclass(frozen=True)
class Answers:
    """Answers to the page's questions about one pool or subset.

    Each opens the database for itself and closes it again, so that an open page keeps no writer
    waiting. SQL of the user runs in a child process, under the limits of `catalog sql`.

    Attributes:
        store: the catalog's files and database.
        page: what the page shows.
        folder: where selectors are saved; None if nothing may be written.
        watch: called with the percentage done while SQL of the user runs; raises to end it.
    """

    store: Store
    page: PageData
    folder: Path | None = None
    watch: Callable[[float], None] | None = None

    def packed(self) -> bytes:
        """Return the data of the page with the marks as they are now; see `PageData.packed`."""
        page = self.page
        for column in page.columns:
            if column.name == "mark":
                marks = read_marks(self.store, page.reference, page.positions, limits=SQL_LIMITS)
                column.values[:] = marks.values
        return page.packed()

    def rows(self, *, ids: Sequence[int]) -> list[dict[str, Any]]:
        """Return the texts of some members, in the order of their ids."""
        wanted = [self._fingerprint(index) for index in ids[:N_ROWS]]
        table = self._run("rows", fingerprints=wanted)
        by_fingerprint = {row["fingerprint"]: row for row in plain_rows(table)}
        return [
            by_fingerprint[fingerprint] | {"id": index}
            for index, fingerprint in zip(ids, wanted, strict=False)
            if fingerprint in by_fingerprint
        ]

    def losses(self, *, id: int) -> list[float]:
        """Return the loss trajectory of a member, in the order of training."""
        table = self._run("trajectory", fingerprint=self._fingerprint(id))
        return [loss for row in table["losses"].to_pylist() for loss in row]

    def clusters(self) -> list[dict[str, Any]]:
        """Return the clusters of loss trajectories; see `catalog.report.loss_clusters`."""
        found = self.page.loss_clusters
        if not found:
            return []
        return found.rows

    def duplicates(self) -> dict[str, Any]:
        """Return groups of near-duplicates; see `catalog.report.duplicates.duplicates`."""
        page = self.page
        return duplicates(self.store, page.reference, page.positions, limits=SELECTION_LIMITS)

    def versions(self) -> list[dict[str, Any]]:
        """Return the versions of the pool; see `catalog.report.versions.pool_versions`."""
        return pool_versions(self.store, self.page.reference)

    def diff(self, *, left: str, right: str) -> dict[str, Any]:
        """Return how two versions differ; see `catalog.report.versions.version_diff`."""
        return version_diff(self.store, left, right)

    def neighbours(self, *, id: int) -> list[dict[str, Any]]:
        """Return the members nearest to one, with their cosines and prompts."""
        near = self._run("neighbours", fingerprint=self._fingerprint(id))
        similarities = {
            self.page.positions[row["fingerprint"]]: row["similarity"] for row in near.to_pylist()
        }
        rows = self.rows(ids=list(similarities))
        return [
            {"id": row["id"], "prompt": row["prompt"], "similarity": similarities[row["id"]]}
            for row in rows
        ]

    def why(self, *, id: int, subset: str) -> list[str]:
        """Return why a member is in a subset or not, in sentences."""
        from catalog.why.selected import why

        fingerprint = self._fingerprint(id)
        found = self._limited(why, subset, fingerprint, limits=SELECTION_LIMITS)
        return list(found.lines()[2:])

    def text(self, *, text: str) -> list[int]:
        """Return the ids of the members whose prompt or response holds a text."""
        return self._ids(self._run("text_matches", text=text))

    def meaning(self, *, text: str, k: int = N_NEAREST) -> list[int]:
        """Return the ids of the members whose embeddings are nearest to a text, nearest first."""
        near = self._run("nearest_to_text", text=text, k=k)
        return [self.page.positions[each] for each in near["fingerprint"].to_pylist()]

    def sql(self, *, query: str) -> dict[str, Any]:
        """Return the first rows of a query's answer, and the ids of the members in it.

        ``statement`` is the query as another one may hold it in brackets.
        """
        started = time.monotonic()
        table = self._limited(run, query, limits=replace(SQL_LIMITS, progress=self.watch))
        return {
            "columns": table.column_names,
            "rows": plain_cells(table.slice(0, N_ROWS), longest=LONGEST_CELL),
            "n": table.num_rows,
            "seconds": round(time.monotonic() - started, 3),
            "statement": _without_semicolon(query),
            "ids": self._ids(table) if _has_fingerprints(table) else None,
        }

    def compare(self, *, references: Sequence[str]) -> dict[str, Any]:
        """Return subsets side by side; see `catalog.report.comparisons.compared`."""
        return compared(self.store, references, limits=SELECTION_LIMITS)

    def definitions(self, *, references: Sequence[str]) -> list[dict[str, Any]]:
        """Return what subsets were made from; see `catalog.report.definitions.definitions`."""
        return definitions(self.store, references)

    def quarantine(self) -> dict[str, Any]:
        """Return the records that could not be read; see `catalog.report.quarantine`."""
        from catalog.report.quarantine import quarantine

        return quarantine(self.store, self.page.reference)

    def mark(
        self, *, ids: Sequence[int], mark: Mark | None = None, note: str | None = None
    ) -> dict[str, Any]:
        """Mark members; see `catalog.pools.marks.mark_members`.

        Raises:
            UsageError: the page was started without ``--save``.
        """
        from catalog.pools.marks import mark_members

        self._require_saving()
        fingerprints = [self._fingerprint(index) for index in ids]
        reference = str(self.page.reference)
        marked = mark_members(self.store, reference, fingerprints, mark=mark, note=note)
        return {"change": marked.change, "n_members": len(marked.fingerprints)}

    def save(self, *, name: str, sql: str, budget: int | str) -> dict[str, Any]:
        """Write a selector beside the user's files, and select it as a subset.

        Raises:
            UsageError: the page was started without ``--save``.
            OptionError: a file of that name with another text is there.
        """
        from catalog.selection.selector import find_selector
        from catalog.store.references import check_name
        from catalog.subsets.select import select

        folder = self._require_saving()
        path = folder / f"{check_name(name)}.sql"
        with written_selector(path, sql):
            selected = self._limited(
                select,
                find_selector(self.store, str(path)),
                str(self.page.reference),
                name=name,
                budget=budget,
                limits=SELECTION_LIMITS,
            )
        return {
            "reference": str(selected.reference),
            "n_members": selected.n_members,
            "path": str(path),
            "warnings": list(selected.warnings),
        }

    def _require_saving(self) -> Path:
        if self.folder is None:
            raise UsageError("this page is read-only: start it with `catalog browse --save`")
        return self.folder

    def _fingerprint(self, index: int) -> str:
        if not 0 <= index < len(self.page.fingerprints):
            raise OptionError(f"expected an id below {len(self.page.fingerprints)}, got {index}")
        return self.page.fingerprints[index]

    def _ids(self, table: pa.Table) -> list[int]:
        positions = self.page.positions
        found = table["fingerprint"].to_pylist()
        return sorted({positions[each] for each in found if each in positions})

    def _run(self, name: str, **values: Any) -> pa.Table:
        return read(self.store, name, self.page.reference, limits=SQL_LIMITS, **values)

    def _limited(
        self, function: Callable[..., Any], *values: Any, limits: Limits, **options: Any
    ) -> Any:
        store = self.store.absolute()
        return worker.call(function, store, *values, limits=limits, **options)


QUESTIONS: Mapping[str, Callable[..., Any]] = {"page": Answers.packed} | {
    function.__name__: function
    for function in (
        Answers.rows,
        Answers.losses,
        Answers.clusters,
        Answers.duplicates,
        Answers.versions,
        Answers.diff,
        Answers.neighbours,
        Answers.why,
        Answers.text,
        Answers.meaning,
        Answers.sql,
        Answers.compare,
        Answers.definitions,
        Answers.quarantine,
        Answers.mark,
        Answers.save,
    )
}
"""What the page can ask, by name."""


def _without_semicolon(query: str) -> str:
    """Return a statement without the semicolon that ends it, and what follows that.

    >>> _without_semicolon("SELECT ';' -- one"), _without_semicolon("SELECT 1; -- one")
    ("SELECT ';' -- one", 'SELECT 1')
    """
    end = next((token.start for token in tokens(query) if token.text == ";"), len(query))
    return query[:end]


def _has_fingerprints(table: pa.Table) -> bool:
    """Return whether a table has a column ``fingerprint`` of texts."""
    import pyarrow.types

    return "fingerprint" in table.column_names and any(
        is_text(table.schema.field("fingerprint").type)
        for is_text in (pyarrow.types.is_string, pyarrow.types.is_large_string)
    )
