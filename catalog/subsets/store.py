"""Subsets as they are stored: numbered versions that never change, each with everything that made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from catalog.errors import SelectionError
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference


@dataclass(frozen=True)
class Definition:
    """What decides the members of a subset; nothing else does.

    Attributes:
        selector: its name, or its file's.
        sql: canonical text of the selector's query.
        parameters: every parameter's value.
        budget: members wanted.
        seed: of every draw.
        reference: the pool or subset that was selected from, as ``name@version``.
        content: what that version held, whatever its order, so that a name used again is not taken for the old one.
        signals: each signal that was read: kind, name, identity hash, Lance version.
        code: version of the kernels.
    """

    selector: str
    sql: str
    parameters: Mapping[str, Any]
    budget: int
    seed: int
    reference: str
    content: str
    signals: tuple[Mapping[str, Any], ...]
    code: str

    def json(self) -> str:
        """Canonical JSON: what is stored, and hashed."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)

    @property
    def sha256(self) -> str:
        """The same definition gives the same version back; the selector's name is no part of it."""
        counted = {key: value for key, value in asdict(self).items() if key != "selector"}
        return hashlib.sha256(json.dumps(counted, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def members_sha256(fingerprints: Iterable[str]) -> str:
    """The hash of who was chosen, in which order.

    >>> members_sha256(["a", "b"]) == members_sha256(["b", "a"])
    False
    """
    digest = hashlib.sha256()
    for fingerprint in fingerprints:
        digest.update(fingerprint.encode() + b"\n")
    return digest.hexdigest()


def ranked(answer: pa.Table) -> pa.Table:
    """A selector's answer as members: ``instruction_id``, ``rank`` from 1 in the order of the rows, ``why`` as JSON of the other columns.

    Raises:
        SelectionError: there is no ``instruction_id``, or one comes twice, or is NULL.
    """
    if "instruction_id" not in answer.column_names:
        raise SelectionError(f"a selector must return instruction_id; it returned {', '.join(answer.column_names)}")
    ids = answer["instruction_id"].combine_chunks()
    if not pa.types.is_integer(ids.type) or ids.null_count:
        raise SelectionError(f"instruction_id must be a number in every row; {ids.null_count:,} are NULL (type {ids.type})")
    if len(ids.unique()) < len(ids):
        raise SelectionError(
            f"the selector returned {len(ids) - len(ids.unique()):,} members more than once: add DISTINCT, or join one to one"
        )
    reasons = answer.drop_columns([name for name in ("instruction_id", "fingerprint") if name in answer.column_names])
    why = [json.dumps(row, ensure_ascii=False, default=str) for row in reasons.to_pylist()] if reasons.num_columns else [None] * len(ids)
    return pa.table(
        {"instruction_id": ids.cast(pa.int64()), "rank": pa.array(range(1, len(ids) + 1), pa.int64()), "why": pa.array(why, pa.string())}
    )


def content_of(connection: Connection, source: Reference) -> str:
    """A short text that two versions share exactly when they hold the same instructions."""
    at = {"kind": source.kind, "id": source.id, "version": source.version}
    ((content,),) = connection.sql(query("subsets/content"), params=at).fetchall()
    return str(content)


def find_same(connection: Connection, definition: Definition, *, name: str) -> tuple[int, str, int] | None:
    """(subset_id, name, version) of a subset with this definition, under this name when there is one."""
    rows = connection.sql(query("subsets/same_definition"), params={"definition_sha256": definition.sha256, "name": name}).fetchall()
    return rows[0] if rows else None


def write_subset(
    connection: Connection,
    *,
    name: str,
    definition: Definition,
    source: Reference,
    members: pa.Table,
    environment: Mapping[str, Any],
    seconds: float,
) -> Reference:
    """Write the next version of a subset. Call it inside a writing transaction.

    Args:
        connection: the transaction's.
        name: of the subset.
        definition: what decided the members.
        source: the pool or subset that they come from.
        members: what `ranked` gave.
        environment: versions of what computed, for the record.
        seconds: that it took.

    Raises:
        SelectionError: a member does not belong to the source.
    """
    connection.register("chosen", members)
    at = {"kind": source.kind, "id": source.id, "version": source.version}
    ((n_strangers,),) = connection.sql(query("subsets/strangers"), params=at).fetchall()
    if n_strangers:
        raise SelectionError(f"the selector returned {n_strangers:,} instructions that are no members of {source}: select from pool($pool)")
    fingerprints = [row[1] for row in connection.sql(query("subsets/fingerprints")).fetchall()]
    ((subset_id,),) = connection.sql("SELECT nextval('subset_ids')").fetchall()
    ((version,),) = connection.sql(query("subsets/next_version"), params={"name": name}).fetchall()
    pool_id, pool_version = _pool_of(connection, source)
    row = {
        "subset_id": subset_id,
        "name": name,
        "version": version,
        "selector": definition.selector,
        "pool_id": pool_id,
        "pool_version": pool_version,
        "budget": definition.budget,
        "seed": definition.seed,
        "n_members": members.num_rows,
        "definition": definition.json(),
        "definition_sha256": definition.sha256,
        "members_sha256": members_sha256(fingerprints),
        "environment": json.dumps(environment),
        "seconds": seconds,
    }
    connection.execute(query("subsets/insert"), row)
    connection.execute(query("subsets/insert_members"), {"subset_id": subset_id})
    return Reference("subset", name, version, subset_id)


def stored(connection: Connection, reference: Reference) -> dict[str, Any]:
    """Everything about one version of a subset; ``definition`` and ``environment`` parsed."""
    record: dict[str, Any] = connection.sql(query("subsets/get"), params={"subset_id": reference.id}).to_arrow_table().to_pylist()[0]
    return record | {key: json.loads(record[key]) for key in ("definition", "environment")}


def list_subsets(connection: Connection) -> pa.Table:
    """Every version of every subset."""
    return connection.sql(query("subsets/list")).to_arrow_table()


def _pool_of(connection: Connection, source: Reference) -> tuple[int, int]:
    """The pool that a source's members come from in the end."""
    if source.kind == "pool":
        return source.id, source.version
    record = connection.sql(query("subsets/get"), params={"subset_id": source.id}).to_arrow_table().to_pylist()[0]
    return record["pool_id"], record["pool_version"]
