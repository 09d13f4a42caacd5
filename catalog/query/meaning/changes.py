"""What changed between two selectors, clause by clause; names of CTEs and aliases aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from catalog.messages import shortened
from catalog.query.meaning.agreement import understood
from catalog.query.meaning.dialect import Faithful, printed

if TYPE_CHECKING:
    from catalog.store.database import Connection

ONLY_LAYOUT = "only names, comments or layout differ"
LAST = "the last SELECT"

CLAUSES = {
    "from_": "FROM",
    "joins": "JOIN",
    "where": "WHERE",
    "group": "GROUP BY",
    "having": "HAVING",
    "qualify": "QUALIFY",
    "order": "ORDER BY",
    "limit": "LIMIT",
}


def changes(connection: Connection, before: str, after: str) -> list[str] | None:
    """Say what changed between two texts.

    Args:
        connection: any DuckDB connection; it parses, and runs nothing.
        before: one SELECT.
        after: another one.

    Returns:
        One sentence a change; none where the texts are equal; None if one of them is not
        understood.
    """
    trees = [understood(connection, text) for text in (before, after)]
    if trees[0] is None or trees[1] is None:
        return None
    if before == after:
        return []
    if _neutral(trees[0]) == _neutral(trees[1]):
        return [ONLY_LAYOUT]
    old, new = _selects(trees[0]), _selects(trees[1])
    found: list[str] = []
    for name in dict.fromkeys((*old, *new)):
        if name not in new:
            found.append(f"{name} is gone: {_short(old[name])}")
        elif name not in old:
            found.append(f"{name} is new: {_short(new[name])}")
        else:
            found += [f"{name}: {change}" for change in _of_select(old[name], new[name])]
    return found or ["the texts differ in a way that has no name"]


def _neutral(tree: exp.Query) -> str:
    """Return a text without comments, redundant brackets and the author's names of relations."""
    copy = tree.copy()
    names = _names(copy)
    for identifier in copy.find_all(exp.Identifier):
        if _names_a_relation(identifier):
            lower = identifier.name.lower()
            identifier.set("this", names.get(lower, lower))
            identifier.set("quoted", False)
    for argument in list(copy.find_all(exp.PropertyEQ)):  # := and => name an argument alike
        argument.replace(exp.Kwarg(this=argument.this, expression=argument.expression))
    for bracket in list(copy.find_all(exp.Paren)):
        if not isinstance(bracket.parent, exp.Binary | exp.Unary | exp.Dot | exp.Bracket):
            bracket.replace(bracket.this)
    return str(copy.sql(Faithful, normalize_functions="lower", comments=False))


def _names(tree: exp.Query) -> dict[str, str]:
    names: dict[str, str] = {}
    for number, cte in enumerate(tree.find_all(exp.CTE)):
        names.setdefault(cte.alias.lower(), f"cte{number}")
    for alias in tree.find_all(exp.TableAlias):
        if isinstance(alias.parent, exp.Table | exp.Subquery) and alias.name:
            names.setdefault(alias.name.lower(), f"relation{len(names)}")
    return names


def _names_a_relation(identifier: exp.Identifier) -> bool:
    parent = identifier.parent
    if isinstance(parent, exp.TableAlias):
        return bool(identifier.arg_key == "this")
    if isinstance(parent, exp.Column):
        return bool(identifier.arg_key == "table")
    return isinstance(parent, exp.Table)


def _selects(tree: exp.Query) -> dict[str, exp.Select]:
    """Return every SELECT by the name of its CTE, or by where it stands."""
    found: dict[str, exp.Select] = {}
    for select in tree.find_all(exp.Select):
        found.setdefault(_place(tree, select), select)
    return found


def _place(tree: exp.Query, select: exp.Select) -> str:
    if select is tree:
        return LAST
    around = select.parent
    while isinstance(around, exp.Subquery | exp.Paren):
        around = around.parent
    if isinstance(around, exp.CTE):
        return str(around.alias)
    function = select.find_ancestor(exp.Anonymous)
    if function is not None:
        return f"the argument of {function.name}()"
    return f"a SELECT inside {type(around).__name__.upper()}"


