"""The findings of a selection: values that depend on the order of rows, with their locations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog.query.clause_places import Clauses
from catalog.query.finding import Edit, Finding
from catalog.query.parse import Node, offset
from catalog.query.scopes import Scope, orders_of
from catalog.query.source_text import SourceText
from catalog.query.stubs import Stubs
from catalog.query.ties import Open, Relations, is_counting, key_of, opened
from catalog.query.uniqueness import tells_apart

PICKS = frozenset(
    (
        "first",
        "last",
        "any_value",
        "arbitrary",
        "first_value",
        "last_value",
        "nth_value",
        "mode",
        "arg_max",
        "arg_min",
        "argmax",
        "argmin",
        "max_by",
        "min_by",
        "arg_max_null",
        "arg_min_null",
        "arg_max_nulls_last",
        "arg_min_nulls_last",
    )
)
LISTS = frozenset(
    (
        "list",
        "array_agg",
        "string_agg",
        "group_concat",
        "listagg",
        "json_group_array",
        "json_group_object",
        "variant_group_array",
    )
)
SAMPLES = frozenset(("approx_quantile", "reservoir_quantile", "approx_top_k"))
SUMS = frozenset(("sum", "avg", "mean", "fsum", "sumkahan", "kahan_sum", "favg", "product"))
# Computed in fractions, whatever they are given.
MOMENTS = frozenset(
    (
        "stddev",
        "stddev_samp",
        "stddev_pop",
        "variance",
        "var_samp",
        "var_pop",
        "sem",
        "corr",
        "covar_pop",
        "covar_samp",
        "skewness",
        "kurtosis",
        "kurtosis_pop",
        "entropy",
        "regr_slope",
        "regr_intercept",
        "regr_r2",
        "regr_sxx",
        "regr_sxy",
        "regr_syy",
        "regr_avgx",
        "regr_avgy",
        "geomean",
        "geometric_mean",
        "wavg",
        "weighted_avg",
    )
)
FRACTIONS = re.compile(r"FLOAT|DOUBLE")


def settled(
    text: SourceText, found: list[Scope], known: Relations, stubs: Stubs
) -> tuple[SourceText, list[Finding], list[Finding]]:
    """Close every open order of a query, and find what stays open.

    Args:
        text: the query.
        found: the queries in it.
        known: what is known of the relations that it reads.
        stubs: empty stubs of these.

    Returns:
        the closed query, the findings that stay, and the ties that it closed.
    """
    findings = [*_aggregates(text, found, known, stubs), *_clauses(text, found, known, stubs)]
    places: list[Open] = []
    for one in opened(text, found, known, _is_ordered):
        if isinstance(one, Open):
            places.append(one)
        else:
            findings.append(_undecided(one, _place(text, one)))
    answer = text
    closed: list[Finding] = []
    for place in sorted(places, key=lambda place: place.start, reverse=True):
        key = key_of(place, answer, known, stubs)
        where = _place(text, place.node)
        if key is None:
            findings.append(_undecided(place.node, where))
            continue
        edit = place.edit(text, key)
        closed += [_decidable(place.node, where, edit)] if edit else []
        answer = place.closed(answer, key)
    return answer, findings, closed


def _is_ordered(call: Node) -> bool:
    """Return whether the answer of an aggregate depends on the order of its rows."""
    return _name(call) in PICKS | LISTS | SUMS | MOMENTS


def _aggregates(
    text: SourceText, found: list[Scope], known: Relations, stubs: Stubs
) -> Iterator[Finding]:
    clauses = Clauses(str(text))
    for scope in found:
        for call in (*scope.calls, *scope.windows):
            if _is_decided(call, scope, known):
                continue
            rule, reason = _reason(_name(call), call, text, clauses, stubs)
            if not rule:
                continue
            end = None if call.get("class") == "WINDOW" else clauses.end_of_arguments(call)
            edit = _order(text, end, call, scope, known, stubs)
            repair = f"write {_name(call)}(... ORDER BY fingerprint)"
            yield Finding(rule, _place(text, call), reason, repair, edit)


def _order(
    text: SourceText, offset: int | None, node: Node, scope: Scope, known: Relations, stubs: Stubs
) -> Edit | None:
    """Return the edit that puts an ORDER BY with a deciding key at an offset."""
    if offset is None:
        return None
    is_clause = node.get("class") is None
    words = ("ORDER BY ", " ") if is_clause else (" ORDER BY ", "")
    is_of_groups = is_clause and scope.is_grouped
    place = Open(offset, offset, *words, node, scope, is_of_groups=is_of_groups)
    key = key_of(place, text, known, stubs)
    if key is None:
        return None
    return place.edit(text, key)


def _is_decided(call: Node, scope: Scope, known: Relations) -> bool:
    """Return whether the order of a call's rows is fixed, or `ties` fixes it."""
    if call.get("class") != "WINDOW":
        return bool(orders_of(call))
    expressions = [*(call.get("partitions") or ()), *orders_of(call)]
    is_ordered = bool(call.get("arg_orders")) or is_counting(call)
    return is_ordered or tells_apart(expressions, scope, known.unique)


