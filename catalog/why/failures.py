"""The places of a query where a row fails, with the values that decide it, and their sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog.messages import shortened

TRUTHS = {True: "true", False: "false", None: "NULL"}
N_TEXT, N_VALUE, N_STORED = 200, 80, 1_000
"""Characters of a part of the query and of a value in a sentence, and of a value as data."""
MEMBER_KEYS = ("instruction_id", "fingerprint")


@dataclass(frozen=True)
class Operand:
    """An expression that a condition compares, with its value for the row.

    Attributes:
        text: the expression as the query has it.
        value: its value, as JSON has it; long texts are cut.
    """

    text: str
    value: Any

    def __str__(self) -> str:
        """Return ``expression is value``."""
        return f"{shortened(self.text, N_TEXT)} is {literal(self.value)}"

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return dict(vars(self))


@dataclass(frozen=True)
class Condition:
    """A condition of the query, with its value for the row.

    Attributes:
        text: the condition as the query has it, with the values of parameters.
        location: where it begins, ``file:line:column``.
        truth: its value: true, false, or None for NULL.
        operands: what it compares; empty where it consists of other conditions.
        branches: those conditions, such as every branch of an OR.
        inner: why the query inside it does not return the value; for IN and EXISTS.
    """

    text: str
    location: str
    truth: bool | None
    operands: tuple[Operand, ...] = ()
    branches: tuple[Condition, ...] = ()
    inner: tuple[Failure, ...] = ()

    def __str__(self) -> str:
        """Return one sentence without its end."""
        return ": ".join(filter(None, [self.verdict, self.reasons]))

    def nested(self) -> str:
        """Return the condition as a part of the sentence on another one."""
        return f"{self.verdict} ({self.reasons})" if self.reasons else self.verdict

    @property
    def verdict(self) -> str:
        """Return the condition and its value."""
        return f"{shortened(self.text, N_TEXT)} is {TRUTHS[self.truth]}"

    @property
    def reasons(self) -> str:
        """Return the values that decide it; "" if there are none."""
        operands = ", ".join(map(str, self.operands))
        nested = [*(each.nested() for each in self.branches), *map(str, self.inner)]
        return "; ".join(filter(None, [operands, *nested]))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return {
            "text": self.text,
            "location": self.location,
            "truth": self.truth,
            "operands": [operand.as_dict() for operand in self.operands],
            "branches": [branch.as_dict() for branch in self.branches],
            "inner": [failure.as_dict() for failure in self.inner],
        }


@dataclass(frozen=True)
class Failure:
    """A place of the query that the row does not pass.

    Attributes:
        kind: ``condition``, ``join``, ``source`` (a relation does not have the row), ``kernel``,
            ``limit``, ``distinct``, ``group`` (another row stands for its group), ``union``,
            ``intersect`` or ``except``.
        clause: the clause, such as ``WHERE`` or ``HAVING``; of a join, its kind.
        text: that part of the query.
        location: where it begins, ``file:line:column``.
        conditions: those of its conditions that fail.
        inner: the failures inside: in the joined relation, or branch by branch.
        detail: what else is known, in words.
    """

    kind: str
    clause: str
    text: str
    location: str
    conditions: tuple[Condition, ...] = ()
    inner: tuple[Failure, ...] = ()
    detail: str = ""

    def __str__(self) -> str:
        """Return one sentence without its end."""
        if self.conditions and self.kind == "condition":
            prefix = "" if self.clause == "WHERE" else f"{self.clause} "
            return "; ".join(f"{prefix}{condition}" for condition in self.conditions)
        inner = [str(failure) for failure in self.inner]
        return "; ".join(filter(None, [self.detail, *inner]))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return {
            "kind": self.kind,
            "clause": self.clause,
            "text": self.text,
            "location": self.location,
            "conditions": [condition.as_dict() for condition in self.conditions],
            "inner": [failure.as_dict() for failure in self.inner],
            "detail": self.detail,
        }


@dataclass(frozen=True)
class Loss:
    """A failure as it is found, and what lets the row pass there.

    Attributes:
        failure: the place.
        relax: change the query's tree so that the row passes; None if no change is known.
        account: a kernel's explanation.
    """

    failure: Failure
    relax: Callable[[], object] | None = None
    account: Any = None


def stored(value: Any) -> Any:
    """Return a value as JSON has it, cut where it is long.

    >>> from decimal import Decimal
    >>> stored(Decimal("1.50")), stored(b"ab")
    (1.5, "b'ab'")
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if type(value).__name__ == "Decimal":
        return int(value) if value == int(value) else float(value)
    return shortened(value if isinstance(value, str) else str(value), N_STORED)


def literal(value: Any) -> str:
    r"""Return a value as a sentence shows it: texts in quotes, without control characters.

    >>> literal("it's\n" ), literal(None), literal(0.5), literal(True)
    ("'it''s\\n'", 'NULL', '0.5', 'true')
    """
    if isinstance(value, bool) or value is None:
        return TRUTHS[value]
    if not isinstance(value, str):
        return str(value)
    escaped = "".join(map(_printable, value[: N_VALUE + 1]))
    return shortened("'" + escaped.replace("'", "''"), N_VALUE) + "'"


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode()
