"""Functions whose answer changes from run to run, by DuckDB's own account of each.

A macro is judged by its body, DuckDB's own macros and the catalog's alike.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import duckdb

from catalog.query.parse import SERIALIZE, Node, nodes
from catalog.store.queries import macros_by_name

if TYPE_CHECKING:
    from catalog.store.database import Connection

# Names without brackets that DuckDB answers from the clock, unless a column has the name.
CLOCKS = frozenset(
    ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp")
)
HARMLESS = frozenset({"error"})  # VOLATILE to DuckDB, and without an answer
# CONSISTENT to DuckDB, and otherwise in another run: `age` of one argument counts from today.
MISJUDGED = frozenset({("age", 1)})
# Answered from their arguments alone, so that DuckDB need not list its functions for a text that
# calls no others. A test compares them with DuckDB's own account.
COMMON = """
    + - * / // % ** ^ || >> << & | ~ ~~ !~~ ~~* !~~*
    abs array_extract array_length ascii bit_count cardinality ceil ceiling chr concat concat_ws
    contains cos date_part date_trunc day element_at exp floor format greatest hash hour instr
    isfinite isnan json_extract json_extract_string json_keys least left len length levenshtein
    list_aggregate list_avg list_concat list_contains list_distinct list_extract list_filter
    list_has_any list_max list_min list_position list_slice list_sort list_sum list_transform
    list_unique list_value ln log log10 log2 lower lpad ltrim map_keys map_values md5 md5_number
    minute mod month nullif pow power prefix printf range regexp_extract regexp_extract_all
    regexp_full_match regexp_matches regexp_replace repeat replace reverse right round row rpad
    rtrim second sha256 sign sin split split_part sqrt starts_with str_split string_split
    strip_accents strlen strpos struct_extract struct_pack substr substring suffix tan trim trunc
    unnest upper week year
    any_value arg_max arg_min avg bool_and bool_or count count_star first last list max median min
    quantile_cont quantile_disc stddev string_agg sum
    dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
"""
CONSISTENT = frozenset(COMMON.split())
Functions = tuple[dict[tuple[str, int], bool], dict[str, list[str]]]
KNOWN: dict[
    str, Functions
] = {}  # asked once in a process: DuckDB takes 50 ms to list its functions
PARSED: dict[str, Any] = {}
"""Parse trees of the bodies of macros, each parsed once in a process."""
QUERY = """
SELECT
    lower(function_name),
    CASE WHEN starts_with(function_type, 'table') THEN '' ELSE 'SELECT ' END || macro_definition,
    len(parameters),
    stability <> 'CONSISTENT'
FROM duckdb_functions()
WHERE function_type IN ('scalar', 'macro', 'table_macro')
"""


class Stability:
    """DuckDB's own account of the functions of a connection."""

    def __init__(self, connection: Connection, known: Collection[str] = ()) -> None:
        self.connection = connection
        self.known = known  # the catalog's table functions, which do not change

    @cached_property
    def functions(self) -> Functions:
        """Whether each function changes, by name and arity, and the bodies of macros."""
        if duckdb.__version__ not in KNOWN:
            KNOWN[duckdb.__version__] = _functions(self.connection)
        return KNOWN[duckdb.__version__]

    def changing(self, root: Node) -> Iterator[tuple[Node, str]]:
        """Return the calls in a parse tree that change from run to run, each with its name."""
        for node in nodes(root):
            name = _called(node)
            if name and self._is_changing(node, name, frozenset()):
                yield node, name

    def _is_changing(self, node: Node, name: str, seen: frozenset[str]) -> bool:
        n_arguments = len(node.get("arguments") or ())
        if name in CLOCKS or (name, n_arguments) in MISJUDGED:
            return True
        if name in seen or name in HARMLESS or self._is_consistent(name):
            return False
        if self.functions[0].get((name, n_arguments)):
            return True
        return self.is_changing_macro(name, seen)

    def _is_consistent(self, name: str) -> bool:
        return name in CONSISTENT or name in macros_by_name() or name in self.known

    def is_changing_macro(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Return whether the body of a macro changes; False where none has that name."""
        return any(
            self._is_changing_body(body, seen | {name}) for body in self.functions[1].get(name, ())
        )

    def _is_changing_body(self, body: str, seen: frozenset[str]) -> bool:
        if body not in PARSED:
            rows = self.connection.sql(SERIALIZE, params={"text": body}).fetchall()
            PARSED[body] = json.loads(rows[0][0])
        answer = PARSED[body]
        if answer["error"]:
            return False
        inner = nodes(answer["statements"][0]["node"])
        return any(self._is_changing(node, _called(node), seen) for node in inner if _called(node))


def _functions(connection: Connection) -> Functions:
    """Return whether each function changes, by name and arity, and the bodies of macros."""
    by_arity: dict[tuple[str, int], bool] = {}
    bodies: dict[str, list[str]] = {}
    for name, body, n, is_changing in connection.sql(QUERY).fetchall():
        if body is not None:
            bodies.setdefault(name, []).append(body)
        else:
            by_arity[name, n] = is_changing and by_arity.get((name, n), True)
    return by_arity, bodies


def _called(node: Node) -> str:
    """Return the function that a node calls, or the clock that it names."""
    path: Any = node.get("column_names") or ()
    if len(path) == 1 and str(path[0]).lower() in CLOCKS:
        return str(path[0]).lower()
    return str(node.get("function_name") or "").lower()
