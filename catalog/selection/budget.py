"""Budgets as they are written, and as numbers of members."""

from __future__ import annotations

import re

from catalog.errors import OptionError


def n_of(budget: int | str, n_members: int, *, of: str) -> int:
    """Return a budget as a number of members.

    Raises:
        OptionError: it is not a number, a share or ``all``, or is not between 1 and the number of
            members.

    >>> n_of("10%", 205, of="alpaca@1"), n_of("1e3", 5000, of="p@1"), n_of("all", 7, of="p@1")
    (20, 1000, 7)
    """
    asked = str(budget).strip().lower()
    match = re.fullmatch(
        r"(-?\d[\d_]*(?:,\d{3})*(?:\.\d+)?(?:e\d{1,2})?)\s*(%?)",
        "100%" if asked == "all" else asked,
    )
    if not match:
        raise OptionError(f"budget {budget!r} is not a number: write 5000, 10% or all")
    number = float(match[1].replace(",", "").replace("_", ""))
    if match[2] and number > 100:
        raise OptionError(f"budget {budget} is more than the whole of {of}: give at most 100%")
    if match[2]:
        number = float(int(n_members * number / 100 + 1e-9))
    if 0 < number < 1 and not match[2]:
        raise OptionError(f'budget {budget} is not a number of members: write "{number * 100:g}%"')
    if number != int(number) or number < 1:
        raise OptionError(
            f"budget {budget} is {number:g} of the {n_members:,} members of {of}: "
            "it must be a whole number, at least 1"
        )
    if number > n_members:
        raise OptionError(
            f"budget {budget} is more than the {n_members:,} members of {of}: give at most that"
        )
    return int(number)
