"""A selection's texts over names of relations with known columns, for what explains a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.query.plan import Apply
from catalog.query.resolved import Resolved
from catalog.query.source_text import SourceText

Columns = Mapping[str, str]


@dataclass(frozen=True)
class Outline:
    """A selection in which a name stands for each source and for each kernel's answer.

    Attributes:
        query: the last query, with its deciding keys.
        kernels: each kernel's call by the name of its answer, inner calls first.
        sources: each source by its name.
        columns: the columns of each relation with their DuckDB types; a kernel's are missing where
            a signal is.
    """

    query: SourceText
    kernels: Mapping[str, Apply]
    sources: Mapping[str, Resolved]
    columns: Mapping[str, Columns]
