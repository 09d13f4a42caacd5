"""``shuffle_key`` and ``uniform_hash`` as texts that sort as their numbers do, by MD5 alone.

DuckDB's ``md5_number`` reads the 16 bytes of a digest from the last to the first. The pairs of
hexadecimal digits in that order are a text that sorts as the number does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from catalog.store.database import Connection

DIGEST = 32
"""Hexadecimal digits of an MD5 digest."""


def shuffle_key(digest: exp.Expression) -> exp.Expression:
    """Return all pairs of digits, the last first."""
    pairs = [_digits(digest, start, 2) for start in range(DIGEST - 1, 0, -2)]
    return _joined(pairs)


def uniform_hash(digest: exp.Expression) -> exp.Expression:
    """Return the first 53 bits of the number: 13 digits, and the highest bit of the next one."""
    pairs = [_digits(digest, start, 2) for start in range(DIGEST - 1, 20, -2)]
    next_digit = _digits(digest, 20, 1)
    is_high = exp.GTE(this=next_digit, expression=exp.Literal.string("8"))
    one, zero = exp.Literal.string("1"), exp.Literal.string("0")
    bit = exp.Case(ifs=[exp.If(this=is_high, true=one)], default=zero)
    return _joined([*pairs, _digits(digest, 19, 1), bit])


RANDOM_KEYS: dict[str, Callable[[exp.Expression], exp.Expression]] = {
    "shuffle_key": shuffle_key,
    "uniform_hash": uniform_hash,
}
"""The text of each macro, from the MD5 digest of a fingerprint and a seed."""


def fold_seed(connection: Connection, call: exp.Anonymous) -> bool:
    """Put the text that follows the fingerprint in place of a call's seed.

    Returns:
        Whether the seed is a constant; a call with any other seed stays as it is.
    """
    seed = call.expressions[1]
    if seed.find(exp.Column, exp.Query):
        return False
    suffix = connection.sql(f"SELECT ':' || ({seed.sql('duckdb')})").fetchall()[0][0]
    seed.replace(exp.Literal.string(suffix))
    return True


def written(call: exp.Anonymous) -> exp.Expression:
    """Return a call whose seed is folded, by MD5."""
    fingerprint, suffix = call.expressions
    digest = exp.MD5(this=exp.DPipe(this=fingerprint, expression=suffix, safe=True))
    return RANDOM_KEYS[call.name.lower()](digest)


def _digits(digest: exp.Expression, start: int, length: int) -> exp.Expression:
    return exp.Substring(
        this=digest.copy(), start=exp.Literal.number(start), length=exp.Literal.number(length)
    )


def _joined(parts: list[exp.Expression]) -> exp.Expression:
    answer = parts[0]
    for part in parts[1:]:
        answer = exp.DPipe(this=answer, expression=part, safe=True)
    return answer
