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
        watch: opens the display of a node's progress, by the node.
        report: called with each node that was made.

    Raises:
        ProjectError: the file is wrong, or an entry cannot be made; the message has
            ``file:line:column``.
        LockedError: another build of the catalog runs.
    """
    store: Store = catalog.store
    limits = limits or Limits()
    project_path = file or Path(NAME)
    planned: Plan = call(plan, project_path, names=tuple(names), limits=limits)
    if planned.is_current:
        if not names:
            stamp(store, project_path, planned)
        return Build(planned.file, (), len(planned.steps))
    store.path.mkdir(parents=True, exist_ok=True)
    with locked(store.path / "build.lock", wait=store.wait):
        run = _Run(catalog, call, project_path, limits, watch or (lambda _: nullcontext()))
        done = run.build(planned, report or (lambda _: None))
    left = call(plan, project_path, names=tuple(names), limits=limits)
    if left.is_current and not names:
        stamp(store, project_path, left)
    open_nodes = tuple(step.node for step in left.steps if step.action != "keep")
    return replace(done, left=open_nodes)


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
                done = node.make(Making(self.catalog, self.call, self.state, progress))
        except CatalogError as error:
            raise ProjectError(str(error), location=node.place) from error
        seconds = time.monotonic() - started
        if node.is_recorded:
            self._record(node, inputs, done, seconds)
        return Built(node.id, step.why, done.summary, done.warnings, seconds)

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
