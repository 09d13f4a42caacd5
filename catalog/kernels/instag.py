"""Complexity-first diverse sampling by tags.

InsTag (Lu et al. 2023, arXiv 2308.07074, Algorithm 1).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from catalog.arrow import from_numpy
from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.relation import canonical, with_columns


@kernel(
    version=1,
    adds={"rank": "BIGINT", "n_tags": "BIGINT", "pass_number": "BIGINT", "n_new_tags": "BIGINT"},
    drops="labels",
    is_ranked=True,
    reads=("labels",),
)
def instag(rows: pa.Table, *, budget: int) -> pa.Table:
    """Take the members with most tags first, each if it adds a tag that the pass has not seen.

    Members are scanned by number of distinct tags, most first, ties by fingerprint. A member is
    accepted when the tags of the pass grow by it. When a scan ends below the budget the seen tags
    are forgotten and the remaining members are scanned again. Members without tags are never taken.

    Time: O(passes x tags of the members left). Memory: the tags of all members, as integers.

    Args:
        rows: with a column ``labels`` of lists of texts.
        budget: members wanted, 1 or more; fewer come back when fewer have tags.

    Returns:
        the accepted rows in order, with ``rank`` from 1, ``n_tags``, ``pass_number`` from 1 and
        ``n_new_tags``.

    Raises:
        OptionError: a budget below 1.
        QueryError: no column ``labels`` of lists.

    >>> rows = pa.table({"fingerprint": ["a", "b", "c"], "labels": [["x"], ["x", "y"], ["y"]]})
    >>> instag(rows, budget=3).select(["fingerprint", "pass_number"]).to_pydict()
    {'fingerprint': ['b', 'a', 'c'], 'pass_number': [1, 2, 2]}
    """
    if budget < 1:
        raise OptionError(f"instag: budget {budget}: give 1 or more")
    types = [field.type for field in rows.schema if field.name == "labels"]
    if not any(pa.types.is_list(type_) or pa.types.is_large_list(type_) for type_ in types):
        raise QueryError(
            "instag: the relation must have a column labels of lists; "
            f"it has {', '.join(rows.column_names)}"
        )
    rows = canonical(rows)
    tags = tags_of(rows)
    left = [i for i in sorted(range(len(tags)), key=lambda i: (-len(tags[i]), i)) if tags[i]]
    taken: list[tuple[int, int, int]] = []  # (row, pass, new tags)
    pass_number = 0
    while left and len(taken) < budget:
        pass_number += 1
        seen: set[str] = set()
        still_left = []
        for i in left:
            new = tags[i] - seen
            if new and len(taken) < budget:
                seen |= new
                taken.append((i, pass_number, len(new)))
            else:
                still_left.append(i)
        left = still_left
    index, passes, n_new = np.array(taken, dtype=np.int64).reshape(-1, 3).T
    n_tags = np.array([len(tags[i]) for i in index], dtype=np.int64)
    columns = {
        "rank": np.arange(1, len(taken) + 1),
        "n_tags": n_tags,
        "pass_number": passes,
        "n_new_tags": n_new,
    }
    return with_columns(rows.take(from_numpy(index)), without="labels", **columns)


def tags_of(rows: pa.Table) -> list[frozenset[str]]:
    """Return the distinct tags of each row, without NULL."""
    return [frozenset(labels or ()) - {None} for labels in rows["labels"].to_pylist()]
