"""Mixtures: one subset of several pools and subsets, by share, with repeats, caps and a budget."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.errors import OptionError
from catalog.kernels._common.mixing import ALL, REST, Part, read_budget, read_parts
from catalog.kernels._common.sizes import read_share, read_tokens
from catalog.messages import argument
from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.query.expression import bracketed
from catalog.query.stream import run
from catalog.selection.selector import Selector, find_selector, packaged_selection
from catalog.selection.token_score import TokenScore, sum_of_tokens
from catalog.store.queries import query
from catalog.store.references import Reference, check_name, count_members, resolve
from catalog.store.store import Store
from catalog.subsets.select import Selected, select

NO_CAPS = "NULL::VARCHAR[][] AS caps"
LAST_SELECT = "\nSELECT instruction_id, pool AS part"


@dataclass(frozen=True)
class MixedPart:
    """Part of a mixture.

    Attributes:
        part: as asked for, such as ``alpaca:s2l``.
        size: as asked for, such as ``40%`` or ``rest``.
        reference: what it draws from, ``name@version``.
        asked: its size in rows or tokens; None for ``all``.
        achieved: rows or tokens that it got.
        n_members: members of it in the mixture.
        n_rows: rows that these are.
        epochs: what it got, as a share of all its rows or tokens.
        ran_out: whether it has too few members for its size.
    """

    part: str
    size: str
    reference: str
    asked: float | None
    achieved: int
    n_members: int
    n_rows: int
    epochs: float
    ran_out: bool


@dataclass(frozen=True)
class Mixture(NotebookResult):
    """Mixture of several pools and subsets.

    Attributes:
        reference: the subset that holds it, ``name@version``.
        is_new: False when the same definition was selected before.
        unit: of sizes: ``rows`` or ``tokens``.
        budget: as asked for.
        achieved: rows or tokens in all.
        n_members: members, each counted once.
        n_rows: rows that these are.
        parts: in the order in which they were asked for.
    """

    reference: str
    is_new: bool
    unit: str
    budget: str
    achieved: int
    n_members: int
    n_rows: int
    parts: tuple[MixedPart, ...]


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
        limits: memory, time, and whether results of slow kernels are cached.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        OptionError: a part, a cap or the budget is not valid.
        SelectionError: nothing can be selected.
    """
    check_name(name)
    limits = limits or Limits()
    found = read_parts(parts)
    _require_units(found, budget, tokens)
    rules = [_cap(each) for each in caps]
    sources = [
        _source(
            store,
            part,
            name=name,
            total=read_budget(budget),
            is_capped=bool(rules),
            tokens=tokens,
            seed=seed,
            limits=limits,
        )
        for part in found
    ]
    names = [each.name for each in sources]
    repeated = [each for each in names if names.count(each) > 1]
    if repeated:
        raise OptionError(f"{repeated[0]} is named by two parts: name it once")
    dealt = [replace(part, name=each) for part, each in zip(found, names, strict=True)]
    settings: dict[str, Any] = {"parts": ",".join(map(str, dealt)), "size": budget}
    settings["caps"] = ",".join(share for _, share in rules)
    if tokens:
        settings |= {"counted": tokens.name, "identity": tokens.identity_sha256}
    selected = select(
        store,
        _selector(rules, tokens),
        ",".join(map(str, sources)),
        name=name,
        budget=ALL,
        settings=settings,
        seed=seed,
        group=group,
        is_newest=is_newest,
        limits=limits,
    )
    return _reported(store, selected, found, sources, budget=budget, tokens=tokens, limits=limits)


def _require_units(parts: Sequence[Part], budget: str, tokens: TokenScore | None) -> None:
    """Refuse sizes of which some are in rows and some in tokens, and tokens that nothing counts."""
    sizes = [part.size for part in parts] + [budget]
    in_tokens = [each for each in sizes if read_tokens(each) is not None]
    in_rows = [each for each in sizes if each.replace("_", "").isdigit()]
    if in_tokens and in_rows:
        raise OptionError(f"{in_tokens[0]} is in tokens, {in_rows[0]} in rows: use one unit")
    if in_tokens and tokens is None:
        raise OptionError(
            f"{in_tokens[0]} needs a model whose tokenizer counts: give {argument('model')}"
        )
    if in_rows and tokens is not None:
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
    return replace(selector, name="mix", text=text)


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


def _reported(
    store: Store,
    selected: Selected,
    parts: Sequence[Part],
    sources: Sequence[Reference],
    *,
    budget: str,
    tokens: TokenScore | None,
    limits: Limits,
) -> Mixture:
    """Return what a mixture took of each part."""
    definition = selected.definition
    head = definition.selector.text.partition(LAST_SELECT)[0]
    text = f"{head}\n{query('mix/parts')}"
    rows = run(store, text, parameters=definition.given, name="mix", limits=limits).to_pylist()
    by_name = {row["pool"]: row for row in rows}
    mixed = tuple(
        _mixed(part, source, by_name.get(source.name))
        for part, source in zip(parts, sources, strict=True)
    )
    return Mixture(
        str(selected.reference),
        selected.is_new,
        "tokens" if tokens else "rows",
        budget,
        sum(each.achieved for each in mixed),
        selected.n_members,
        sum(each.n_rows for each in mixed),
        mixed,
    )


def _mixed(part: Part, source: Reference, row: Mapping[str, Any] | None) -> MixedPart:
    if row is None:  # every member belongs to an earlier part
        return MixedPart(part.name, part.size, str(source), None, 0, 0, 0, 0.0, ran_out=True)
    return MixedPart(
        part.name,
        part.size,
        str(source),
        row["asked"],
        row["achieved"],
        row["n_members"],
        row["n_rows"],
        row["achieved"] / max(row["available"], 1),
        row["ran_out"],
    )
