"""The findings of a selection: values that depend on the order of rows, with their locations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog.query.clause_places import Clauses
from catalog.query.parse import Node, offset
from catalog.query.plan import Finding
from catalog.query.scopes import Scope, orders_of, tells_apart
from catalog.query.source_text import SourceText
from catalog.query.stubs import Stubs
from catalog.query.ties import Open, Relations, is_counting, key_of, opened

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
) -> tuple[SourceText, list[Finding]]:
    """Close every open order of a query, and find what stays open.

    Args:
        text: the query.
        found: the queries in it.
        known: what is known of the relations that it reads.
        stubs: empty stubs of these.
    """
    findings = [*_aggregates(text, found, known, stubs), *_clauses(text, found)]
    places: list[Open] = []
    for one in opened(
        text, found, known, lambda call: _name(call) in PICKS | LISTS | SUMS | MOMENTS
    ):
        if isinstance(one, Open):
            places.append(one)
        else:
            findings.append(Finding(_place(text, one), _ties(one)))
    answer = text
    for place in sorted(places, key=lambda place: place.start, reverse=True):
        key = key_of(place, answer, known, stubs)
        if key is None:
            findings.append(Finding(text.location(place.start), _ties(place.node)))
        else:
            answer = place.closed(answer, key)
    return answer, findings


def _aggregates(
    text: SourceText, found: list[Scope], known: Relations, stubs: Stubs
) -> Iterator[Finding]:
    clauses = Clauses(str(text))
    for scope in found:
        for call in (*scope.calls, *scope.windows):
            if _is_decided(call, scope, known):
                continue
            message = _message(_name(call), call, text, clauses, stubs)
            if message:
                yield Finding(_place(text, call), message)


def _is_decided(call: Node, scope: Scope, known: Relations) -> bool:
    """Return whether the order of a call's rows is fixed, or `ties` fixes it."""
    if call.get("class") != "WINDOW":
        return bool(orders_of(call))
    expressions = [*(call.get("partitions") or ()), *orders_of(call)]
    is_ordered = bool(call.get("arg_orders")) or is_counting(call)
    return is_ordered or tells_apart(expressions, scope, known.unique)


def _message(name: str, call: Node, text: SourceText, clauses: Clauses, stubs: Stubs) -> str | None:
    repair = f"write {name}(... ORDER BY fingerprint)"
    if name in PICKS:
        return f"{name}(...) takes any of several rows: {repair}"
    if name in LISTS:
        return f"{name}(...) has no order: {repair}"
    if name in SAMPLES:
        return f"{name}(...) depends on the order of rows: {repair}"
    if name in MOMENTS or (name in SUMS and _is_of_fractions(call, text, clauses, stubs)):
        return f"{name}(...) of fractions depends on the order of addition: {repair}"
    return None


def _is_of_fractions(call: Node, text: SourceText, clauses: Clauses, stubs: Stubs) -> bool:
    arguments = clauses.arguments(call)
    found = [stubs.type_of(text, start, end) for start, end in arguments[:1]]
    return any(type_ is None or FRACTIONS.search(type_) for type_ in found)


def _clauses(text: SourceText, found: list[Scope]) -> Iterator[Finding]:
    for scope in found:
        limit, distinct = scope.modifier("LIMIT"), scope.modifier("DISTINCT")
        if scope.orders or scope.is_top:
            continue
        if limit:
            yield Finding(
                _place(text, limit),
                "LIMIT without ORDER BY takes any rows: add ORDER BY fingerprint",
            )
        if distinct and distinct.get("distinct_on_targets"):
            yield Finding(
                _place(text, distinct),
                "DISTINCT ON without ORDER BY keeps any rows: add ORDER BY ..., fingerprint",
            )


def _ties(node: Node) -> str:
    name = _name(node)
    part = f"{name}(...)" if name else "ORDER BY"
    if node.get("class") == "WINDOW":
        part = f"{name}() OVER (...)"
    return (
        f"{part} leaves ties open, and no key is available: "
        "end its ORDER BY with a column that no two rows share"
    )


def _name(call: Node) -> str:
    return str(call.get("function_name") or "").lower()


def _place(text: SourceText, node: Node) -> str:
    offsets = Clauses(str(text)).offsets(node)
    return text.location(offset(text, node) or next(iter(offsets), 0))
