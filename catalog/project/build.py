"""Build a project: make what is not there or not current, in order, and record it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from catalog.errors import CatalogError, ProjectError
from catalog.project.built import Build, Built
from catalog.project.file import read_project
from catalog.project.graph import project_graph
from catalog.project.lock import (
    NOT_BUILT_HERE,
    UNEXPLAINED,
    Lock,
    differences,
    differing_inputs,
    lock_of,
    lock_path,
    read_lock,
    write_lock,
)
from catalog.project.nodes.node import Made, Making, Node, Record, State
from catalog.project.plan import Plan, Step, plan, step_of
from catalog.project.stamp import NAME, stamp
from catalog.query.executor import Limits
from catalog.store.lock import locked
from catalog.store.queries import query
from catalog.store.store import Store

Report = Callable[[int, int, int], None]
Watch = Callable[[str], AbstractContextManager[Report | None]]


def build(
    catalog: Any,
    call: Callable[..., Any],
    file: Path | None = None,
    *,
    names: Sequence[str] = (),
    limits: Limits | None = None,
    is_locked: bool = False,
    watch: Watch | None = None,
    report: Callable[[Built], None] | None = None,
) -> Build:
    """Make what a project file describes and the catalog does not have; a second run does nothing.

    Each node is committed when it is made, so that an interrupted build goes on where it stopped.

    Args:
        catalog: a `Catalog`.
        call: calls a function of its store within limits.
        file: the project file; ``catalog.yaml`` if None.
        names: names, globs or entries to build, with what they are made from; all if none.
        limits: memory and time of one selection.
        is_locked: compare with ``catalog.lock`` and do not write it; where a file or an option of a
            pool differs from it, make nothing.
        watch: opens the display of a node's progress, by the node.
        report: called with each node that was made.

    Raises:
        ProjectError: the file is wrong, or an entry cannot be made; the message has
            ``file:line:column``.
        LockedError: another build of the catalog runs.
    """
    store: Store = catalog.store
    limits = limits or Limits()
    path = file or Path(NAME)
    kept = read_lock(path)
    if is_locked and kept is None:
        step = "build without `--locked` to write it"
        raise ProjectError("no such file", location=str(lock_path(path)), next_step=step)
    planned: Plan = call(plan, path, names=tuple(names), limits=limits)
    run = _Run(catalog, call, path, limits, watch or (lambda _: nullcontext()))
    if is_locked and kept is not None:
        found = differing_inputs(kept, run.graph, run.state)
        if found:
            return Build(planned.file, (), 0, differences=found)
    done = Build(planned.file, (), len(planned.steps))
    if not planned.is_current:
        store.path.mkdir(parents=True, exist_ok=True)
        with locked(store.path / "build.lock", wait=store.wait):
            run = _Run(catalog, call, path, limits, run.watch)
            done = run.build(planned, report or (lambda _: None))
        planned = call(plan, path, names=tuple(names), limits=limits)
        done = replace(done, left=planned.changing)
    return _with_lock(done, run, path, kept, is_locked=is_locked, is_whole=not names)


def _with_lock(
    done: Build, run: _Run, path: Path, kept: Lock | None, *, is_locked: bool, is_whole: bool
) -> Build:
    """Return a build with what differs from the lock; write the lock, and the stamp."""
    now = lock_of(run.graph, run.state)
    if not is_whole:
        now = (kept or {}) | now
    found = differences(kept, now, run.graph) if kept is not None else ()
    if not is_locked:
        found = tuple(each for each in found if each.endswith(UNEXPLAINED))
        write_lock(path, now)
    elif not is_whole:
        found = tuple(each for each in found if not each.endswith(NOT_BUILT_HERE))
    if is_whole and not done.left and not (is_locked and found):
        stamp(run.store, path, n_nodes=len(run.graph.nodes))
    return replace(done, differences=found)


class _Run:
    """One build."""

    def __init__(
        self, catalog: Any, call: Callable[..., Any], path: Path, limits: Limits, watch: Watch
    ) -> None:
        self.catalog, self.call, self.watch = catalog, call, watch
        self.store: Store = catalog.store
        project = read_project(path)
        self.state = State.read(self.store, project.folder, limits)
        self.graph = project_graph(project, self.state)
        self.nodes = {node.id: node for node in self.graph.nodes}

    def build(self, planned: Plan, report: Callable[[Built], None]) -> Build:
        made = []
        for step in planned.steps:
            node = self.nodes[step.node]
            if step.action != "keep":  # what it reads is made now, maybe by another build
                step = step_of(node, self.graph, self.state, {})
            if step.action != "keep":
                made.append(self._make(node, step))
                report(made[-1])
        return Build(planned.file, tuple(made), len(planned.steps) - len(made))

    def _make(self, node: Node, step: Step) -> Built:
        started = time.monotonic()
        try:
            with self.watch(node.id) as progress:
                inputs = node.inputs(self.state) if node.is_recorded else {}
                claimed = node.claim(self.state)
                if claimed is not None:
                    self._record(node, {}, Made(claimed, ""), 0.0)
                done = node.make(Making(self.catalog, self.call, self.state, progress))
        except CatalogError as error:
            raise ProjectError(str(error), location=node.place) from error
        seconds = time.monotonic() - started
        if node.is_recorded:
            self._record(node, inputs, done, seconds)
        reference = done.result.get("reference")
        return Built(node.id, step.why, done.summary, done.warnings, seconds, reference)

    def _record(self, node: Node, inputs: dict[str, Any], done: Made, seconds: float) -> None:
        with self.store.writing() as connection:
            connection.execute(query("projects/forget"), {"node": node.id})
            row = {
                "node": node.id,
                "inputs": json.dumps(inputs, ensure_ascii=False, sort_keys=True),
                "result": json.dumps(done.result, ensure_ascii=False, sort_keys=True),
                "seconds": seconds,
            }
            connection.execute(query("projects/record"), row)
        self.state.records[node.id] = Record(inputs, done.result, seconds)
