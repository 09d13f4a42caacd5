"""Inputs of derived scores other than scores, and the score that `rid` ranks."""

from __future__ import annotations

from catalog.compute.imports.row_matching import count_members
from catalog.compute.shard_runner import missing
from catalog.errors import SignalError
from catalog.signals.coverage import Coverage, coverages, most_complete
from catalog.signals.kinds import KINDS
from catalog.signals.registry import Signal, list_named
from catalog.signals.resolve import command_for, missing_error, resolve_signal
from catalog.store.references import Reference
from catalog.store.store import Store


def trajectories(store: Store, reference: Reference, proxy: str | None) -> Coverage:
    """Return the loss trajectories of a proxy, or the only ones that there are.

    Raises:
        SignalError: there are none, they are incomplete, or several exist and ``proxy`` is None.
    """
    with store.reading() as connection:
        candidates = coverages(connection, reference, kind="losses")
    found = resolve_signal(reference, candidates, kind="losses", name=proxy)
    if isinstance(found, SignalError):
        raise found
    _require_all_members(reference, found)
    return found


def taxonomy_labels(store: Store, reference: Reference) -> Signal | None:
    """Return the newest labels of a taxonomy or a judge that the members have; None without any.

    Languages are no abilities: labels that a detector found are left out.

    Raises:
        SignalError: only some members have them.
    """
    with store.reading() as connection:
        n_members = count_members(connection, reference)
        for signal in list_named(connection, kind="labels"):
            if "detector" in signal.identity:
                continue
            n_missing = missing(connection, reference, signal).num_rows
            if n_missing == n_members:
                continue
            if n_missing:
                raise _incomplete_labels(signal, reference, n_members - n_missing, n_members)
            return signal
    return None


def _incomplete_labels(
    signal: Signal, reference: Reference, n_covered: int, n_members: int
) -> SignalError:
    title = KINDS["labels"].title(signal.name)
    command = command_for("labels", reference, signal.name)
    covered = f"{title} cover {n_covered:,} of {n_members:,} members of {reference}"
    return SignalError(f"{covered}: `{command}` computes the rest", command=command)


def ranked_score(
    store: Store, reference: Reference, name: str, computed: Signal | None
) -> Coverage:
    """Return the score that `rid` ranks; it must cover every member, because all ranks shift.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        name: of the score.
        computed: the score's signal, if this run computed it.

    Raises:
        SignalError: the score does not cover all members.
    """
    with store.reading() as connection:
        every = coverages(connection, reference, kind="score")
    found = [each for each in every if each.name == name]
    if not found:
        command = command_for("score", reference, name)
        step = f"`{command}` {command.verb} it"
        raise SignalError(f"{reference} has no score {name} to rank: {step}", command=command)
    of_this_run = [each for each in found if computed and each.signal_id == computed.signal_id]
    ranked = of_this_run[0] if of_this_run else most_complete(found)
    _require_all_members(reference, ranked)
    return ranked


def _require_all_members(reference: Reference, found: Coverage) -> None:
    error = missing_error(reference, found)
    if error:
        raise error
