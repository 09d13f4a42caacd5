"""Mixtures: one subset of several pools and subsets, by share, with repeats, caps and a budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from catalog.errors import OptionError
from catalog.kernels._common.mixing import ALL, REST, Part, deal, read_budget, read_parts
from catalog.kernels._common.sizes import read_share, read_tokens
from catalog.messages import argument
from catalog.query.executor import Limits
from catalog.query.expression import bracketed, inserts
from catalog.selection.selector import (
    Selector,
    find_selector,
    packaged_selection,
    unplaced,
)
from catalog.selection.token_score import TokenScore, sum_of_tokens
from catalog.store.references import Reference, check_name, count_members, resolve
from catalog.store.store import Store
from catalog.subsets.all_or_none import all_or_none
from catalog.subsets.mixture import Mixture, reported
from catalog.subsets.select import select

NO_CAPS = "NULL::VARCHAR[][] AS caps"


def mix(
    store: Store,
    *,
    name: str,
    parts: Sequence[str],
    budget: str,
    caps: Sequence[str] = (),
    seed: int = 0,
    tokens: TokenScore | None = None,
    group: str | None = None,
    is_newest: bool = False,
    is_gated: bool = False,
    limits: Limits | None = None,
) -> Mixture:
    """Mix several pools and subsets to one subset.

    Members of a pool come in a random order, those of a subset in its order, and those of
    ``REF:SELECTOR`` in the selector's order, as a subset ``NAME.REF-SELECTOR``. Each part takes its
    members until the next would exceed its size, and from the start again up to its repeats. The
    rest gets what the others leave. A member of several parts belongs to the first.

    Args:
        store: the catalog's files and database.
        name: of the subset.
        parts: such as ``alpaca:s2l=40%``, ``gsm@1=30%*3`` (at most three times each) and
            ``best=rest``; a size is a share of the budget, rows, tokens, ``all`` or ``rest``.
        budget: rows such as ``5000``, tokens such as ``20Mtok``, or ``all``.
        caps: such as ``source=25%``: for each value of a SQL expression over a member, the most
            that its rows are of the budget. A list counts for each of its elements; NULL and false
            are not counted.
        seed: random seed of the draws.
        tokens: the score that counts tokens, for a budget in tokens.
        group: of subsets that it belongs to.
        is_newest: make a version again where its definition is that of an older version than the
            newest.
        is_gated: refuse a mixture that shares 13 words in a row with a pool for evaluation.
        limits: memory, time, and whether results of slow kernels are cached.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        OptionError: a part, a cap or the budget is not valid.
        SelectionError: nothing can be selected; or, under ``is_gated``, a pool for evaluation
            shares words with it.
    """
    check_name(name)
    limits = limits or Limits()
    found, rules = check_mixture(parts, budget=budget, caps=caps, is_counted=tokens is not None)
    asked: dict[str, Any] = {"tokens": tokens, "seed": seed, "limits": limits}
    asked |= {"total": read_budget(budget), "is_capped": bool(rules)}
    chosen: dict[str, Any] = {"budget": ALL, "seed": seed, "group": group, "limits": limits}
    chosen |= {"is_newest": is_newest, "is_gated": is_gated}
    with all_or_none(store):
        sources = [_source(store, part, name=name, **asked) for part in found]
        settings = _settings(found, sources, budget=budget, rules=rules, tokens=tokens)
        text, selector = ",".join(map(str, sources)), _selector(rules, tokens)
        with unplaced(selector):
            selected = select(store, selector, text, name=name, settings=settings, **chosen)
        return reported(
            store, selected, found, sources, budget=budget, tokens=tokens, limits=limits
        )


def _settings(
    parts: Sequence[Part],
    sources: Sequence[Reference],
    *,
    budget: str,
    rules: Sequence[tuple[str, str]],
    tokens: TokenScore | None,
) -> dict[str, Any]:
    """Return the settings of a mixture's selector."""
    names = [each.name for each in sources]
    repeated = [each for each in names if names.count(each) > 1]
    if repeated:
        raise OptionError(f"{repeated[0]} is named by two parts: name it once")
    dealt = [replace(part, name=each) for part, each in zip(parts, names, strict=True)]
    settings: dict[str, Any] = {"parts": ",".join(map(str, dealt)), "size": budget}
    settings["caps"] = ",".join(share for _, share in rules)
    if tokens:
        settings |= {"counted": tokens.name, "identity": tokens.identity_sha256}
    return settings


