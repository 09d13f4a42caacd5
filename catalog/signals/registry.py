"""Signals of a catalog, identified by what changes their values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from catalog.signals.kind_options import Kind
from catalog.signals.options import effective_settings
from catalog.store import vectors
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

# The settings that a listing shows, in this order; the rest is in the table `signals`.
SETTINGS = (
    *(
        "form",
        "optimizer",
        "lora",
        "imported",
        "run",
        "field",
        "project_to",
        "projection",
        "epochs",
        "checkpoints",
    ),
    *("asked", "template", "parser"),
    *("share", "threshold", "seed", "max_tokens", "trained_on", "weights", "taxonomy"),
    *(
        "embedding",
        "members",
        "learning_rate",
        "batch",
        "max_length",
        "turns",
        "store",
        "precision",
    ),
)
HASHES = frozenset(
    (
        *("imported", "run", "trained_on", "weights", "taxonomy", "embedding", "members"),
        *("template", "parser"),
    )
)


@dataclass(frozen=True)
class Signal:
    """Signal: pools that share an instruction share its values."""

    signal_id: int
    kind: Kind
    name: str
    identity_sha256: str
    identity: dict[str, Any]
    dimension: int | None
    lance_table: str | None
    details: dict[str, Any]


def identity_sha256(kind: Kind, name: str, identity: Mapping[str, Any]) -> str:
    """Return the hash that identifies a signal, whatever the order of keys.

    >>> one, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    >>> identity_sha256("score", "n", one) == identity_sha256("score", "n", other)
    True
    """
    text = json.dumps(
        [kind, name, identity], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()


def find_signal(
    connection: Connection, *, kind: Kind, name: str, identity: Mapping[str, Any]
) -> Signal | None:
    """Return the signal of an identity, if there is one that is not stale."""
    parameters = {"identity_sha256": identity_sha256(kind, name, identity), "or_stale": False}
    rows = connection.sql(query("signals/find"), params=parameters).fetchall()
    if rows:
        return _signal(rows[0])
    return None


def list_named(connection: Connection, *, kind: Kind, name: str | None = None) -> list[Signal]:
    """Return the signals of a kind, or of one name, the newest first."""
    return [
        _signal(row)
        for row in connection.sql(
            query("signals/named"), params={"kind": kind, "name": name}
        ).fetchall()
    ]


def ensure_signal(
    connection: Connection,
    *,
    kind: Kind,
    name: str,
    identity: Mapping[str, Any],
    dimension: int | None = None,
    has_vectors: bool = False,
    details: Mapping[str, Any] | None = None,
) -> Signal:
    """Return the signal of an identity, created if it is new, in a writing transaction."""
    existing = find_signal(connection, kind=kind, name=name, identity=identity)
    if existing:
        return existing
    (signal_id,) = connection.sql("SELECT nextval('signal_ids')").fetchall()[0]
    row = {
        "signal_id": signal_id,
        "kind": kind,
        "name": name,
        "identity_sha256": identity_sha256(kind, name, identity),
        "identity": json.dumps(identity, ensure_ascii=False, sort_keys=True),
        "dimension": dimension,
        "lance_table": f"{kind}_{signal_id:04d}" if has_vectors else None,
        "details": json.dumps(details or {}, ensure_ascii=False),
    }
    connection.execute(query("signals/insert"), row)
    return _signal(tuple(row.values()))


def renew_signal(connection: Connection, signal: Signal) -> None:
    """Make a signal the active one of its name, in a writing transaction."""
    connection.execute(query("signals/renew"), {"signal_id": signal.signal_id})


def describe_signal(connection: Connection, signal: Signal, details: Mapping[str, Any]) -> Signal:
    """Add facts that do not change values to a signal, in a writing transaction."""
    whole = signal.details | dict(details)
    text = json.dumps(whole, ensure_ascii=False)
    connection.execute(
        query("signals/set_details"), {"signal_id": signal.signal_id, "details": text}
    )
    return replace(signal, details=whole)


def keep_import(
    connection: Connection,
    planned: Signal,
    *,
    write: Callable[[Signal], None],
    is_dry_run: bool = False,
) -> tuple[Signal, bool]:
    """Make an imported signal the active one of its name, and write its values if it is new.

    Args:
        connection: of a writing transaction; a reader's in a dry run.
        planned: the signal that the import describes; see `planned_import`.
        write: called with the signal, once it has its id, if its values are new.
        is_dry_run: write nothing, and return a new signal as it was planned.

    Returns:
        The signal, and whether it is new.
    """
    kind, name, identity = planned.kind, planned.name, planned.identity
    known = find_signal(connection, kind=kind, name=name, identity=identity)
    if is_dry_run:
        return known or planned, known is None
    signal = known or ensure_signal(
        connection,
        kind=kind,
        name=name,
        identity=identity,
        dimension=planned.dimension,
        details=planned.details,
    )
    if known is None:
        write(signal)
    elif planned.details != known.details:
        signal = describe_signal(connection, known, planned.details)
    renew_signal(connection, signal)  # the latest import wins, even with known values
    return signal, known is None


def planned_import(
    *,
    kind: Kind,
    name: str,
    identity: Mapping[str, Any],
    dimension: int | None = None,
    details: Mapping[str, Any],
) -> Signal:
    """Return an imported signal that is not written yet: its id is 0."""
    sha256 = identity_sha256(kind, name, identity)
    return Signal(0, kind, name, sha256, dict(identity), dimension, None, dict(details))


def list_signals(
    connection: Connection, store: Store, reference: Reference | None = None
) -> pa.Table:
    """Return every signal: its settings, coverage, bytes of vectors, and why it is stale, if it is.

    ``index_recall`` is the recall at 10 of its vector index, as it was built.

    Args:
        connection: a reader's.
        store: the catalog's files and database.
        reference: whose members are counted (``n_members``); ``is_read`` then marks the active
            signal of each name. Every instruction of the catalog if None.
    """
    parameters = reference.parameters if reference else dict.fromkeys(("kind", "id", "version"))
    rows = connection.sql(query("signals/list"), params=parameters).to_arrow_table()
    sizes = [
        vectors.n_bytes(store, table) if table else None
        for table in rows["lance_table"].to_pylist()
    ]
    identities = [json.loads(identity) for identity in rows["settings"].to_pylist()]
    texts = pa.array([settings(identity) for identity in identities], pa.string())
    rows = rows.add_column(
        rows.column_names.index("lance_table"), "n_bytes", pa.array(sizes, pa.int64())
    )
    replaced = ["settings"] if reference else ["settings", "is_read", "n_members"]
    return rows.drop_columns(replaced).add_column(
        rows.column_names.index("name") + 1, "settings", texts
    )


def settings(identity: Mapping[str, Any]) -> str:
    """Return the settings that distinguish a signal, the most telling first; hashes are cut.

    >>> settings({"field": "prompt", "max_tokens": 256, "weights": "478fceba6ea0", "version": 1})
    'field prompt, max_tokens 256, weights 478fceba'
    >>> settings({"model": "gpt", "judge": "9ab12039c77b", "parser": "01f0a3bb52de"})
    'asked gpt, template 9ab12039, parser 01f0a3bb'
    >>> settings({"inputs": {"losses": "7ff12039c77b"}, "version": 1})
    'losses 7ff12039'
    """
    flat = effective_settings(identity, {})
    flat["precision"] = flat.get("dtype")
    if "judge" in flat:
        flat |= {"asked": flat["model"], "template": flat["judge"]}
    if "dim" in flat:
        flat |= {"project_to": flat["dim"], "projection": flat["kind"]}
    inputs = identity.get("inputs") or {}
    shown = {name: sha256[:8] for name, sha256 in inputs.items() if sha256}
    for name in SETTINGS:
        if flat.get(name) is not None:
            shown[name] = str(flat[name])[:8] if name in HASHES else flat[name]
    return ", ".join(f"{name} {value}" for name, value in shown.items())


def _signal(row: tuple[Any, ...]) -> Signal:
    signal_id, kind, name, sha256, identity, dimension, lance_table, details = row
    return Signal(
        signal_id,
        kind,
        name,
        sha256,
        json.loads(identity),
        dimension,
        lance_table,
        json.loads(details or "{}"),
    )
