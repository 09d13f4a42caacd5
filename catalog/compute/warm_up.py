"""Random part of a pool that a model is warmed up on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from catalog.errors import SignalError
from catalog.signals.registry import Signal
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store


@dataclass(frozen=True)
class WarmUpPart:
    """Part of a pool, decided by fingerprints, share and seed.

    Attributes:
        rows: ``instruction_id`` and ``fingerprint``, by fingerprint.
        recorded: the pool and its version, as a signal's details keep them.
    """

    rows: pa.Table
    recorded: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """Return the hash of the fingerprints."""
        return hashlib.sha256("\n".join(self.rows["fingerprint"].to_pylist()).encode()).hexdigest()


def warm_up_part(
    store: Store, reference: Reference, *, share: float, seed: int, known: Iterable[Signal] = ()
) -> WarmUpPart:
    """Return the part of a reference, or the one that an earlier signal of it was warmed up on.

    Args:
        store: the catalog's files and database.
        reference: a pool or subset.
        share: of the members.
        seed: of the draw.
        known: signals of the same warm-up, the newest first; their details name their pool.

    Raises:
        SignalError: no member is in it, or an earlier signal's part lost members.
    """
    earlier = next((each for each in known if _is_of_earlier_version(each, reference)), None)
    recorded = earlier.details if earlier else reference.parameters
    recorded = {key: recorded[key] for key in ("kind", "id", "version")}
    with store.reading() as connection:
        parameters = recorded | {"seed": seed, "share": share}
        rows = connection.sql(query("scores/warm_up"), params=parameters).to_arrow_table()
    part = WarmUpPart(rows, recorded)
    if not rows.num_rows and not earlier:
        raise SignalError(
            f"a warm-up share of {share} samples no member of {reference}: "
            "choose a larger --warm-up"
        )
    if earlier and part.sha256 != earlier.identity["warm_up_sha256"]:
        raise SignalError(
            f"the warm-up part of {reference.name}@{recorded['version']} was removed: "
            "choose another --seed to sample anew"
        )
    return part


def _is_of_earlier_version(signal: Signal, reference: Reference) -> bool:
    recorded = signal.details
    is_same_pool = (recorded["kind"], recorded["id"]) == (reference.kind, reference.id)
    return is_same_pool and bool(recorded["version"] <= reference.version)
