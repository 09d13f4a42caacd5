"""The kernels: every file of `catalog.kernels` whose function of the same name takes a relation first."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import catalog.kernels


@cache
def kernel_names() -> frozenset[str]:
    """The names of the table functions that compute, found without importing them.

    >>> "kmeans" in kernel_names(), "relation" in kernel_names()
    (True, False)
    """
    files = [file for folder in catalog.kernels.__path__ for file in Path(folder).glob("*.py")]
    return frozenset(file.stem for file in files if _is_kernel(file))


@cache
def kernel(name: str) -> Callable[..., Any]:
    """One of them."""
    return getattr(importlib.import_module(f"catalog.kernels.{name}"), name)  # type: ignore[no-any-return]


def _is_kernel(file: Path) -> bool:
    pattern = rf"^def {file.stem}\(\s*\w+: pa\.Table"
    return re.search(pattern, file.read_text(encoding="utf-8"), flags=re.MULTILINE) is not None


@dataclass(frozen=True)
class Answer:
    """How the columns of a kernel's answer follow from those that it is given.

    Attributes:
        adds: new columns with their DuckDB types, which replace given ones of their names.
        drops: the given columns that are left out: ``vectors``, one column by name, or none.
        is_ranked: whether ``rank`` is there once for each row.
    """

    adds: Mapping[str, str]
    drops: str | None = "vectors"
    is_ranked: bool = False


ANSWERS = {
    "density": Answer({"density": "DOUBLE"}),
    "diverse": Answer(
        {
            "rank": "BIGINT",
            "nearest_similarity": "DOUBLE",
            "nearest_rank": "BIGINT",
            "nearest_fingerprint": "VARCHAR",
        }
    ),
    "facility_location": Answer(
        {"rank": "BIGINT", "gain": "DOUBLE", "mean_similarity": "DOUBLE"}, is_ranked=True
    ),
    "grid": Answer({"cell": "BIGINT", "side": "BIGINT"}, drops=None),
    "instag": Answer(
        {"rank": "BIGINT", "n_tags": "BIGINT", "pass_number": "BIGINT", "n_new_tags": "BIGINT"},
        drops="labels",
        is_ranked=True,
    ),
    "k_center": Answer({"rank": "BIGINT", "distance": "DOUBLE"}, is_ranked=True),
    "kmeans": Answer({"cluster": "INTEGER", "distance": "DOUBLE"}),
    "log_det": Answer(
        {"rank": "BIGINT", "gain": "DOUBLE", "information": "DOUBLE"}, is_ranked=True
    ),
    "mig": Answer({"rank": "BIGINT", "gain": "DOUBLE"}, drops=None, is_ranked=True),
    "near_duplicates": Answer(
        {"duplicate_group": "VARCHAR", "group_size": "BIGINT", "nearest_similarity": "DOUBLE"}
    ),
    "nearest": Answer({"rank": "BIGINT", "similarity": "DOUBLE"}),
    "project": Answer({"x": "DOUBLE", "y": "DOUBLE"}),
}
VECTOR = re.compile(
    r"(FLOAT|DOUBLE|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?)\[\d*\]|STRUCT\(\"\(opaque.*"
)


def answer_columns(name: str, given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the columns of a kernel's answer with their DuckDB types.

    Args:
        name: of the kernel.
        given: the columns of each of its relations with their types.

    >>> answer_columns("kmeans", [{"fingerprint": "VARCHAR", "losses": "FLOAT[]"}])
    {'fingerprint': 'VARCHAR', 'cluster': 'INTEGER', 'distance': 'DOUBLE'}
    """
    shape = ANSWERS[name]
    kept = [_kept(columns, shape) for columns in given]
    if name == "nearest":  # candidates, queries
        return (
            {f"query_{column}": type_ for column, type_ in kept[1].items()}
            | kept[0]
            | dict(shape.adds)
        )
    own = {column: type_ for column, type_ in kept[0].items() if column not in shape.adds}
    return own | dict(shape.adds)


def ranks(name: str) -> bool:
    """Return whether a kernel gives every row a rank of its own."""
    return ANSWERS[name].is_ranked


def _kept(columns: Mapping[str, str], shape: Answer) -> dict[str, str]:
    if shape.drops == "vectors":
        return {column: type_ for column, type_ in columns.items() if not VECTOR.fullmatch(type_)}
    return {column: type_ for column, type_ in columns.items() if column != shape.drops}