def check_mixture(
    parts: Sequence[str], *, budget: str, caps: Sequence[str], is_counted: bool
) -> tuple[list[Part], list[tuple[str, str]]]:
    """Return the parts of a mixture, and the expression and share of each cap.

    Args:
        parts: as `mix` takes them.
        budget: of the mixture.
        caps: as `mix` takes them.
        is_counted: whether a model counts tokens.

    Raises:
        OptionError: a part, a cap or the budget is not valid, or they do not fit together.
    """
    found = read_parts(parts)
    _require_units(found, budget, is_counted=is_counted)
    deal(found, [()] * len(found), (), budget=read_budget(budget))
    return found, [_cap(each) for each in caps]


def _require_units(parts: Sequence[Part], budget: str, *, is_counted: bool) -> None:
    """Refuse sizes of which some are in rows and some in tokens, and tokens that nothing counts."""
    sizes = [part.size for part in parts] + [budget]
    in_tokens = [each for each in sizes if read_tokens(each) is not None]
    in_rows = [each for each in sizes if each.replace("_", "").isdigit()]
    if in_tokens and in_rows:
        raise OptionError(f"{in_tokens[0]} is in tokens, {in_rows[0]} in rows: use one unit")
    if in_tokens and not is_counted:
        raise OptionError(
            f"{in_tokens[0]} needs a model whose tokenizer counts: give {argument('model')}"
        )
    if in_rows and is_counted:
        raise OptionError(f"{in_rows[0]} is in rows: leave {argument('model')} out")


def _cap(text: str) -> tuple[str, str]:
    """Return the expression and the share of a cap such as ``source=25%``.

    Raises:
        OptionError: there is no share.
        QueryError: the expression is not one.
    """
    expression, _, share = text.rpartition("=")
    if not expression or not read_share(share):
        raise OptionError(f"cap {text!r}: expected EXPRESSION=SHARE, such as source=25%")
    return bracketed(expression, option="--cap"), share.strip()


def _selector(rules: Sequence[tuple[str, str]], tokens: TokenScore | None) -> Selector:
    """Return the selector of a mixture, with the expressions of its caps in its text."""
    selector = packaged_selection("mix_tokens" if tokens else "mix")
    text = selector.text
    if rules:
        values = ", ".join(f"values_of{expression}" for expression, _ in rules)
        text = text.replace(NO_CAPS, f"[{values}] AS caps")
    places = inserts(text, *(expression for expression, _ in rules), option="--cap")
    return replace(selector, name="mix", text=text, inserts=places)


def _source(
    store: Store,
    part: Part,
    *,
    name: str,
    total: float,
    is_capped: bool,
    tokens: TokenScore | None,
    seed: int,
    limits: Limits,
) -> Reference:
    """Return the pool or subset that a part draws from; a selector's is selected first."""
    text, colon, method = part.name.partition(":")
    if colon and not method:
        raise OptionError(f"part {part}: expected a selector after the colon, as {text}:random")
    with store.reading() as connection:
        reference = resolve(connection, text)
    if not method:
        return reference
    selector = find_selector(store, method)
    own = f"{name}.{reference.name}-{selector.name}"
    wanted = math.inf if is_capped else _wanted(part, total)
    budget = _within(store, reference, wanted, tokens)
    asked: dict[str, Any] = {"name": own, "budget": budget, "seed": seed, "tokens": tokens}
    asked |= {"is_checked": False}
    selected = select(store, selector, str(reference), **asked, limits=limits)
    with store.reading() as connection:
        return resolve(connection, str(selected.reference))


def _wanted(part: Part, total: float) -> float:
    """Return the most that a part can take; the rest may get what all others leave."""
    if part.size.lower() == REST:
        return total
    share = read_share(part.size)
    return total * float(share) if share is not None else read_budget(part.size)


def _within(
    store: Store, reference: Reference, wanted: float, tokens: TokenScore | None
) -> str | int:
    """Return a budget that a pool or subset can fill, with one member more than is wanted."""
    with store.reading() as connection:
        available, most = count_members(connection, reference), 1
        if tokens:
            available, most = sum_of_tokens(connection, reference, tokens)
    if wanted + most >= available:
        return ALL
    return f"{int(wanted) + most}tok" if tokens else int(wanted) + most
