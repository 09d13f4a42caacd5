"""What a row lacked to be in a subset: the definition is run again, and the row is followed through it.

Nothing here knows a method. A query that ends in ``LIMIT $budget`` is answered without it, which
gives the row its place; a kernel that chose up to the budget is asked how the row stands to what it
took; a row that came to neither was left out by a condition, or has no value of a signal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import CatalogError
from catalog.kernels.explain import counterfactual, has_counterfactual
from catalog.query.arguments import parameters_of
from catalog.query.clauses import cut_of
from catalog.query.executor import Execution, Limits, executing
from catalog.query.planner import Apply
from catalog.store.queries import query
from catalog.store.references import resolve
from catalog.store.store import Store
from catalog.subsets.again import define_again
from catalog.why.filters import dropped_by, lacking, parted_by, position_of
from catalog.why.lookup import Row
from catalog.why.rank import Place, place_of

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.source_text import SqlText

SHOWN = 12  # digits of a fingerprint in a sentence
# Those beside the row, as a table calls them.
TITLES = {
    "last": "last taken",
    "nearest": "nearest taken",
    "most": "took most from it",
    "brought": "brought its tags",
}


@dataclass(frozen=True)
class LeftOut:
    """What a row lacked.

    Attributes:
        cause: ``place`` (it came after the last one taken), ``kernel`` (a function chose others), ``condition``, ``signal``,
            ``source`` (it is not in what was selected from), ``changed`` (it would be taken now) or
            ``unknown``.
        said: sentences.
        place: its place among all that were eligible, from 1; None where there is no such order.
        n_eligible: how many these are.
        n_taken: how many of them were taken.
        numbers: what a kernel measures of it.
        beside: the row and those that matter to it: who it is, fingerprint, rank, the selector's
            columns, prompt.
        is_as_stored: whether the definition gave the stored members again.
    """

    cause: str
    said: tuple[str, ...]
    place: int | None = None
    n_eligible: int | None = None
    n_taken: int | None = None
    numbers: dict[str, Any] = field(default_factory=dict)
    beside: tuple[dict[str, Any], ...] = ()
    is_as_stored: bool = True

    def as_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return dict(vars(self))


@dataclass(frozen=True)
class _Found:
    """What the query says of the row; rows are named by instruction id."""

    cause: str
    said: tuple[str, ...]
    others: dict[str, int] = field(default_factory=dict)  # who they are, as a sentence calls them
    columns: Mapping[int, Mapping[str, Any]] = field(
        default_factory=dict
    )  # of the row and the others
    place: Place | None = None
    numbers: dict[str, Any] = field(default_factory=dict)


def left_out(
    store: Store, content: Mapping[str, Any], row: Row, *, members: Sequence[str], limits: Limits
) -> LeftOut:
    """Follow a row that is no member through the definition of a subset.

    Args:
        store: the catalog's files and database.
        content: the stored definition.
        row: of the pool behind it.
        members: fingerprints as stored, in rank order.
        limits: what running it may take.

    Raises:
        ReferenceNotFoundError: what the subset was made from is gone.
        SignalError: a signal that the definition reads is gone.
    """
    with store.reading() as connection:
        source = resolve(connection, content["pool"])
        at = source.parameters | {"instruction_id": row.instruction_id}
        if not connection.sql(query("why/is_in"), params=at).fetchall()[0][0]:
            said = f"it is not in {source}, which the members were selected from: `catalog why {source} {row.fingerprint[:SHOWN]}` says why"
            return LeftOut("source", (said,))
    definition = define_again(store, content, limits=limits)
    running = executing(
        store, definition.text, definition.given, limits, selection=definition.planned
    )
    with running as execution:
        answer = execution.table(execution.planned.query)
        taken = answer["instruction_id"].to_pylist()
        is_taken_now = row.instruction_id in taken
        found = (
            _Found("changed", ("made again now, the definition takes it",))
            if is_taken_now
            else _follow(execution, row)
        )
        described = _described(execution, [row.instruction_id, *found.others.values(), *taken])
    is_as_stored = [described[one][0] for one in taken] == list(members)
    return _told(row, found, answer, described, is_as_stored=is_as_stored)


def _told(
    row: Row,
    found: _Found,
    answer: pa.Table,
    described: Mapping[int, tuple[str, str]],
    *,
    is_as_stored: bool,
) -> LeftOut:
    """What was found, with fingerprints and ranks in the place of instruction ids."""
    ranks = {one: rank for rank, one in enumerate(answer["instruction_id"].to_pylist(), start=1)}
    columns = found.columns or {
        one: _columns(answer, ranks[one] - 1) for one in found.others.values() if one in ranks
    }
    beside = []
    for who, one in ({"this row": row.instruction_id} | found.others).items():
        fingerprint, prompt = described[one]
        named = {"who": TITLES.get(who, who), "fingerprint": fingerprint, "rank": ranks.get(one)}
        beside.append(named | dict(columns.get(one, {})) | {"prompt": prompt})
    names = {
        who: described[one][0][:SHOWN] + (f" (rank {ranks[one]:,})" if one in ranks else "")
        for who, one in found.others.items()
    }
    said = [_filled(sentence, names) for sentence in found.said]
    if not is_as_stored:
        said.append(
            "made again now, the definition gives other members than those stored: `catalog verify` says what has changed"
        )
    place = found.place
    told = LeftOut(
        found.cause,
        tuple(said),
        numbers=found.numbers,
        beside=tuple(beside),
        is_as_stored=is_as_stored,
    )
    return (
        replace(told, place=place.place, n_eligible=place.n_eligible, n_taken=place.n_taken)
        if place
        else told
    )


def _follow(execution: Execution, row: Row) -> _Found:
    """Where in its query the row was lost."""
    planned = execution.planned
    cut = cut_of(planned.query)
    if cut and (
        place := place_of(
            execution, cut, row.instruction_id, budget=int(planned.parameters["budget"])
        )
    ):
        return _Found("place", place.said, place.others, place.columns, place)
    texts: list[SqlText] = []
    for step in planned.steps:
        given, lost = _through(execution, step, row) if isinstance(step, Apply) else (None, None)
        if lost:
            return lost
        if given is False and isinstance(step, Apply):
            texts.append(_relations(step)[0][1])
    texts.append(cut.query if cut else planned.query)
    return _ineligible(execution, texts, row)


def _ineligible(execution: Execution, texts: Sequence[SqlText], row: Row) -> _Found:
    """Which condition left the row out of the first of some queries, and which signals it has no value of."""
    gaps = lacking(execution, row)
    conditions = next((said for text in texts if (said := dropped_by(execution, text, row))), ())
    if conditions:
        return _Found("condition", (*conditions, *gaps))
    if gaps:
        return _Found("signal", gaps)
    parted = next((said for text in texts if (said := parted_by(execution, text, row))), ())
    if parted:
        return _Found("condition", parted)
    return _Found(
        "unknown",
        (
            "the query does not return it, and none of its conditions is the cause: a join is, or a function",
        ),
    )


def _through(execution: Execution, step: Apply, row: Row) -> tuple[bool | None, _Found | None]:
    """Whether a kernel was given the row, None where that cannot be seen; and how the row stands if it was and is not in the answer."""
    relations = {name: execution.table(text) for name, text in _relations(step)}
    given, answer = next(iter(relations.values())), execution.session.relations[step.table]
    at, out = position_of(given, row), position_of(answer, row)
    if at is None:
        return None, None
    if at < 0 or out is None or out >= 0:
        return at >= 0, None
    if not has_counterfactual(step.kernel) or "budget" not in step.options:
        return True, _Found("kernel", (f"{step.name}(...) was given it, and did not return it",))
    chosen = _positions(given, answer)
    options = {
        name: execution.table(text).column(0)[0].as_py() for name, text in step.options.items()
    }
    try:
        found = counterfactual(
            step.kernel, relations, selected=chosen, position=at, options=options
        )
    except CatalogError as error:
        return True, _Found(
            "kernel",
            (f"{step.name}(...) took others; how it stands to them is not known: {error}",),
        )
    said = (f"{step.name}(...) had it to choose from, and chose others", *found.sentences)
    ids = _ids(execution, given)
    return True, _Found(
        "kernel",
        said,
        {who: ids[place] for who, place in found.others.items()},
        numbers=found.numbers,
    )


def _relations(step: Apply) -> list[tuple[str, SqlText]]:
    """A kernel's relations in the order of its arguments; the first is what it chooses from."""
    return [
        (name, step.relations[name])
        for name in parameters_of(step.function)
        if name in step.relations
    ]


