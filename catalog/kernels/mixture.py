"""Members of several pools in given shares, with repeats and caps."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.mixing import Cap, Dealt, Part, deal, read_budget, read_parts
from catalog.kernels._common.relation import canonical, with_columns
from catalog.kernels._common.sizes import read_share

COLUMNS = ("fingerprint", "pool", "turn", "n_tokens", "caps")


@kernel(
    version=2,
    adds={
        "copies": "INTEGER",
        "place": "DOUBLE",
        "left_out": "VARCHAR",
        "asked": "DOUBLE",
        "ran_out": "BOOLEAN",
    },
    drops=None,
    reads=COLUMNS,
)
def mixture(rows: pa.Table, *, parts: str, budget: str, caps: str = "") -> pa.Table:
    """Mix members of several pools and subsets by share, with repeats, caps and a budget.

    A part takes its members in the order of ``turn``, and again from the start up to its repeats,
    until the next one would exceed its size. The rest takes what the others leave of the budget. A
    member is taken only while no value of it has reached its cap.

    Args:
        rows: members with ``fingerprint``, ``pool`` (the name of the part), ``turn``, ``n_tokens``
            (its weight; NULL leaves it out) and ``caps`` (a list of values for each cap).
        parts: names, sizes and repeats such as ``alpaca=40%, gsm=30%*3, best=rest``; a size is a
            share of the budget, a number of rows, tokens such as ``2Mtok``, ``all`` or ``rest``.
        budget: the weight of all rows: ``5000``, ``20Mtok`` or ``all``.
        caps: the most that the rows of one value weigh, one share of the budget for each list.

    Returns:
        The input ordered by fingerprint, and ``copies`` (how often the member is taken), ``place``
        (of a member that is taken, in (0, 1), so that parts interleave), ``left_out`` (why it is
        not taken), and of its part the size that was ``asked`` for and whether it ``ran_out``.

    Raises:
        OptionError: a part, the budget or a cap cannot be read, or they do not fit together.
        QueryError: a column is missing, or a member belongs to no part.

    >>> rows = pa.table({"fingerprint": ["a", "b", "c"], "pool": ["p", "p", "q"],
    ...     "turn": [1, 2, 1], "n_tokens": [1, 1, 1], "caps": [[], [], []]})
    >>> mixture(rows, parts="p=1, q=rest*2", budget="3")["copies"].to_pylist()
    [1, 0, 2]
    """
    missing = [name for name in COLUMNS if name not in rows.column_names]
    if missing:
        raise QueryError(
            f"mixture: the relation has no column {missing[0]}; it has "
            f"{', '.join(rows.column_names)}"
        )
    ordered = canonical(rows)
    found = read_parts(parts.split(","))
    limit = read_budget(budget)
    names = np.array(ordered["pool"].to_pylist(), dtype=object)  # (n,)
    unknown = {*names} - {part.name for part in found}
    if unknown:
        raise QueryError(f"mixture: no part is named {min(unknown)}: parts are {parts}")
    weights = ordered["n_tokens"].to_pylist()
    known = np.array([each is not None for each in weights], dtype=bool)
    turns = np.array(ordered["turn"].to_pylist(), dtype=np.int64)
    members = [_in_turn(np.flatnonzero((names == part.name) & known), turns) for part in found]
    dealt = deal(
        found,
        [each.tolist() for each in members],
        [int(each or 0) for each in weights],
        budget=limit,
        caps=_caps(caps, ordered["caps"].to_pylist(), limit),
    )
    return with_columns(ordered, **_columns(found, members, dealt, names, known))


def _in_turn(positions: Array, turns: Array) -> Array:
    return positions[np.argsort(turns[positions], kind="stable")]


def _caps(text: str, values: list[list[list[str]] | None], budget: float) -> list[Cap]:
    """Return the caps, each with the values of every member."""
    shares = [each.strip() for each in text.split(",") if each.strip()]
    if shares and math.isinf(budget):
        raise OptionError("a cap is a share of the budget: give a budget other than all")
    caps = []
    for place, each in enumerate(shares):
        share = read_share(each)
        if not share or share > 1:
            raise OptionError(
                f"cap {each!r}: expected a share above 0 of at most 100%, such as 25%"
            )
        of_cap = [(row or [])[place] or [] if row else [] for row in values]
        caps.append(Cap(float(Fraction(budget) * share), of_cap, f"cap of {each}"))
    return caps


def _columns(
    parts: list[Part],
    members: list[Array],
    dealt: Dealt,
    names: Array,
    known: Array,
) -> dict[str, pa.Array]:
    copies = np.array(dealt.copies, dtype=np.int32)
    place = np.full(len(copies), np.nan)
    for own in members:
        taken = own[copies[own] > 0]
        place[taken] = (np.arange(len(taken)) + 0.5) / max(len(taken), 1)
    left_out = [
        reason if is_known else "it has no tokens to train on"
        for reason, is_known in zip(dealt.left_out, known, strict=True)
    ]
    asked = {name: None if math.isinf(size) else size for name, size in dealt.asked.items()}
    return {
        "copies": pa.array(copies),
        "place": pa.array(place, from_pandas=True),
        "left_out": pa.array(left_out, pa.string()),
        "asked": pa.array([asked[name] for name in names], pa.float64()),
        "ran_out": pa.array([name in dealt.ran_out for name in names]),
    }
