"""The constructs of SQL that have the same values and the same order in every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp, parse_one

from catalog.query.kernels import kernel_names
from catalog.query.meaning.dialect import Faithful
from catalog.query.meaning.engines.random_keys import RANDOM_KEYS
from catalog.query.sources import SOURCES
from catalog.store.queries import macros_by_name

ID = "instruction_id"

STRUCTURE = (
    *(exp.Select, exp.From, exp.Join, exp.With, exp.CTE, exp.Subquery, exp.Table, exp.TableAlias),
    *(exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Union, exp.Except),
    *(exp.Intersect, exp.Column, exp.Identifier, exp.Alias, exp.Tuple, exp.Paren, exp.Star),
)
VALUES = (
    *(exp.Literal, exp.Boolean, exp.Null, exp.And, exp.Or, exp.Not, exp.Is, exp.EQ, exp.NEQ),
    *(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Exists, exp.Case, exp.If),
    *(exp.Coalesce, exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Abs, exp.Length, exp.Min, exp.Max),
    *(exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Window, exp.Cast, exp.DataType),
)
CALLS = frozenset((*RANDOM_KEYS, "fingerprint_of"))
"""The catalog's macros that are written in every engine's SQL."""

STORED = frozenset(("pool", "subset", "score", "scores"))
"""The sources whose columns a Parquet file has."""

ARITHMETIC = (exp.Add, exp.Sub, exp.Mul)
SCALARS = frozenset(("VARCHAR", "BIGINT", "INTEGER", "DOUBLE", "FLOAT", "BOOLEAN"))


def calls_here(text: str) -> list[str]:
    """Return the sources, kernels and macros of a selector that only the catalog has, by name.

    >>> calls_here("SELECT * FROM kmeans((SELECT * FROM score('p', name => 'ifd')))")
    ['kmeans']
    """
    tree = parse_one(text, dialect=Faithful)
    names = {call.name.lower() for call in tree.find_all(exp.Anonymous)}
    own = (SOURCES.keys() - STORED) | kernel_names() | (macros_by_name().keys() - CALLS)
    return sorted(names & own)


def complaints(tree: exp.Query) -> Iterator[tuple[exp.Expression, str]]:
    """Yield each construct of a qualified query that another engine may read differently.

    Args:
        tree: a query with annotated types, its parameters replaced by their values.

    Yields:
        the node, and the reason.
    """
    for node in tree.walk():
        for complaint in (_of_kind, _of_cast, _of_arithmetic, _of_order, _of_row):
            reason = complaint(node)
            if reason:
                yield node, reason
                break
    yield from _uses(tree, _identifies, _may_identify, "instruction_id is the catalog's own number")
    reason = "its number is written as a text, which sorts the same and cannot be computed with"
    yield from _uses(tree, _is_random, _may_sort, reason)


def _of_kind(node: exp.Expression) -> str:
    if isinstance(node, exp.Anonymous):
        is_known = node.name.lower() in CALLS
        return "" if is_known else f"{node.name}() may have other values there"
    if isinstance(node, STRUCTURE + VALUES):
        return ""
    name = node.sql_name() if isinstance(node, exp.Func) else node.key
    return f"{name.upper()} may have other values there"


def _of_cast(node: exp.Expression) -> str:
    if not isinstance(node, exp.Cast) or node.to.is_type("double"):
        return ""
    return f"CAST to {node.to.sql('duckdb')} rounds or formats in another way there"


def _of_arithmetic(node: exp.Expression) -> str:
    if not isinstance(node, ARITHMETIC):
        return ""
    sides = (node.left.unnest(), node.right.unnest())
    has_fraction = any(isinstance(side, exp.Literal) and not side.is_int for side in sides)
    is_float = any(side.is_type("double", "float") for side in sides)
    return (
        "it is computed with decimals here and not everywhere"
        if has_fraction and not is_float
        else ""
    )


def _of_order(node: exp.Expression) -> str:
    if not isinstance(node, exp.Ordered) or not node.this.is_type(*exp.DataType.TEXT_TYPES):
        return ""
    key = node.this
    parts = [key.this, *key.expressions] if isinstance(key, exp.Coalesce) else [key]
    are_hashes = all(
        isinstance(part, exp.Anonymous) or part.name in ("fingerprint", ID) for part in parts
    )
    if are_hashes:
        return ""
    return "texts have another order where the collation differs"


def _of_row(node: exp.Expression) -> str:
    """Return the reason against a whole row as a value, which no schema has as a column."""
    if not isinstance(node, exp.Column) or node.table:
        return ""
    select = node.find_ancestor(exp.Select)
    names = {each.alias_or_name for each in select.selects} if select else set()
    if node.name in names or isinstance(node.this, exp.Star):
        return ""
    return f"{node.name} is a whole row: end that ORDER BY with fingerprint"


def _uses(
    tree: exp.Query,
    is_seed: Callable[[exp.Expression], bool],
    may: Callable[[exp.Expression], bool],
    reason: str,
) -> Iterator[tuple[exp.Expression, str]]:
    """Yield the uses of some values, under any name, that are not allowed."""
    names: set[str] = set()
    while True:
        marked = [node for node in tree.walk() if is_seed(node) or _has_name(node, names)]
        more = {node.parent.alias for node in marked if isinstance(node.parent, exp.Alias)}
        if more <= names:
            break
        names |= more
    yield from ((node, reason) for node in marked if not may(node))


def _has_name(node: exp.Expression, names: set[str]) -> bool:
    return isinstance(node, exp.Column) and node.name in names


def _identifies(node: exp.Expression) -> bool:
    return isinstance(node, exp.Column) and node.name == ID


def _may_identify(node: exp.Expression) -> bool:
    """Return whether an id is only passed on, compared with another one, or counted."""
    parent = node.parent
    if isinstance(parent, exp.Coalesce):
        return _may_identify(parent)
    if isinstance(parent, exp.Anonymous):
        return bool(parent.name.lower() == "fingerprint_of")
    if isinstance(parent, exp.EQ | exp.NEQ):
        return all(isinstance(side, exp.Column) for side in (parent.left, parent.right))
    is_partition = isinstance(parent, exp.Window) and node.arg_key == "partition_by"
    allowed = (exp.Alias, exp.Select, exp.Count, exp.Group, exp.In, exp.Distinct)
    return is_partition or isinstance(parent, allowed)


def _is_random(node: exp.Expression) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() in RANDOM_KEYS


def _may_sort(node: exp.Expression) -> bool:
    return isinstance(node.parent, exp.Alias | exp.Select | exp.Ordered)
