"""The Parquet tables that a selection reads in another engine, and the commands that write them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from catalog.query.outline import Outline
from catalog.query.plan import call_text
from catalog.query.resolved import Resolved
from catalog.store.quoting import quoted

EXPORTED = frozenset(("fingerprint", "source"))
"""The scalar columns that an export as Parquet has under the catalog's names."""


@dataclass(frozen=True)
class StoredTable:
    """A table that a selection reads in another engine.

    Attributes:
        name: of the table there.
        columns: that the selection reads.
        command: writes them as a Parquet file here.
    """

    name: str
    columns: tuple[str, ...]
    command: str


def with_stored_tables(tree: exp.Query, outline: Outline) -> tuple[StoredTable, ...]:
    """Put stored tables in place of the sources of a qualified query, and return them.

    ``instruction_id``, which no export has, becomes the fingerprint.
    """
    needed = _columns_needed(tree, outline.sources)
    names = _table_names({name: outline.sources[name] for name in needed})
    for table in list(tree.find_all(exp.Table)):
        if table.name in needed:
            _replace(table, names[table.name], needed[table.name])
    return tuple(
        StoredTable(
            names[name],
            tuple(_written(columns)),
            _command(outline.sources[name], names[name], columns),
        )
        for name, columns in needed.items()
    )


def _columns_needed(tree: exp.Query, sources: Mapping[str, Resolved]) -> dict[str, set[str]]:
    needed: dict[str, set[str]] = {}
    for scope in traverse_scope(tree):
        for alias, source in scope.sources.items():
            if isinstance(source, exp.Table) and source.name in sources:
                columns = {column.name for column in scope.columns if column.table == alias}
                needed.setdefault(source.name, set()).update(columns)
    return needed


def _written(columns: Collection[str]) -> list[str]:
    """Return the columns of the Parquet file from which the needed ones follow."""
    return sorted({*columns, "fingerprint"} - {"instruction_id"})


def _replace(table: exp.Table, name: str, columns: Collection[str]) -> None:
    selected = [exp.column(column) for column in _written(columns)]
    if "instruction_id" in columns:
        selected.insert(0, exp.alias_(exp.column("fingerprint"), "instruction_id"))
    alias = table.alias_or_name
    joins = table.args.get("joins")
    new = exp.select(*selected).from_(exp.to_table(quoted(name))).subquery(alias)
    if joins:
        new.set("joins", joins)
    table.replace(new)


def _table_names(sources: Mapping[str, Resolved]) -> dict[str, str]:
    """Return a name for the table of each source; no two are the same."""
    names: dict[str, str] = {}
    for source, resolved in sources.items():
        words = [_word(resolved), resolved.name] if resolved.kind else [_word(resolved)]
        base = re.sub(r"\W+", "_", "_".join(map(str, words))).lower()
        name, number = base, 1
        while name in names.values():
            number += 1
            name = f"{base}_{number}"
        names[source] = name
    return names


def _word(resolved: Resolved) -> str:
    if resolved.kind:
        return resolved.kind
    return f"{resolved.reference.name}_scores" if resolved.is_by_column else resolved.reference.name


def _command(resolved: Resolved, name: str, columns: Collection[str]) -> str:
    reference = str(resolved.reference)
    is_plain = resolved.kind is None and not resolved.is_by_column
    file = f"{name}.parquet"
    if is_plain and set(columns) <= EXPORTED | {"instruction_id"}:
        return shlex.join(("catalog", "export", reference, "--format", "parquet", "-o", file))
    names = (each if each.isidentifier() else quoted(each) for each in _written(columns))
    listed = ", ".join(names)
    # In double quotes, since the texts of SQL have single ones.
    return f'catalog sql "SELECT {listed} FROM {_call(resolved)}" -o {file}'


def _call(resolved: Resolved) -> str:
    values: dict[str, Any] = {"name": resolved.name} if resolved.kind else {}
    word = resolved.kind or ("scores" if resolved.is_by_column else resolved.reference.kind)
    return call_text(word, str(resolved.reference), values)