def _of_select(old: exp.Select, new: exp.Select) -> list[str]:
    found = _of_columns(old, new)
    for key, word in CLAUSES.items():
        before, after = _clause(old, key), _clause(new, key)
        if before == after or _differs_inside(before, after):
            continue
        if before is None or after is None:
            found.append(_of_clause(word, before, after))
        elif key == "where":
            found += _of_conditions(before, after)
        elif _without_calls(before) == _without_calls(after):
            found += _of_calls(before, after)
        else:
            found.append(_of_clause(word, before, after))
    return found


def _of_clause(word: str, before: exp.Expression | None, after: exp.Expression | None) -> str:
    was, is_ = (_shown(one).strip().removeprefix(f"{word} ") for one in (before, after))
    return f"{word} was {was}, is {is_}"


def _of_columns(old: exp.Select, new: exp.Select) -> list[str]:
    before, after = _columns(old), _columns(new)
    found: list[str] = []
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            found.append(f"column {name} is gone")
        elif name not in before:
            found.append(f"column {name} is new: {_shown(after[name])}")
        elif before[name] != after[name]:
            was, is_ = (_shown(tree[name].unalias()) for tree in (before, after))
            found.append(f"{name} was {was}, is {is_}")
    return found


def _columns(select: exp.Select) -> dict[str, Any]:
    return {column.alias_or_name or _shown(column): column for column in select.selects}


def _of_conditions(before: exp.Expression, after: exp.Expression) -> list[str]:
    old, new = _conjuncts(before), _conjuncts(after)
    gone = [f"condition gone: {_shown(each)}" for each in old if each not in new]
    return gone + [f"condition new: {_shown(each)}" for each in new if each not in old]


def _conjuncts(where: exp.Expression) -> list[Any]:
    condition = where.this
    return list(condition.flatten()) if isinstance(condition, exp.And) else [condition]


def _of_calls(before: exp.Expression, after: exp.Expression) -> list[str]:
    """Return the arguments that differ of the table functions of two clauses, by name."""
    found: list[str] = []
    for old, new in zip(_calls(before), _calls(after), strict=True):
        was, is_ = _arguments(old), _arguments(new)
        for name in dict.fromkeys((*was, *is_)):
            left, right = was.get(name), is_.get(name)
            if left != right and not _differs_inside(left, right):
                found.append(f"{old.name}({name}) was {_shown(left)}, is {_shown(right)}")
    return found


def _calls(clause: exp.Expression) -> list[exp.Anonymous]:
    """Return the table functions of a clause, those inside of its SELECTs left out."""
    return [
        table.this
        for table in _hollow(clause).find_all(exp.Table)
        if isinstance(table.this, exp.Anonymous)
    ]


def _without_calls(clause: exp.Expression) -> exp.Expression:
    """Return a clause whose table functions have no arguments."""
    copy = _hollow(clause)
    for table in copy.find_all(exp.Table):
        if isinstance(table.this, exp.Anonymous):
            table.this.set("expressions", [])
    return copy


def _arguments(call: exp.Anonymous) -> dict[str, exp.Expression]:
    """Return a call's arguments by name; those without one by their number from 1."""
    found: dict[str, exp.Expression] = {}
    for number, argument in enumerate(call.expressions, start=1):
        is_named = isinstance(argument, exp.Kwarg | exp.PropertyEQ)
        name = argument.name if is_named else f"argument {number}"
        found[name] = argument.expression if is_named else argument
    return found


def _clause(select: exp.Select, key: str) -> exp.Expression | None:
    clause = select.args.get(key)
    if isinstance(clause, list):
        return exp.Tuple(expressions=[each.copy() for each in clause]) if clause else None
    return clause


def _differs_inside(before: exp.Expression | None, after: exp.Expression | None) -> bool:
    """Return whether two clauses differ only in the SELECTs inside, which are listed elsewhere."""
    if before is None or after is None:
        return False
    return bool(_hollow(before) == _hollow(after))


def _hollow(clause: exp.Expression) -> exp.Expression:
    copy = clause.copy()
    for select in list(copy.find_all(exp.Select)):
        select.replace(exp.to_identifier("select"))
    return copy


def _short(select: exp.Select) -> str:
    return shortened(_shown(select), 100)


def _shown(tree: exp.Expression | None) -> str:
    return "nothing" if tree is None else printed(tree)
