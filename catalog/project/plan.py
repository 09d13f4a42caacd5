"""Plan of a project: what would be made, why, and what it costs; nothing is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from catalog.errors import CatalogError, ProjectError
from catalog.notebook import NotebookResult
from catalog.project.file import read_project
from catalog.project.graph import Graph, project_graph
from catalog.project.nodes.mixture import MixtureNode
from catalog.project.nodes.node import NOT_BUILT, Estimate, Node, State
from catalog.project.nodes.signal import SignalNode
from catalog.project.nodes.subset import SubsetNode
from catalog.project.stamp import NAME
from catalog.query.executor import Limits
from catalog.query.session import shared_session
from catalog.store.store import Store

Action = Literal["make", "check", "keep"]


@dataclass(frozen=True)
class Step:
    """Node in a plan.

    Attributes:
        node: its kind and name, such as ``subset best``.
        action: ``make`` it; ``check`` it again when what it reads has been made; ``keep`` it.
        why: the reasons, one sentence each.
        seconds: that it takes, at the rate measured here; None if there is no measurement.
        n_bytes: that a signal takes on the disk, or that a pool's files have; None if unknown.
        cost: of a judge's answers, in the currency of its prices; None without prices.
    """

    node: str
    action: Action
    why: tuple[str, ...] = ()
    seconds: float | None = None
    n_bytes: int | None = None
    cost: float | None = None


@dataclass(frozen=True)
class Plan(NotebookResult):
    """Plan of a project.

    Attributes:
        file: the project file.
        steps: one a node, in the order in which they are made.
    """

    file: str
    steps: tuple[Step, ...]

    @property
    def is_current(self) -> bool:
        """Return whether there is nothing to make."""
        return not self.changing

    @property
    def changing(self) -> tuple[str, ...]:
        """Return the nodes that are not current."""
        return tuple(step.node for step in self.steps if step.action != "keep")


def plan(
    store: Store,
    file: Path | None = None,
    *,
    names: Sequence[str] = (),
    limits: Limits | None = None,
) -> Plan:
    """Compare a project file with a catalog, which need not exist yet.

    Args:
        store: the catalog's files and database.
        file: the project file; ``catalog.yaml`` if None.
        names: names, globs or entries to plan, with what they are made from; all if none.
        limits: memory and time of one selection.

    Raises:
        ProjectError: the file is wrong, or an entry cannot be made; the message has
            ``file:line:column``.
    """
    project = read_project(file or Path(NAME))
    limits = limits or Limits()
    if not store.database.exists():
        state = State(store, project.folder, limits=limits)
        nodes = project_graph(project, state).wanted(names)
        steps = {node.id: Step(node.id, "make", (NOT_BUILT,)) for node in nodes}
        return Plan(str(project.path), tuple(_with_cost(nodes, steps, state)))
    with shared_session(
        store, memory=limits.memory, spill=limits.spill, use_cache=limits.use_cache
    ):
        state = State.read(store, project.folder, limits)
        graph = project_graph(project, state)
        nodes = graph.wanted(names)
        steps = {}
        for node in nodes:
            steps[node.id] = step_of(node, graph, state, steps)
        return Plan(str(project.path), tuple(_with_cost(nodes, steps, state)))


def step_of(node: Node, graph: Graph, state: State, steps: Mapping[str, Step]) -> Step:
    """Return the step of a node, whose predecessors have theirs.

    Raises:
        ProjectError: the node cannot be made.
    """
    changing = [each for each in sorted(graph.before[node.id]) if _is_changing(steps.get(each))]
    try:
        return _step(node, changing, {each.id: each for each in graph.nodes}, state)
    except CatalogError as error:
        raise ProjectError(str(error), location=node.place) from None


def _is_changing(step: Step | None) -> bool:
    return step is not None and step.action != "keep"


def _step(node: Node, changing: list[str], by_id: Mapping[str, Node], state: State) -> Step:
    is_new = node.makes is not None and state.newest(node.makes) is None
    if not is_new and node.makes is None:
        is_new = node.id not in state.records
    if is_new:
        return Step(node.id, "make", (NOT_BUILT,))
    signals = [by_id[each] for each in changing if isinstance(by_id[each], SignalNode)]
    others = [each for each in changing if not isinstance(by_id[each], SignalNode)]
    if others:
        return Step(node.id, "check", tuple(f"{each} changes" for each in others))
    if isinstance(node, MixtureNode) and node.selectors and signals:
        return Step(node.id, "check", tuple(f"{each.id} changes" for each in signals))
    if isinstance(node, SubsetNode) and signals:
        return _after_signals(node, signals, state)
    why = node.check(state)
    return Step(node.id, "make" if why else "keep", why)


def _after_signals(node: SubsetNode, signals: Iterable[Node], state: State) -> Step:
    """Return the step of a subset whose pool gets signals: it changes only if it reads them."""
    if node.is_uncounted(state):
        return Step(node.id, "make", node.check(state))
    definition = node.definition(state)
    sources = definition.planned.sources if definition.planned else ()
    read = {(each["kind"], each["name"].lower()) for each in definition.content["signals"]}
    lacking = {resolved.kind for _, resolved in sources if resolved.fault}
    for signal in signals:
        if isinstance(signal, SignalNode) and (
            signal.signals & read or signal.verb.kind in lacking
        ):
            return Step(node.id, "check", (f"{signal.id} changes",))
    why = node.compared(state, definition)
    return Step(node.id, "make" if why else "keep", why)


def _with_cost(nodes: Iterable[Node], steps: Mapping[str, Step], state: State) -> Iterable[Step]:
    for node in nodes:
        step = steps[node.id]
        if step.action == "keep":
            yield step
            continue
        cost = _estimate(node, state)
        yield Step(step.node, step.action, step.why, cost.seconds, cost.n_bytes, cost.cost)


def _estimate(node: Node, state: State) -> Estimate:
    try:
        return node.estimate(state)
    except CatalogError as error:
        raise ProjectError(str(error), location=node.place) from None
