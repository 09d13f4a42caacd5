"""Targets: the pools and subsets that a selector's parameters of type ``reference`` name.

A target holds examples of what a model should become good at. Its version and the hash of its
members belong to the definition, so that a selection can be run again on the same target.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.errors import SelectionError
from catalog.query.plan import Plan
from catalog.selection.selector import Selector
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, resolve

Targets = Mapping[str, Reference]


def resolve_targets(
    connection: Connection, selector: Selector, given: Mapping[str, Any]
) -> dict[str, Reference]:
    """Return the pool or subset at its version that each parameter of type ``reference`` names.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
    """
    names = (param.name for param in selector.params if param.type == "reference")
    return {name: resolve(connection, given[name]) for name in names if given[name] is not None}


def target_records(connection: Connection, targets: Targets) -> dict[Reference, dict[str, Any]]:
    """Return what a definition keeps of each target: its parameters and the hash of its members."""
    parameters: dict[Reference, list[str]] = {}
    for name, reference in targets.items():
        parameters.setdefault(reference, []).append(name)
    return {
        reference: {
            "parameters": sorted(names),
            "members_sha256": _members_sha256(connection, reference),
        }
        for reference, names in parameters.items()
    }


def target_parameters(content: Mapping[str, Any]) -> set[str]:
    """Return the parameters of a stored definition that name targets."""
    return {name for item in content["references"] for name in item.get("parameters", ())}


def require_one_encoder(planned: Plan, targets: Targets) -> None:
    """Refuse to compare embeddings of a target with those of another encoder, field or precision.

    Raises:
        SelectionError: no signal of the target's embeddings is read of the pool.
    """
    read: dict[bool, dict[str, str]] = {True: {}, False: {}}
    for _, resolved in planned.sources:
        is_target = resolved.reference in targets.values()
        for signal in resolved.signals:
            if signal.kind == "embedding":
                read[is_target][signal.identity_sha256] = signal.name
    of_pool, of_target = read[False], read[True]
    if of_pool and of_target and not of_pool.keys() & of_target.keys():
        names = " and ".join((*of_pool.values(), *of_target.values()))
        raise SelectionError(
            f"the pool and the target have embeddings of different signals ({names}), "
            "whose similarities mean nothing",
            next_step="embed both with the same encoder, field and precision",
        )


def _members_sha256(connection: Connection, reference: Reference) -> str:
    ((sha256,),) = connection.sql(
        query("selection/members_sha256"), params=reference.parameters
    ).fetchall()
    return str(sha256)
