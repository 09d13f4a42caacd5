"""Arithmetic of a mixture: how often each member stands in it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, repeat

from catalog.errors import OptionError
from catalog.kernels._common.sizes import read_share, read_tokens

REST, ALL = "rest", "all"
PART = re.compile(
    r"\s*(?P<name>[^=\s][^=]*?)\s*=\s*(?P<size>[^=*]+?)\s*(?:\*\s*(?P<repeats>\d+))?\s*"
)
NUMBER = re.compile(r"\d[\d_]*")
HINT = (
    "expected NAME=SIZE or NAME=SIZE*REPEATS, where a size is a share such as 40%, a number of "
    "rows, tokens such as 2Mtok, all, or once rest"
)


@dataclass(frozen=True)
class Part:
    """Part of a mixture.

    Attributes:
        name: of the pool or subset.
        size: as written.
        repeats: how often a member may stand in the mixture.
    """

    name: str
    size: str
    repeats: int = 1

    def __str__(self) -> str:
        repeats = f"*{self.repeats}" if self.repeats > 1 else ""
        return f"{self.name}={self.size}{repeats}"


@dataclass
class Dealt:
    """What a mixture takes of its members.

    Attributes:
        copies: how often each member stands in it.
        left_out: why a member does not; None for one that does.
        asked: the weight that each part was to have, by its name; infinite for ``all``.
        ran_out: the parts without enough members.
    """

    copies: list[int]
    left_out: list[str | None]
    asked: dict[str, float] = field(default_factory=dict)
    ran_out: set[str] = field(default_factory=set)


def read_parts(texts: Iterable[str]) -> list[Part]:
    """Return parts such as ``gsm=30%*3``.

    Raises:
        OptionError: a text is not a part, a name is repeated, or the shares are more than 100 %.

    >>> [str(part) for part in read_parts(["a=40%", "b = 5 * 3", "c=rest"])]
    ['a=40%', 'b=5*3', 'c=rest']
    """
    parts = [_read_part(text) for text in texts]
    names = [part.name for part in parts]
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise OptionError(f"{repeated[0]} is named by two parts: name it once")
    if sum(_is(REST, part) for part in parts) > 1:
        raise OptionError("two parts are the rest: give all but one a size")
    total = sum((read_share(part.size) or Fraction(0) for part in parts), start=Fraction(0))
    if total > 1:
        raise OptionError(f"the parts have {float(total * 100):g}% in all: give at most 100%")
    return parts


def _read_part(text: str) -> Part:
    match = PART.fullmatch(text)
    size = match["size"].lower() if match else ""
    is_size = size in (REST, ALL) or NUMBER.fullmatch(size)
    if not match or not (is_size or read_share(size) or read_tokens(size)):
        raise OptionError(f"part {text!r}: {HINT}")
    repeats = int(match["repeats"] or 1)
    if not 1 <= repeats <= 1000:
        raise OptionError(f"part {text!r}: expected 1 to 1,000 repeats, got {repeats:,}")
    return Part(match["name"], match["size"], repeats)


def read_budget(text: str) -> float:
    """Return a budget as rows or tokens; infinite for ``all``.

    Raises:
        OptionError: it is neither, or is 0.

    >>> read_budget("20Mtok"), read_budget("5_000"), read_budget("all")
    (20000000.0, 5000.0, inf)
    """
    text = text.strip().lower()
    if text == ALL:
        return math.inf
    number = read_tokens(text)
    if number is None and NUMBER.fullmatch(text):
        number = int(text.replace("_", ""))
    if not number:
        raise OptionError(
            f"budget {text!r}: expected rows such as 5000, tokens such as 20Mtok, or all, above 0"
        )
    return float(number)


@dataclass(frozen=True)
class Cap:
    """Most that the rows of one value may weigh.

    Attributes:
        limit: in rows or tokens.
        values: the values of each member; none where the cap does not count it.
        name: for messages.
    """

    limit: float
    values: Sequence[Sequence[str]]
    name: str


def deal(
    parts: Sequence[Part],
    members: Sequence[Sequence[int]],
    weights: Sequence[int],
    *,
    budget: float,
    caps: Sequence[Cap] = (),
) -> Dealt:
    """Deal members to a mixture.

    Each part takes its members in their order, and from the start again up to its repeats, until
    the next one would exceed its size. The rest comes last and gets what the others leave. Without
    members, this only checks that the sizes fit the budget.

    Args:
        parts: with their sizes.
        members: positions of the members of each part, in their order.
        weights: tokens of each member, or 1.
        budget: of all parts.
        caps: each value's most.

    Raises:
        OptionError: a share or the rest has no budget, or the parts have more than the budget.

    >>> parts = read_parts(["a=50%", "b=rest*3"])
    >>> deal(parts, [[0, 1, 2], [3, 4]], [1] * 5, budget=7).copies
    [1, 1, 1, 2, 2]
    """
    dealing = _Dealing(weights, caps)
    asked = sizes(parts, [sum(weights[each] for each in own) for own in members], budget=budget)
    achieved = 0.0
    for part, own, target in sorted(
        zip(parts, members, asked, strict=True), key=lambda dealt: _is(REST, dealt[0])
    ):
        left = max(budget - achieved, 0)
        achieved += dealing.fill(part, own, left if _is(REST, part) else target)
        if achieved > budget:
            raise OptionError(
                f"part {part} needs a budget of {achieved:,.0f}, and it is {budget:,.0f}: raise "
                "it, or give the part another size, such as rest"
            )
    names = (part.name for part in parts)
    dealing.dealt.asked = dict(zip(names, asked, strict=True))
    return dealing.dealt


def sizes(parts: Sequence[Part], totals: Sequence[float], *, budget: float) -> list[float]:
    """Return the weight that each part asks for; infinite for ``all``.

    The rest asks for the budget without what the other parts ask for; ``all`` asks for every
    member as often as it repeats.

    Args:
        parts: with their sizes.
        totals: what all members of each part weigh, each once.
        budget: of all parts.

    Raises:
        OptionError: a share or the rest has no budget, or the parts ask for more than the budget.

    >>> sizes(read_parts(["a=rest", "b=all*2", "c=10%"]), [9, 20, 9], budget=100)
    [50.0, inf, 10.0]
    """
    fixed = {part.name: _fixed(part, budget) for part in parts}
    total = sum(fixed.values())
    if total > budget:
        raise OptionError(
            f"the parts ask for {float(total):,.0f}, more than the budget of {budget:,.0f}"
        )
    weighed = zip(parts, totals, strict=True)
    whole = sum(part.repeats * weight for part, weight in weighed if _is(ALL, part))
    asked = {ALL: math.inf, REST: max(float(budget - total) - whole, 0.0)}
    return [asked.get(part.size.lower(), float(fixed[part.name])) for part in parts]


def _is(size: str, part: Part) -> bool:
    return part.size.lower() == size


def _fixed(part: Part, budget: float) -> Fraction:
    """Return a size that is a share or a number, exactly; 0 for ``all`` and ``rest``.

    Raises:
        OptionError: it is a share or the rest, and the budget is ``all``.
    """
    if _is(ALL, part):
        return Fraction(0)
    share = Fraction(0) if _is(REST, part) else read_share(part.size)
    if share is None:
        return Fraction(read_budget(part.size))
    if math.isinf(budget):
        raise OptionError(
            f"part {part}: {part.size} needs a budget other than all: give rows such as 5000, or "
            "tokens such as 2Mtok"
        )
    return Fraction(budget) * share


class _Dealing:
    def __init__(self, weights: Sequence[int], caps: Sequence[Cap]) -> None:
        self.weights, self.caps = weights, caps
        self.used: list[dict[str, float]] = [{} for _ in caps]
        n = len(weights)
        self.dealt = Dealt([0] * n, [None] * n)

    def fill(self, part: Part, members: Sequence[int], target: float) -> float:
        """Fill a part, and return what its rows weigh."""
        achieved, is_full = 0.0, False
        for member in chain.from_iterable(repeat(members, part.repeats)):
            weight = self.weights[member]
            is_full = achieved + weight > target
            if is_full:
                break
            if self._is_free(member, weight):
                self.dealt.copies[member] += 1
                achieved += weight
        self._explain(part, members)
        if not is_full and achieved < target < math.inf:
            self.dealt.ran_out.add(part.name)
        return achieved

    def _explain(self, part: Part, members: Sequence[int]) -> None:
        """Say of each member that is not taken why."""
        copies, left_out = self.dealt.copies, self.dealt.left_out
        for member in members:
            reason = left_out[member] or f"part {part.name} has its size, {part.size}"
            left_out[member] = None if copies[member] else reason

    def _is_free(self, member: int, weight: int) -> bool:
        """Count a member for all caps, unless one of them is reached."""
        for cap, used in zip(self.caps, self.used, strict=True):
            for value in cap.values[member]:
                if used.get(value, 0) + weight > cap.limit:
                    self.dealt.left_out[member] = f"{cap.name}: {value} has its part"
                    return False
        for cap, used in zip(self.caps, self.used, strict=True):
            for value in cap.values[member]:
                used[value] = used.get(value, 0) + weight
        return True
