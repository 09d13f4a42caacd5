"""Find why a row is not in a subset: run the definition again and follow the row.

Nothing here depends on a method. A query that ends in ``LIMIT $budget`` is answered without the
limit, which gives the row its place. A row that does not get there is followed from the innermost
relations on (`catalog.why.trace`). A kernel that selects up to the budget explains itself. Where
the query is not understood, it is answered without its conditions instead (`catalog.why.filters`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import CatalogError
from catalog.fingerprints import widened
from catalog.kernels.explain import counterfactual, has_counterfactual
from catalog.query.arguments import parameters_of
from catalog.query.clauses import cut_of
from catalog.query.executor import Execution, Limits, executing
from catalog.query.plan import Apply
from catalog.selection.definition import Definition
from catalog.selection.run import within_tokens
from catalog.store.queries import query
from catalog.store.references import Reference, source_parameters
from catalog.store.store import Store
from catalog.subsets.store import ranked_members, stored
from catalog.subsets.stored_definition import define_again
from catalog.why.account import SHOWN, Account, LeftOut, readable
from catalog.why.failures import Failure, Loss
from catalog.why.filters import dropped_by, lacking, parted_by, position_of
from catalog.why.lookup import Row
from catalog.why.rank import place_of

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.source_text import SourceText


def left_out(
    store: Store,
    record: Mapping[str, Any],
    row: Row,
    *,
    members: Sequence[str],
    limits: Limits,
    is_all: bool = False,
) -> LeftOut:
    """Follow a row that is not a member through the definition of a subset.

    Args:
        store: the catalog's files and database.
        record: of the subset, with its definition and the selector's file.
        row: of the pool that the subset was selected from.
        members: fingerprints as stored, in rank order.
        limits: of memory and time for running it.
        is_all: whether every place where the row fails counts, not only the first.

    Raises:
        ReferenceNotFoundError: what the subset was made from is gone.
        SignalError: a signal that the definition reads is gone.
    """
    content = record["definition"]
    definition = define_again(store, content, limits=limits, text=record["selector_text"])
    params = source_parameters(definition.selectable) | {"instruction_id": row.instruction_id}
    with store.reading() as connection:
        is_in = connection.sql(query("why/is_in"), params=params).fetchall()[0][0]
    if not is_in:
        return _outside(store, definition.selectable, row, limits=limits)
    running = executing(
        store, definition.text, definition.given, limits, selection=definition.planned
    )
    with running as execution:
        uncut = execution.table(execution.planned.query)
        answer, _ = within_tokens(execution, uncut, definition)
        taken = answer["instruction_id"].to_pylist()
        if row.instruction_id in taken:
            account = Account("changed", ("run again now, the definition selects it",))
        elif row.instruction_id in uncut["instruction_id"].to_pylist():
            account = _beyond_tokens(uncut, len(taken), row, definition)
        else:
            account = _follow(execution, row, is_all=is_all)
        described = _described(execution, [row.instruction_id, *account.others.values(), *taken])
    is_as_stored = [described[member][0] for member in taken] == list(members)
    return readable(row, account, answer, described, is_as_stored=is_as_stored)


def _beyond_tokens(uncut: pa.Table, n_taken: int, row: Row, definition: Definition) -> Account:
    """Return why a row that the text answers is not among the members that fit into the tokens."""
    place = uncut["instruction_id"].to_pylist().index(row.instruction_id) + 1
    return Account(
        "place",
        (
            f"place {place:,} in the order: the {n_taken:,} members before it that have tokens "
            f"meet the budget of {definition.asked}, or it has none itself",
        ),
    )


def _outside(store: Store, sources: Sequence[Reference], row: Row, *, limits: Limits) -> LeftOut:
    """Return why a row is in nothing that the members were selected from."""
    found = [_outside_of(store, source, row, limits=limits) for source in sources]
    sentences = [sentence for each in found for sentence in each.sentences]
    failures = [failure for each in found for failure in each.failures]
    return LeftOut("source", tuple(sentences), tuple(failures))


def _outside_of(store: Store, source: Reference, row: Row, *, limits: Limits) -> LeftOut:
    """Return why a row is not in one source."""
    command = f"`catalog why {source} {row.fingerprint[:SHOWN]}`"
    sentence = f"it is not in {source}, the source of the members: {command} says why"
    if source.kind == "pool":
        return LeftOut("source", (sentence,))
    with store.reading() as connection:
        record, before = stored(connection, source), ranked_members(connection, source)
    try:
        above = left_out(store, record, row, members=before, limits=limits)
    except CatalogError:  # what the source was made from is gone; the command says what
        return LeftOut("source", (sentence,))
    return LeftOut("source", (sentence, *above.sentences), above.failures)


def _follow(execution: Execution, row: Row, *, is_all: bool) -> Account:
    """Return where in its query the row was lost."""
    planned = execution.planned
    cut = cut_of(planned.query)
    place = None
    if cut:
        budget = int(planned.parameters["budget"])
        place = place_of(execution, cut, row.instruction_id, budget=budget)
    if place and place.place > place.n_taken:
        return Account("place", place.sentences, place.others, place.columns, place)
    text = cut.query if cut and not place else planned.query
    found = traced(execution, text, row, is_all=is_all)
    if found:
        return _of_losses(found, lacking(execution, row))
    if place:
        return Account("place", place.sentences, place.others, place.columns, place)
    return _without_conditions(execution, text, row)


def traced(execution: Execution, text: SourceText, row: Row, *, is_all: bool) -> list[Loss]:
    """Return where a text loses the row, if it is understood."""
    from catalog.why.trace import losses

    keys = {"instruction_id": row.instruction_id, "fingerprint": row.fingerprint}

    def into(step: Apply, value: Any) -> Loss | None:
        given, account = _through(execution, step, row) if value in keys.values() else (None, None)
        if account:
            failure = Failure(
                "kernel", "FROM", step.name, step.location, detail=account.sentences[0]
            )
            return Loss(failure, account=account)
        if given is not False:
            return None
        inner = losses(execution, _relations(step)[0][1], keys, kernels, is_all=False)
        return replace(inner[0], relax=None) if inner else None

    kernels = {step.table: partial(into, step) for step in execution.planned.kernels}
    return losses(execution, text, keys, kernels, is_all=is_all)


def _of_losses(found: Sequence[Loss], gaps: tuple[str, ...]) -> Account:
    """Return the account of the places where a row fails, and of the signals that it lacks."""
    first = found[0]
    failures = tuple(loss.failure for loss in found)
    if first.account is not None:
        account: Account = first.account
        return replace(account, failures=failures)
    if first.failure.kind == "source" and gaps:
        return Account("signal", gaps, failures=failures)
    sentences = tuple(str(failure) for failure in failures)
    return Account(first.failure.kind, (*sentences, *gaps), failures=failures)


def _without_conditions(execution: Execution, text: SourceText, row: Row) -> Account:
    """Return the kernel that selected others, or the condition without which the row is there."""
    texts: list[SourceText] = []
    for step in execution.planned.kernels:
        given, lost = _through(execution, step, row)
        if lost:
            return lost
        if given is False:
            texts.append(_relations(step)[0][1])
    return _ineligible(execution, [*texts, text], row)


def _ineligible(execution: Execution, texts: Sequence[SourceText], row: Row) -> Account:
    """Return the condition that removed the row from the first of some queries, and its gaps."""
    gaps = lacking(execution, row)
    dropped = (dropped_by(execution, text, row) for text in texts)
    conditions = next(filter(None, dropped), ())
    if conditions:
        return Account("condition", (*conditions, *gaps))
    if gaps:
        return Account("signal", gaps)
    parted = (parted_by(execution, text, row) for text in texts)
    operation = next(filter(None, parted), ())
    if operation:
        return Account("condition", operation)
    return Account(
        "unknown",
        (
            "the query does not return it, and none of its conditions is the cause: "
            "it is a join or a function",
        ),
    )


def _through(execution: Execution, step: Apply, row: Row) -> tuple[bool | None, Account | None]:
    """Return whether a kernel was given the row, and its explanation if it did not return it.

    The first is None if the kernel's relation does not identify rows.
    """
    relations = {name: execution.table(text) for name, text in _relations(step)}
    given = next(iter(relations.values()))
    answer = widened(execution.session.relations[step.table])
    position, out = position_of(given, row), position_of(answer, row)
    if position is None:
        return None, None
    if position < 0 or out is None or out >= 0:
        return position >= 0, None
    if not has_counterfactual(step.kernel) or "budget" not in step.options:
        return True, Account("kernel", (f"{step.name}(...) read it and did not return it",))
    selected = _positions(given, answer)
    options = {
        name: execution.table(text).column(0)[0].as_py() for name, text in step.options.items()
    }
    try:
        found = counterfactual(
            step.kernel, relations, selected=selected, position=position, options=options
        )
    except CatalogError as error:
        return True, Account(
            "kernel",
            (f"{step.name}(...) selected others; it cannot explain why: {error}",),
        )
    sentences = (f"{step.name}(...) read it and selected others", *found.sentences)
    ids = _ids(execution, given)
    return True, Account(
        "kernel",
        sentences,
        {role: ids[place] for role, place in found.others.items()},
        numbers=found.numbers,
    )


def _relations(step: Apply) -> list[tuple[str, SourceText]]:
    """Return a kernel's relations in the order of its arguments; it selects from the first."""
    return [
        (name, step.relations[name])
        for name in parameters_of(step.function)
        if name in step.relations
    ]


def _positions(given: pa.Table, answer: pa.Table) -> Any:
    """Return the positions of a kernel's answer in its first relation; shape (budget,)."""
    key = next(
        name
        for name in ("instruction_id", "fingerprint")
        if name in given.column_names and name in answer.column_names
    )
    places = {value: place for place, value in enumerate(given[key].to_pylist())}
    return np.array([places[value] for value in answer[key].to_pylist()], dtype=np.int64)


def _ids(execution: Execution, given: pa.Table) -> list[int]:
    if "instruction_id" in given.column_names:
        return [int(each) for each in given["instruction_id"].to_pylist()]
    known = execution.session.connection.sql(
        "SELECT fingerprint, instruction_id FROM instructions"
    ).fetchall()
    by_fingerprint = dict(known)
    return [by_fingerprint[each] for each in given["fingerprint"].to_pylist()]


def _described(execution: Execution, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return fingerprint and the beginning of the prompt, by instruction id."""
    rows = execution.session.connection.sql(
        query("why/described"), params={"ids": list(set(ids))}
    ).fetchall()
    return {each: (fingerprint, prompt) for each, fingerprint, prompt in rows}