def _positions(given: pa.Table, answer: pa.Table) -> Any:
    """Where the rows of a kernel's answer stand in what it was given; shape (budget,)."""
    key = next(
        name
        for name in ("instruction_id", "fingerprint")
        if name in given.column_names and name in answer.column_names
    )
    places = {value: place for place, value in enumerate(given[key].to_pylist())}
    return np.array([places[value] for value in answer[key].to_pylist()], dtype=np.int64)


def _ids(execution: Execution, given: pa.Table) -> list[int]:
    if "instruction_id" in given.column_names:
        return [int(one) for one in given["instruction_id"].to_pylist()]
    known = execution.session.connection.sql(
        "SELECT fingerprint, instruction_id FROM instructions"
    ).fetchall()
    by_fingerprint = dict(known)
    return [by_fingerprint[one] for one in given["fingerprint"].to_pylist()]


def _described(execution: Execution, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Fingerprint and the beginning of the prompt, by instruction id."""
    rows = execution.session.connection.sql(
        query("why/described"), params={"ids": list(set(ids))}
    ).fetchall()
    return {one: (fingerprint, prompt) for one, fingerprint, prompt in rows}


def _columns(answer: pa.Table, place: int) -> dict[str, Any]:
    return {
        name: value
        for name, value in answer.slice(place, 1).to_pylist()[0].items()
        if name != "instruction_id"
    }


def _filled(sentence: str, names: Mapping[str, str]) -> str:
    for who, name in names.items():
        sentence = sentence.replace(f"{{{who}}}", name)
    return sentence
