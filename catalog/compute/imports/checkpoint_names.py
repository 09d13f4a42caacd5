"""Read the order of training from names of columns that differ only in a number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from catalog.errors import SignalError

NUMBER = re.compile(r"\d+(?:\.\d+)?")


def in_order(names: Iterable[str], *, file: str, what: str) -> list[str]:
    """Return the names of checkpoints in the order of training.

    Args:
        names: of everything that may be a checkpoint.
        file: the table's, for messages.
        what: what is named, for messages.

    Raises:
        SignalError: a name has no number, differs in more than the number, or repeats a number.

    >>> in_order(["step_10", "step_2"], file="losses.csv", what="column")
    ['step_2', 'step_10']
    """
    by_shape: dict[str, list[str]] = {}
    for name in names:
        shape = NUMBER.sub("N", name) if NUMBER.search(name) else ""
        by_shape.setdefault(shape, []).append(name)
    numbered = {shape: alike for shape, alike in by_shape.items() if shape}
    if not numbered:
        raise SignalError(
            f"{file}: no {what} is named as a checkpoint ({', '.join(by_shape[''])}): "
            "expected a name and a number, such as step_10, or `losses`"
        )
    checkpoints = max(numbered.values(), key=len)
    others = [name for alike in by_shape.values() if alike is not checkpoints for name in alike]
    if others:
        raise SignalError(
            f"{file}: {what} {', '.join(others)} beside {', '.join(checkpoints[:3])}: the names of "
            "checkpoints differ only in a number; remove the others"
        )
    ordered = sorted(checkpoints, key=_numbers)
    for first, second in pairwise(ordered):
        if _numbers(first) == _numbers(second):
            raise SignalError(f"{file}: {what} {first} and {second} have the same number")
    return ordered


def _numbers(name: str) -> list[float]:
    return [float(number) for number in NUMBER.findall(name)]
