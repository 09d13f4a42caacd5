"""Parts of given sizes that no group of rows straddles."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError, QueryError
from catalog.fingerprints import texts
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.relation import canonical, with_columns

PART = re.compile(r"\s*(?P<name>[A-Za-z0-9][\w.-]*)\s*=\s*(?P<size>\d+|\d+(?:\.\d+)?%|rest)\s*")
REST = "rest"


@kernel(version=1, adds={"part": "VARCHAR"}, drops=None)
def split_groups(
    rows: pa.Table,
    *,
    parts: str,
    by: str = "duplicate_group",
    stratify: str | None = None,
    seed: int = 0,
) -> pa.Table:
    """Deal whole groups of rows to parts of given sizes.

    Groups come in a random order. Each goes to the first part that still has room for all of it,
    else to the rest. A part stays smaller than asked only if no group fits its room.

    Args:
        rows: rows with ``fingerprint`` and the column that names the groups.
        parts: names and sizes such as ``val=500, test=5%, train=rest``. Rows beyond the parts have
            none where no part is the rest.
        by: the column of groups; a row without a value is a group of its own.
        stratify: a column whose values each part holds in the same shares as the relation, as far
            as whole groups allow. A group counts for the value that most of its rows have.
        seed: random seed of the order.

    Returns:
        The input ordered by fingerprint, and ``part`` (NULL for rows beyond the parts).

    Raises:
        OptionError: the parts cannot be read, repeat a name, or ask for more rows than there are.
        QueryError: a column is missing.

    >>> rows = pa.table({"fingerprint": ["a", "b", "c", "d"], "g": [1, 2, 1, 3]})
    >>> split_groups(rows, parts="val=2, train=rest", by="g")["part"].to_pylist()
    ['train', 'val', 'train', 'val']
    """
    _require_columns(rows, ["fingerprint", by, *([stratify] if stratify else [])])
    ordered = canonical(rows)
    names, sizes, rest = read_parts(parts, n_rows=ordered.num_rows)
    group = _groups(ordered, by)
    stratum = np.zeros(ordered.num_rows, dtype=np.int64)
    if stratify:
        stratum = _codes(ordered[stratify])
    part = _dealt(group, stratum, sizes, _order(ordered, group, seed))
    names = [*names, rest]
    return with_columns(ordered, part=pa.array([names[index] for index in part], pa.string()))


def read_parts(parts: str, *, n_rows: int) -> tuple[list[str | None], list[int], str | None]:
    """Return the names and sizes of parts, and the name of the rest.

    Raises:
        OptionError: a part cannot be read, a name is repeated, or there are too few rows.

    >>> read_parts("val=2, test=10%, train=rest", n_rows=50)
    (['val', 'test'], [2, 5], 'train')
    """
    found = require_parts(parts)
    rest = [name for name, size in found if size == REST]
    sizes = {name: _size(size, n_rows) for name, size in found if size != REST}
    if sum(sizes.values()) > n_rows:
        raise OptionError(
            f"split_groups: the parts ask for {sum(sizes.values()):,} rows, and there are "
            f"{n_rows:,}"
        )
    return list(sizes), list(sizes.values()), next(iter(rest), None)


def require_parts(parts: str) -> list[tuple[str, str]]:
    """Return the name and size of each part.

    Raises:
        OptionError: a part cannot be read, a name is repeated, or shares are more than 100 %.
    """
    matches = [PART.fullmatch(text) for text in parts.split(",")]
    found = [(match["name"], match["size"]) for match in matches if match]
    names = [name for name, _ in found]
    n_rests = sum(size == REST for _, size in found)
    if len(found) < len(matches) or len({*names}) < len(names) or n_rests > 1:
        raise OptionError(
            "split_groups: expected parts => 'NAME=SIZE, ...' with different names, where a size "
            f"is a number, a share such as 10%, or once rest; got {parts!r}"
        )
    shares = [Fraction(size[:-1]) for _, size in found if size.endswith("%")]
    if sum(shares) > 100:
        raise OptionError(
            f"split_groups: the parts have {float(sum(shares)):g}% in all: give at most 100%"
        )
    return found


def _size(text: str, n_rows: int) -> int:
    if text.endswith("%"):
        return int(Fraction(text[:-1]) * n_rows / 100)
    return int(text)


def _require_columns(rows: pa.Table, names: Sequence[str]) -> None:
    missing = [name for name in names if name not in rows.column_names]
    if missing:
        raise QueryError(
            f"split_groups: the relation has no column {missing[0]}; "
            f"it has {', '.join(rows.column_names)}"
        )


def _codes(column: pa.ChunkedArray) -> Array:
    """Return an integer for each value, in the order of first appearance: (n,) int64."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def _groups(rows: pa.Table, by: str) -> Array:
    """Return the number of each row's group, in the order of first appearance: (n,) int64."""
    codes = _codes(rows[by])
    is_alone = np.asarray(rows[by].is_null().to_numpy(), dtype=bool)
    codes[is_alone] = codes.max(initial=0) + 1 + np.arange(int(is_alone.sum()))
    _, first, group = np.unique(codes, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[group]


def _order(rows: pa.Table, group: Array, seed: int) -> list[int]:
    """Return the groups in a random order, which the lowest fingerprint of each decides."""
    _, first = np.unique(group, return_index=True)
    fingerprints = texts(rows["fingerprint"].take(pa.array(first)))
    keys = [hashlib.sha256(f"{seed} {each}".encode()).digest() for each in fingerprints]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _dealt(group: Array, stratum: Array, sizes: list[int], order: list[int]) -> Array:
    """Return the part of each row; ``len(sizes)`` for the rest: (n,) int64."""
    n_rows = np.bincount(group)
    of_group = _majority(group, stratum)
    per_stratum = np.bincount(of_group, weights=n_rows).astype(np.int64)
    quotas = [_quotas(size, per_stratum) for size in sizes]
    room = list(sizes)
    part = np.full(len(n_rows), len(sizes), dtype=np.int64)
    for each in order:  # within the shares of the group's stratum
        size, own = int(n_rows[each]), int(of_group[each])
        for index, quota in enumerate(quotas):
            if size <= quota[own]:
                quota[own] -= size
                room[index] -= size
                part[each] = index
                break
    for each in order:  # what whole groups leave of the shares
        fits = (index for index, free in enumerate(room) if n_rows[each] <= free)
        first = next(fits, None)
        if part[each] == len(sizes) and first is not None:
            room[first] -= int(n_rows[each])
            part[each] = first
    return np.asarray(part[group])


def _majority(group: Array, stratum: Array) -> Array:
    """Return the stratum that most rows of each group have; of several, the first."""
    width = int(stratum.max(initial=0)) + 1
    pairs, counts = np.unique(group * width + stratum, return_counts=True)
    order = np.lexsort((pairs % width, -counts, pairs // width))
    _, first = np.unique(pairs[order] // width, return_index=True)
    return np.asarray(pairs[order][first] % width)


def _quotas(size: int, per_stratum: Array) -> list[int]:
    """Share a size out in proportion, by largest remainders.

    >>> _quotas(5, np.array([10, 10, 2]))
    [2, 2, 1]
    """
    total = max(int(per_stratum.sum()), 1)
    whole = [size * int(each) // total for each in per_stratum]
    remainders = [size * int(each) % total for each in per_stratum]
    largest = sorted(range(len(whole)), key=lambda index: -remainders[index])
    for index in largest[: size - sum(whole)]:
        whole[index] += 1
    return whole
