"""The functions of migration ``macro_names``: stored texts and definitions under new names.

They are fixed: what a migration does must not follow later changes of the code.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import duckdb

MACROS = {"lot": "shuffle_key", "draw": "uniform_hash", "drawn_key": "weighted_sample_key"}
WORDS = MACROS | {"turn": "round", "drawn": "sampled", "taken": "selected"}
NOWHERE = 2**64 - 1  # the offset of a node that DuckDB did not read from the text
WORD = re.compile(r"--[^\n]*|\w+")
OLD_SHA256 = {
    "baa08cbf5b099148e7cf1da01bce3c51628edcc36170f8bead1fce604d71e5b5": "shuffle_key",
    "d8f6e31445620e3cce83e86048cbe7cc814c58c476ded37e607f29e36b0d3dd1": "uniform_hash",
    "aee67f7c4f972843dce382cfc67fa206db7fb01d0c0f35a913d49b4c265bbf11": "weighted_sample_key",
}
NEW_SHA256 = {
    "shuffle_key": "3746c54630a6037449c16cd57fa07bc4aa9e2f10b1e4bfcdfa602498127ecf79",
    "uniform_hash": "a3f968251edb12aa72f0e8c32c9f5feea1202890085cbf6ffc560c0ec877eae5",
    "weighted_sample_key": "d379e44005536ed962ce8612b6b28f927c0644125b378a7d7dc09a629838a367",
}
SHA256 = {old: NEW_SHA256[name] for old, name in OLD_SHA256.items()}
"""Hash of a macro under its old name: that of the same macro under its new name."""


def with_new_names(sql: str, is_built_in: bool) -> str:
    """Return a SQL text that calls the macros by their new names; one that is no SELECT as it is.

    Args:
        sql: a statement.
        is_built_in: the text of one of the catalog's own selectors, whose columns have new names
            too.

    >>> with_new_names("SELECT LOT(f, 'draw(f)') AS lot -- lot(f)", False)
    "SELECT shuffle_key(f, 'draw(f)') AS lot -- lot(f)"
    >>> with_new_names("SELECT lot FROM drawn ORDER BY turn -- in turn", True)
    'SELECT shuffle_key FROM sampled ORDER BY round -- in turn'
    """
    if is_built_in:
        return WORD.sub(lambda match: WORDS.get(match[0], match[0]), sql)
    coded = sql.encode()
    for start, end, name in sorted(_calls(sql), reverse=True):
        coded = coded[:start] + MACROS[name].encode() + coded[end:]
    return coded.decode()


def definition_with_new_names(definition: str, is_built_in: bool) -> str:
    """Return a stored definition whose SQL and macros have their new names.

    A macro's hash is that of its new text, if its old text was the last under the old name.
    """
    content = json.loads(definition)
    content["sql"] = with_new_names(content["sql"], is_built_in)
    for key in ("macros", "macro_sha256"):
        if key in content:
            content[key] = {
                MACROS.get(name, name): SHA256.get(sha256, sha256)
                for name, sha256 in content[key].items()
            }
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def definition_sha256_of(definition: str) -> str:
    """Return the hash of a stored definition."""
    content = json.loads(definition)
    for key in ("budget_asked", "kernel_sha256"):
        content.pop(key, None)
    for signal in content["signals"]:
        signal.pop("lance_version", None)
        signal.pop("precision", None)
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


FUNCTIONS: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "with_new_names": (with_new_names, ["VARCHAR", "BOOLEAN"]),
    "definition_with_new_names": (definition_with_new_names, ["VARCHAR", "BOOLEAN"]),
    "definition_sha256_of": (definition_sha256_of, ["VARCHAR"]),
}


def _calls(sql: str) -> set[tuple[int, int, str]]:
    """Return where a text names the macros that it calls, in bytes, and their old names."""
    answer = _parser().execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
    coded = sql.encode()
    spans = set()
    for name, start in _function_nodes(json.loads(answer[0][0])):
        pattern = re.compile(rf'"?({name})\b"?|.*?\.\s*"?({name})"?\s*\('.encode(), re.I | re.S)
        if called := pattern.match(coded, start):
            group = 1 if called[1] else 2
            is_quoted = coded[called.start(group) - 1 : called.start(group)] == b'"'
            spans.add((called.start(group) - is_quoted, called.end(group) + is_quoted, name))
    return spans


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """Return a connection of its own, since the migration's is in use."""
    return duckdb.connect()


def _function_nodes(root: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the macros that a tree of DuckDB's parser calls, and where each call starts."""
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if node.get("function_name") in MACROS and node["query_location"] < NOWHERE:
                yield node["function_name"], node["query_location"]
            stack += node.values()
        elif isinstance(node, list):
            stack += node
