"""Differences in meaning between dialects that sqlglot prints without a change."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types

INTEGERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
)
"""What DuckDB's typeof() returns for whole numbers."""


UNCUT = {"bigquery", "clickhouse", "druid", "snowflake", "sqlite"}
"""Dialects in which a cast to ``varchar(n)`` leaves a longer text whole, or refuses it."""

WITH_BITS = {"materialize", "postgres", "redshift", "risingwave"}
"""Dialects in which ``B'101'`` and ``X'1F'`` are strings of bits, not a number or bytes."""


def adapt(tree: exp.Expression, dialect: str) -> exp.Expression:
    """Change a query of another dialect where DuckDB reads the same words differently.

    Whole numbers divide to a whole number in PostgreSQL, SQLite, Trino and others: where a type is
    not known, the division asks for it when it runs. A cast to ``varchar(n)`` cuts the text, which
    DuckDB leaves whole. LIKE of SQLite ignores case. PostgreSQL's strings of bits stay such. Hints
    go.
    """
    tree = annotate_types(tree, dialect=dialect)
    for node in list(tree.find_all(exp.Div)):
        is_known = all(map(_is_known, (node.left, node.right)))
        if node.args.get("typed") and (node.args.get("safe") or not is_known):
            node.replace(_typed(node))
    for cast in list(tree.find_all(exp.Cast)) if dialect not in UNCUT else ():
        cast.replace(_cut(cast))
    for select in tree.find_all(exp.Select):
        select.set("hint", None)  # a hint is advice to another engine
    for string in list(tree.find_all(exp.BitString, exp.HexString)) if dialect in WITH_BITS else ():
        string.replace(_bits(string))
    if dialect == "sqlite":
        for like in list(tree.find_all(exp.Like)):
            like.replace(exp.ILike(**like.args))
    return tree


def _cut(cast: exp.Cast) -> exp.Expression:
    """Return a cast to a text of at most n characters as the first n characters."""
    length = cast.to.find(exp.DataTypeParam)
    if length is None or cast.to.this not in exp.DataType.TEXT_TYPES:
        return cast
    whole = cast.copy()
    whole.to.set("expressions", [])
    is_cut = length.this.is_int  # not NVARCHAR(MAX)
    return exp.Left(this=whole, expression=length.this.copy()) if is_cut else whole


def _bits(string: exp.BitString | exp.HexString) -> exp.Expression:
    digits = str(string.this)
    if isinstance(string, exp.HexString):
        digits = "".join(f"{int(digit, 16):04b}" for digit in digits)
    return exp.cast(exp.Literal.string(digits), "bit")


def _is_known(operand: exp.Expression) -> bool:
    return operand.type is not None and not operand.is_type("unknown")


def _typed(division: exp.Div) -> exp.Expression:
    """Return a division that is one of whole numbers if both operands are."""
    left, right = division.left.copy(), division.right.copy()
    if division.args.get("safe"):  # SQLite divides by zero to NULL
        right = exp.Nullif(this=right, expression=exp.Literal.number(0))
    names = [exp.Literal.string(name) for name in INTEGERS]
    are_whole = exp.and_(
        *(
            exp.In(this=exp.Typeof(this=each.copy()), expressions=[name.copy() for name in names])
            for each in (left, right)
        )
    )
    whole = exp.IntDiv(this=left.copy(), expression=right.copy())
    branch = exp.If(this=are_whole, true=whole)
    return exp.Paren(
        this=exp.Case(ifs=[branch], default=exp.Div(this=left, expression=right, typed=False))
    )
