"""Lock of a project: what was built, and the files, models and code that it was built from.

``catalog.lock`` stands beside the project file and is kept under version control. Another machine
builds the same members, or is told which input differs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from catalog.errors import Location, ProjectError
from catalog.project.graph import Graph
from catalog.project.nodes.export import ExportNode
from catalog.project.nodes.mixture import MixtureNode
from catalog.project.nodes.node import Node, State, changes
from catalog.project.nodes.pool import PoolNode
from catalog.project.nodes.signal import SignalNode
from catalog.project.nodes.subset import SubsetNode
from catalog.store.atomic import replacing
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import bare_names, resolve
from catalog.subsets.store import stored

FORMAT = 1
UNEXPLAINED, NOT_BUILT_HERE = "though no input differs", "not built here"
DEFINED = ("parameters", "budget", "seed", "functions", "macros", "ties")
"""Parts of a definition that do not depend on the catalog in which it was made."""

Lock = dict[str, Any]
"""``inputs`` and ``result`` of each node, by its id."""


def lock_path(file: Path) -> Path:
    """Return the path of the lock of a project file.

    >>> str(lock_path(Path("project/catalog.yaml")))
    'project/catalog.lock'
    """
    return file.with_suffix(".lock")


def read_lock(file: Path) -> Lock | None:
    """Return the lock of a project file; None if there is none.

    Raises:
        ProjectError: it cannot be read, or a newer version of the code wrote it.
    """
    path = lock_path(file)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except json.JSONDecodeError as error:
        place = Location(str(path), error.lineno, error.colno)
        raise ProjectError(error.msg, location=place, next_step=_AGAIN) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"cannot be read: {error}", location=str(path)) from None
    if not isinstance(content, dict) or content.get("lock") != FORMAT:
        got = content.get("lock") if isinstance(content, dict) else None
        raise ProjectError(
            f"expected lock {FORMAT}, got {got}", location=str(path), next_step=_AGAIN
        )
    nodes: Lock | None = content.get("nodes")
    if not isinstance(nodes, dict) or not all(map(_is_entry, nodes.values())):
        problem = "expected `nodes` with the inputs and the result of each"
        raise ProjectError(problem, location=str(path), next_step=_AGAIN)
    return nodes


def _is_entry(entry: Any) -> bool:
    parts = ("inputs", "result")
    return isinstance(entry, dict) and all(isinstance(entry.get(part), dict) for part in parts)


_AGAIN = "remove the file and build again, or use the version of catalog that wrote it"


def write_lock(file: Path, lock: Lock) -> None:
    """Write the lock of a project file, if it has changed."""
    path = lock_path(file)
    text = json.dumps({"lock": FORMAT, "nodes": lock}, indent=2, sort_keys=True) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text:
        return
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def lock_of(graph: Graph, state: State) -> Lock:
    """Return the lock of what a catalog holds of a project; nodes that it lacks are left out."""
    with state.store.reading() as connection:
        found = {node.id: _locked(node, state, connection) for node in graph.nodes}
    return {node: each for node, each in found.items() if each is not None}


def differing_inputs(lock: Lock, graph: Graph, state: State) -> tuple[str, ...]:
    """Return how the files and options of pools differ from a lock, before anything is built."""
    found = []
    for node in graph.nodes:
        if isinstance(node, PoolNode) and node.id in lock:
            now = node.inputs(state) | _described(node)
            found += [f"{node.id}: {each}" for each in changes(lock[node.id]["inputs"], now)]
    return tuple(found)


def differences(before: Lock, now: Lock, graph: Graph) -> tuple[str, ...]:
    """Return how a catalog differs from a lock: first the inputs, then what none of them explains.

    Args:
        before: the lock.
        now: the lock of the catalog.
        graph: of the project.
    """
    found: list[str] = []
    changed: set[str] = set()
    for node in graph.nodes:
        old, new = before.get(node.id), now.get(node.id)
        if old is None or new is None:
            found += _missing(node, old, new)
            changed.add(node.id)
            continue
        inputs = changes(old["inputs"], new["inputs"])
        results = changes(_compared(old["result"]), _compared(new["result"]))
        found += [f"{node.id}: {each}" for each in inputs]
        is_explained = bool(inputs) or not changed.isdisjoint(graph.before[node.id])
        if results:
            changed.add(node.id)
        if results and not is_explained:
            found += [f"{node.id}: {each}, {UNEXPLAINED}" for each in results]
    gone = sorted(before.keys() - {node.id for node in graph.nodes})
    return tuple(found + [f"{each}: no longer in the project" for each in gone])


def _missing(node: Node, old: Any, new: Any) -> list[str]:
    if old is None:
        return [f"{node.id}: not in the lock"]
    return [f"{node.id}: {NOT_BUILT_HERE}"] if new is None else []


def _compared(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result without the version, which counts what one catalog made."""
    return {key: value for key, value in result.items() if key != "version"}


def _locked(node: Node, state: State, connection: Connection) -> Lock | None:
    """Return the entry of a node; None if the catalog does not have it."""
    record = state.records.get(node.id)
    if node.is_recorded and record is None:
        return None
    if isinstance(node, PoolNode) and record:
        inputs = {**record.inputs, **_described(node)}
        return {"inputs": inputs, "result": _pool(node.name, connection)}
    if isinstance(node, SignalNode) and record:
        result = _signals(record.result["signals"], connection)
        return {"inputs": dict(record.inputs), "result": result}
    if isinstance(node, ExportNode) and record:
        inputs = {**record.inputs, "from": node.export.from_}
        inputs.pop("id", None)
        result = {"sha256": record.result["identity"]["sha256"]}
        return {"inputs": inputs, "result": result}
    if isinstance(node, SubsetNode | MixtureNode) and state.newest(node.name):
        return _subset(node.name, connection)
    return None


def _described(node: PoolNode) -> dict[str, Any]:
    return {"licence": node.pool.licence} if node.pool.licence else {}


def _pool(name: str, connection: Connection) -> dict[str, Any]:
    reference = resolve(connection, name, kind="pool")
    ((sha256,),) = connection.sql(
        query("selection/members_sha256"), params=reference.parameters
    ).fetchall()
    ((n_members,),) = connection.sql(
        query("references/n_members"), params=reference.parameters
    ).fetchall()
    return {"version": reference.version, "n_members": n_members, "members_sha256": sha256}


def _signals(identities: Iterable[str], connection: Connection) -> dict[str, Any]:
    params = {"identities": list(identities)}
    rows = connection.sql(query("projects/signal_values"), params=params).fetchall()
    return {
        title: {"identity": json.loads(identity), "values_sha256": values}
        for title, identity, values in rows
    }


def _subset(name: str, connection: Connection) -> Lock:
    reference = resolve(connection, name, kind="subset")
    record = stored(connection, reference)
    content = record["definition"]
    sql = hashlib.sha256(content["sql"].encode()).hexdigest()
    inputs = {key: content[key] for key in DEFINED if key in content}
    inputs |= {"selector": content["selector"], "sql_sha256": sql}
    inputs["from"] = bare_names(content["pool"])
    inputs["parameters"] = {
        key: _bare(value, content["references"]) for key, value in content["parameters"].items()
    }
    result = {key: record[key] for key in ("version", "n_members", "members_sha256")}
    return {"inputs": inputs, "result": result}


def _bare(value: Any, references: Iterable[Mapping[str, Any]]) -> Any:
    """Return a parameter's value; a reference without its version, which other catalogs count."""
    is_reference = any(each["reference"] == value for each in references)
    return value.partition("@")[0] if is_reference else value