def _reason(
    name: str, call: Node, text: SourceText, clauses: Clauses, stubs: Stubs
) -> tuple[str, str]:
    """Return the rule that a call breaks, and how; two empty texts for none."""
    if name in PICKS:
        return "pick", f"{name}(...) takes any of several rows"
    if name in LISTS:
        return "list", f"{name}(...) has no order"
    if name in SAMPLES:
        return "list", f"{name}(...) depends on the order of rows"
    if name in MOMENTS or (name in SUMS and _is_of_fractions(call, text, clauses, stubs)):
        return "fractions", f"{name}(...) of fractions depends on the order of addition"
    return "", ""


def _is_of_fractions(call: Node, text: SourceText, clauses: Clauses, stubs: Stubs) -> bool:
    arguments = clauses.arguments(call)
    found = [stubs.type_of(text, start, end) for start, end in arguments[:1]]
    return any(type_ is None or FRACTIONS.search(type_) for type_ in found)


def _clauses(
    text: SourceText, found: list[Scope], known: Relations, stubs: Stubs
) -> Iterator[Finding]:
    for scope in found:
        limit, distinct = scope.modifier("LIMIT"), scope.modifier("DISTINCT")
        if scope.orders or scope.is_top:
            continue
        if limit:
            reason, repair = "LIMIT without ORDER BY takes any rows", "add ORDER BY fingerprint"
            start = Clauses(str(text)).limit_of(limit)
            edit = _order(text, start, limit, scope, known, stubs)
            yield Finding("limit", _place(text, limit), reason, repair, edit)
        if distinct and distinct.get("distinct_on_targets"):
            reason = "DISTINCT ON without ORDER BY keeps any rows"
            repair = "add ORDER BY ..., fingerprint"
            yield Finding("distinct", _place(text, distinct), reason, repair)


def _decidable(node: Node, location: str, edit: Edit) -> Finding:
    return Finding("tie", location, _ties(node), f"add `{edit.text.strip(', ')}`", edit)


def _undecided(node: Node, location: str) -> Finding:
    reason = f"{_ties(node)}, and no key is available"
    repair = "end its ORDER BY with a column that no two rows share"
    return Finding("tie", location, reason, repair)


def _ties(node: Node) -> str:
    name = _name(node)
    if node.get("class") == "WINDOW":
        return f"{name}() OVER (...) leaves ties open"
    return f"{name}(...) leaves ties open" if name else "ORDER BY leaves ties open"


def _name(call: Node) -> str:
    return str(call.get("function_name") or "").lower()


def _place(text: SourceText, node: Node) -> str:
    offsets = Clauses(str(text)).offsets(node)
    return text.location(offset(text, node) or next(iter(offsets), 0))
