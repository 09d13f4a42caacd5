"""The reference of SQL: sources, kernels, macros, and the schema that the migrations make."""

from __future__ import annotations

import inspect
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import docstrings

from catalog import Catalog, CatalogError
from catalog.query import kernels
from catalog.query.sources import SOURCES

ROOT = Path(__file__).resolve().parent.parent.parent
HIDDEN = frozenset({"connection", "pins", "memory"})  # what a query does not pass
HEAD = """# SQL

`catalog sql`, `search --where` and selectors take one SELECT in
[DuckDB's dialect](https://duckdb.org/docs/stable/sql/introduction).
[Security](../architecture/security.md)
says what a query may do. The relations and functions on this page are the catalog's own.

- [Sources](#sources): pools, subsets and signals.
- [Kernels](#kernels): table functions that compute.
- [Macros](#macros): SQL functions that selectors share.
- [Tables](#tables): what the catalog stores.

A reference `ref` is a text: `'alpaca'` is the newest version, `'alpaca@3'` is version 3, and
`'alpaca@full'` is the version with the tag `full`. Named arguments are written `name => value`.
"""


def pages() -> dict[str, str]:
    """Return the page of SQL by its path."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = _example(Path(folder))
        sources = [_source(name, function, catalog) for name, function in SOURCES.items()]
        tables = _tables(catalog)
    computed = [_kernel(name) for name in sorted(kernels.kernel_names())]
    parts = [HEAD, "## Sources\n", *sources, "## Kernels\n", KERNELS, *computed]
    parts += ["## Macros\n", *[_macro(text) for text in _macros()]]
    parts += ["## Tables\n", TABLES, *tables]
    return {"reference/sql.md": "\n".join(parts)}


KERNELS = """A kernel takes a relation in parentheses first.
It returns the relation's columns and its own.
Vector columns are not returned.

```sql
SELECT duplicate_group, group_size, prompt
FROM near_duplicates((SELECT fingerprint, prompt FROM pool('demo')), threshold => 0.7)
WHERE group_size > 1
```
"""
TABLES = """`instruction_id` is for joins inside the catalog.
It never leaves the catalog; fingerprints do.
A pool at version `v` is `added_version <= v AND (removed_version IS NULL OR removed_version > v)`,
so a version costs what it changed.
"""


def _example(folder: Path) -> Catalog:
    """Return a catalog with a pool `p` and a subset `s` of one member each, which is marked."""
    record = {"instruction": "question", "input": "", "output": "answer"}
    (folder / "p.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    catalog = Catalog.open(folder / "home", isolated=False)
    catalog.register(folder / "p.jsonl", pool="p")
    catalog.select("random", "p", budget=1, name="s")
    catalog.mark("p", catalog.pool("p")["fingerprint"][0], mark="good")
    return catalog


def _source(name: str, function: Callable[..., Any], catalog: Catalog) -> str:
    parsed = docstrings.parse(function.__doc__)
    call = signature(name, function)
    parts = [f"### {name}\n", f"```sql\n{call}\n```\n", f"{parsed.prose}\n"]
    rows = [f"| `{column}` | {_type(type_)} |" for column, type_ in _columns(name, catalog)]
    if rows:
        parts.append("\n".join(["| column | type |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _columns(name: str, catalog: Catalog) -> list[tuple[str, str]]:
    """Return a source's columns with their types; none if it reads a signal."""
    reference = "s" if name == "subset" else "p"
    try:
        frame = catalog.sql(f"SELECT typeof(COLUMNS(*)) FROM {name}('{reference}') LIMIT 1")
    except CatalogError:
        return []
    return list(zip(frame.columns, map(str, frame.row(0)), strict=True))


def _type(type_: str) -> str:
    return "for a kernel only" if "opaque" in type_ else f"`{type_}`"


def signature(name: str, function: Callable[..., Any]) -> str:
    """Write a function's signature as SQL calls it."""
    given = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in HIDDEN
    ]
    return f"{name}({', '.join(_argument(parameter) for parameter in given)})"


def _argument(parameter: inspect.Parameter) -> str:
    if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
        return f"({parameter.name})" if "Table" in str(parameter.annotation) else parameter.name
    if parameter.default is inspect.Parameter.empty:
        return f"{parameter.name} => ..."
    return f"{parameter.name} => {_literal(parameter.default)}"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def _kernel(name: str) -> str:
    kernel = kernels.kernel(name)
    function = kernel.function
    parsed = docstrings.parse(function.__doc__)
    added: Mapping[str, str] = kernel.adds
    rows = [f"| `{column}` | `{type_}` |" for column, type_ in added.items()]
    parts = [
        f"### {name}\n",
        f"```sql\n{signature(name, function)}\n```\n",
        f"{parsed.prose}\n",
        "\n".join(["| added column | type |", "|---|---|", *rows]) + "\n",
        *[f"{part}\n" for part in docstrings.markdown(parsed, skip=HIDDEN)],
        *[
            f"`{option} => '{value}'`: {note}.\n"
            for option, notes in kernel.notes.items()
            for value, note in notes.items()
        ],
    ]
    return "\n".join(parts)


def _macros() -> list[str]:
    files = sorted((ROOT / "sql" / "macros").glob("*.sql"))
    return [path.read_text(encoding="utf-8") for path in files]


def _macro(text: str) -> str:
    comment = " ".join(re.findall(r"\A((?:--.*\n)*)", text)[0].replace("--", "").split())
    call, name, returns = re.findall(r"MACRO ((\w+)\([^)]*\)) AS( TABLE)?", text)[0]
    form = "a table" if returns else "a value"
    return f"### {name}\n\n```sql\n{call}\n```\n\n{comment} Returns {form}.\n"


def _tables(catalog: Catalog) -> list[str]:
    rows = catalog.sql(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE NOT internal AND database_name NOT IN ('memory', 'temp') "
        "ORDER BY table_name, column_index"
    ).rows()
    meanings = _comments()
    columns: dict[str, list[str]] = {}
    for table, column, type_ in rows:
        line = f"| `{column}` | {_type(type_)} | {meanings.get((table, column), '')} |"
        columns.setdefault(table, []).append(line)
    head = ["| column | type | meaning |", "|---|---|---|"]
    return [
        f"### Table {table}\n\n" + "\n".join([*head, *columns[table]]) + "\n" for table in columns
    ]


def _comments() -> dict[tuple[str, str], str]:
    """Return the newest comment that a migration writes beside each column."""
    comments: dict[tuple[str, str], str] = {}
    table = ""
    for path in sorted((ROOT / "migrations").glob("*.sql")):
        for line in path.read_text(encoding="utf-8").splitlines():
            created = re.match(r"(?:CREATE TABLE|ALTER TABLE) (\w+)", line)
            table = created[1] if created else table
            column = re.match(
                r"(?:    |ALTER TABLE \w+ (?:ADD|ALTER) COLUMN )(\w+) .*?--\s+(.*)", line
            )
            if column:
                comments[table, column[1]] = column[2].replace("|", "\\|").replace("<", "&lt;")
    return comments
