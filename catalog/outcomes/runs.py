"""Results of training on a pool or subset, recorded where the data was selected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.errors import OptionError
from catalog.notebook import NotebookResult
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import check_reference, resolve
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Run(NotebookResult):
    """Run that was recorded.

    Attributes:
        run_id: its number.
        reference: what was trained on, as ``name@version``.
        metrics: its results by name.
        note: what else is worth knowing.
        url: where the run is described.
    """

    run_id: int
    reference: str
    metrics: dict[str, float]
    note: str | None
    url: str | None


def add_run(
    store: Store,
    text: str,
    metrics: Mapping[str, float],
    *,
    note: str | None = None,
    url: str | None = None,
) -> Run:
    """Record the results of a run that was trained on one version of a pool or subset.

    Args:
        store: the catalog's files and database.
        text: the pool or subset; without a version it is the newest.
        metrics: finite numbers by name, at least one.
        note: what else is worth knowing.
        url: where the run is described.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        OptionError: there is no metric, a name is empty, or a value is not a finite number.
    """
    numbers = _numbers(metrics)
    with store.reading() as connection:
        resolve(connection, text)  # before writing creates a catalog
    with store.writing() as connection:
        found = resolve(connection, text)
        ((run_id,),) = connection.sql("SELECT nextval('run_ids')").fetchall()
        row = {"run_id": run_id, "name": found.name, "note": note or None, "url": url or None}
        connection.execute(query("outcomes/add_run"), found.parameters | row)
        for metric, value in numbers.items():
            result = {"run_id": run_id, "metric": metric, "value": value}
            connection.execute(query("outcomes/add_evaluation"), result)
    return Run(run_id, str(found), numbers, note or None, url or None)


def list_runs(connection: Connection, text: str | None = None) -> pa.Table:
    """Return the recorded runs, one row for each metric, the newest run first.

    Args:
        connection: a reader's.
        text: a name, for the runs of all its versions, also of those that were dropped; a name with
            a version or tag; None for all runs.

    Raises:
        ReferenceNotFoundError: no such pool, subset or version, and no run of one.
    """
    name, version = None, None
    if text is not None:
        name, _, at = check_reference(text).partition("@")
        version = resolve(connection, text).version if at else None
    params = {"name": name, "version": version}
    rows: pa.Table = connection.sql(query("outcomes/runs"), params=params).to_arrow_table()
    if name is not None and not rows.num_rows:
        resolve(connection, name)
    return rows


def _numbers(metrics: Mapping[str, float]) -> dict[str, float]:
    if not metrics:
        raise OptionError("a run needs at least one metric, such as accuracy=0.71")
    numbers = {}
    for name, value in metrics.items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not name.strip() or not math.isfinite(number):
            raise OptionError(f"expected a metric NAME=NUMBER, got {name}={value}")
        numbers[name.strip()] = number
    return numbers
