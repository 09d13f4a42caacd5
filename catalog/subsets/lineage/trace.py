"""The lineage of a pool or subset, read from what the catalog records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from catalog.messages import quantity
from catalog.signals.kinds import KINDS
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import resolve
from catalog.subsets.lineage.graph import Kind, Lineage, LineageNode

SHORT = 12
"""Characters of a hash in a drawing."""


def lineage(connection: Connection, text: str) -> Lineage:
    """Trace a pool or subset back to files and models, and forward to what was made from it.

    Args:
        connection: a reader's.
        text: the reference.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
    """
    reference = resolve(connection, text)
    trace = _Trace(connection)
    if reference.kind == "subset":
        trace.subset(reference.id)
    else:
        trace.pool(reference.id, reference.name, reference.version)
    trace.forward(_id(reference.kind, str(reference)))
    nodes = sorted(trace.nodes.values(), key=lambda node: (node.kind, node.title, node.id))
    return Lineage(str(reference), tuple(nodes), tuple(sorted(trace.edges)))


class _Trace:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.nodes: dict[str, LineageNode] = {}
        self.edges: set[tuple[str, str]] = set()
        self.keys: dict[str, tuple[str, int, int]] = {}  # kind, id and version of pools and subsets
        self.subsets = {row["subset_id"]: row for row in self._rows("subsets")}
        self.signals = {row["identity_sha256"]: row for row in self._rows("signals")}
        self.exports, self.runs = self._rows("exports"), self._rows("runs")
        for row in self.subsets.values():
            row["definition"] = json.loads(row["definition"])
        for row in self.signals.values():
            row["identity"] = json.loads(row["identity"])
            row["details"] = json.loads(row["details"] or "{}")

    def subset(self, subset_id: int) -> str:
        """Add a subset with everything that it was made from, and return its id."""
        row = self.subsets[subset_id]
        definition = row["definition"]
        title = f"{row['name']}@{row['version']}"
        details = {key: row[key] for key in ("n_members", "members_sha256", "definition_sha256")}
        details["selector"] = row["selector"]
        for key in ("budget", "seed", "parameters", "functions", "macros"):
            if definition.get(key) is not None:
                details[key] = definition[key]
        summary = f"{quantity(row['n_members'], 'member')} by {row['selector']}"
        self.keys[_id("subset", title)] = ("subset", subset_id, row["version"])
        if not self._add("subset", title, summary, details):
            return _id("subset", title)
        for reference in definition.get("references") or ():
            self._edge(self._referenced(reference), "subset", title)
        for signal in definition.get("signals") or ():
            self._edge(self.signal(signal["identity_sha256"], signal), "subset", title)
        return _id("subset", title)

    def pool(self, pool_id: int, name: str, version: int) -> str:
        """Add one version of a pool with its files, and return its id."""
        title = f"{name}@{version}"
        at = {"pool_id": pool_id, "version": version}
        (row,) = self._rows("pool", **at)
        details = {"n_members": row["n_members"], "registered_at": str(row["created_at"])}
        self.keys[_id("pool", title)] = ("pool", pool_id, version)
        if not self._add("pool", title, f"{quantity(row['n_members'], 'member')}", details):
            return _id("pool", title)
        for load in self._rows("files", **at):
            for file in json.loads(load["files"]):
                self._edge(self._file(file, load["version"]), "pool", title)
        return _id("pool", title)

    def signal(self, sha256: str, known: dict[str, Any]) -> str:
        """Add a signal with its inputs, model and file, and return its id.

        Args:
            sha256: of its identity.
            known: what is recorded elsewhere, for a signal that is gone.
        """
        row = self.signals.get(sha256)
        kind = KINDS[(row or known)["kind"]]
        title = kind.title((row or known)["name"])
        node = f"signal {title} {sha256[:SHORT]}"
        details: dict[str, Any] = {"identity_sha256": sha256, "is_gone": row is None}
        if row is not None:
            details |= {"identity": row["identity"], "stale": row["stale"]}
        if known.get("lance_table"):
            details |= {key: known[key] for key in ("lance_table", "lance_version")}
        summary = f"{sha256[:SHORT]}, gone" if row is None else sha256[:SHORT]
        if self._add("signal", title, summary, details, id_=node) and row is not None:
            for before in self._made_with(row):
                self.edges.add((before, node))
        return node

    def forward(self, start: str) -> None:
        """Add what was made from a node, at any distance, with its exports and runs."""
        todo, seen = [start], {start}
        while todo:
            before = todo.pop()
            kind, _, title = before.partition(" ")
            for after in (*self._readers(kind, title), *self._outcomes(before)):
                self.edges.add((before, after))
                if after not in seen:
                    seen.add(after)
                    todo.append(after)

    def _readers(self, kind: str, title: str) -> list[str]:
        """Return the subsets that read a pool or subset, each added with its other origins."""
        found = []
        for subset_id, row in self.subsets.items():
            references = row["definition"].get("references") or ()
            if any((each["kind"], each["reference"]) == (kind, title) for each in references):
                found.append(self.subset(subset_id))
        return found

    def _outcomes(self, before: str) -> Iterator[str]:
        """Yield the exports of a pool or subset, and the runs on it, each added."""
        key = self.keys.get(before)
        for row in self.exports:
            if _key(row) == key:
                yield self._export(row)
        for row in self.runs:
            if _key(row) == key:
                yield self._run(row)

    def _export(self, row: dict[str, Any]) -> str:
        node = f"export {row['path']} {row['exported_at']}"
        files = json.loads(row["files"])
        details = {key: row[key] for key in ("path", "format", "n_rows", "members_sha256")}
        details |= {"options": json.loads(row["options"]), "files": files}
        details["exported_at"] = str(row["exported_at"])
        sha256 = files[0]["sha256"][:SHORT]
        summary = f"{quantity(row['n_rows'], 'record')} as {row['format']}, sha256 {sha256}"
        self._add("export", _last_part(row["path"]), summary, details, id_=node)
        return node

    def _run(self, row: dict[str, Any]) -> str:
        title, metrics = str(row["run_id"]), json.loads(row["metrics"])
        details = {key: row[key] for key in ("note", "url", "members_sha256") if row[key]}
        details |= {"metrics": metrics, "recorded_at": str(row["recorded_at"])}
        summary = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
        self._add("run", title, summary, details)
        return _id("run", title)

    def _referenced(self, reference: dict[str, Any]) -> str:
        kind, title = reference["kind"], reference["reference"]
        name, _, version = title.rpartition("@")
        if kind == "subset" and reference["id"] in self.subsets:
            return self.subset(reference["id"])
        if kind == "pool" and self._rows("pool", pool_id=reference["id"], version=int(version)):
            return self.pool(reference["id"], name, int(version))
        self._add(kind, title, "gone", {"is_gone": True})
        return _id(kind, title)

    def _made_with(self, row: dict[str, Any]) -> list[str]:
        """Return the ids of what a signal was made with, each added."""
        identity, details = row["identity"], row["details"]
        found = []
        for sha256 in (identity.get("inputs") or {}).values():
            known = self.signals.get(sha256)
            if known is not None:
                found.append(self.signal(sha256, known))
        start = identity.get("start") or {}
        model = identity.get("model") or start.get("model")
        weights = identity.get("weights") or start.get("weights")
        if model or weights:
            found.append(self._hashed("model", str(model or row["name"]), weights))
        if "imported" in identity:
            name = str(details.get("file") or "an imported file")
            found.append(self._hashed("file", name, identity["imported"]))
        if details.get("trained_on") and details.get("kind") and details.get("id") is not None:
            reference = {"kind": details["kind"], "reference": details["trained_on"]}
            found.append(self._referenced(reference | {"id": details["id"]}))
        return found

    def _hashed(self, kind: Kind, title: str, sha256: str | None) -> str:
        short = (sha256 or "")[:SHORT]
        node = f"{kind} {title} {short}".rstrip()
        summary = f"sha256 {short}" if short else ""
        self._add(kind, title, summary, {"sha256": sha256}, id_=node)
        return node

    def _file(self, file: dict[str, Any], version: int) -> str:
        path = str(file["file"])
        keys = ("n_records", "container", "shape", "n_bytes", "sha256")
        details = {key: file[key] for key in keys if file.get(key) is not None}
        summary = f"{quantity(file.get('n_records', 0), 'record')}"
        if file.get("sha256"):
            summary += f", sha256 {file['sha256'][:SHORT]}"
        node = f"file {path} {version}"
        self._add(
            "file", _last_part(path), summary, {"path": path, "load": version, **details}, id_=node
        )
        return node

    def _add(
        self,
        kind: Kind,
        title: str,
        summary: str,
        details: dict[str, Any],
        *,
        id_: str | None = None,
    ) -> bool:
        """Add a node, and return whether it was not there yet."""
        node = id_ or _id(kind, title)
        if node in self.nodes:
            return False
        self.nodes[node] = LineageNode(node, kind, title, summary, details)
        return True

    def _edge(self, before: str, kind: str, title: str) -> None:
        self.edges.add((before, _id(kind, title)))

    def _rows(self, name: str, **params: Any) -> list[dict[str, Any]]:
        found = self.connection.sql(query(f"lineage/{name}"), params=params)
        rows: list[dict[str, Any]] = found.to_arrow_table().to_pylist()
        return rows


def _key(row: dict[str, Any]) -> tuple[str, int, int]:
    return row["kind"], row["id"], row["version"]


def _last_part(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2] or path


def _id(kind: str, title: str) -> str:
    return f"{kind} {title}"
