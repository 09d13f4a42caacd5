"""Expand the entries of a project file to nodes: a sweep is one entry and many subsets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from catalog.errors import Location, ProjectError
from catalog.project.entries import MixtureEntry, SelectionEntry, SplitEntry
from catalog.project.file import ProjectFile
from catalog.project.narrowed import last_of, narrowed, takes_several
from catalog.project.nodes.export import ExportNode
from catalog.project.nodes.mixture import MixtureNode
from catalog.project.nodes.node import Node, State, placed
from catalog.project.nodes.pool import PoolNode
from catalog.project.nodes.signal import SignalNode
from catalog.project.nodes.subset import SubsetNode
from catalog.project.signal_entries import SignalVerb
from catalog.project.split import split_selection
from catalog.project.sweep import trials
from catalog.store.references import bare_names
from catalog.subsets.mix import check_mixture


def nodes_of(project: ProjectFile, state: State) -> Iterator[Node]:
    """Yield the nodes of a project, section by section; an entry may be several.

    Subsets that several entries select from are there once.

    Raises:
        ProjectError: an entry cannot be read as a selection, mixture or split.
    """
    shared: dict[str, SubsetNode] = {}
    for node in _nodes(project, state):
        if not isinstance(node, SubsetNode) or not node.is_made_for_others:
            yield node
        elif node.name not in shared:
            shared[node.name] = node
            yield node
        elif _made_of(node) != _made_of(shared[node.name]):
            problem = f"{node.name} would be made of two versions"
            step = "let all entries that select from it name the same versions"
            raise ProjectError(problem, location=node.place, next_step=step)


def _made_of(node: SubsetNode) -> tuple[str, dict[str, Any]]:
    return node.source, dict(node.settings)


def _nodes(project: ProjectFile, state: State) -> Iterator[Node]:
    sections = project.sections
    for name, pool in sections.pools.items():
        yield PoolNode(name=name, entry=name, place=project.place("pools", name), pool=pool)
    for index, verb in enumerate(sections.signals):
        yield from _signals(verb, project.place("signals", index))
    for name, selection in sections.selections.items():
        yield from _selections(name, selection, project.place("selections", name), state)
    for name, mixture in sections.mixtures.items():
        yield from _mixtures(name, mixture, project.place("mixtures", name))
    for name, split in sections.splits.items():
        yield from _parts(name, split, project.place("splits", name))
    for path, export in sections.exports.items():
        name, reads = PurePosixPath(path).as_posix(), _names(export.from_)
        place = project.place("exports", path)
        yield ExportNode(name=name, entry=path, place=place, export=export, reads=reads)


def _signals(verb: SignalVerb, place: Location) -> Iterator[SignalNode]:
    for pool in verb.pools:
        name = f"{verb.verb} {pool} {' '.join(verb.signal_names)}"
        reads = _names(",".join((pool, *verb.others)))
        yield SignalNode(name=name, entry=pool, place=place, verb=verb, source=pool, reads=reads)


def _parts(name: str, entry: SplitEntry, place: Location) -> Iterator[SubsetNode]:
    selector, settings = placed(
        place, split_selection, entry.by, into=entry.into, stratify=entry.stratify
    )
    before = narrowed(entry.from_, clean_of=entry.clean_of, place=place)
    yield from before
    source = last_of(before, entry.from_)
    for part in entry.into:
        yield SubsetNode(
            name=f"{name}.{part}",
            entry=name,
            place=place,
            section="splits",
            selector=selector,
            source=source,
            reads=_names(source),
            budget="all",
            seed=entry.seed,
            settings=settings | {"part": part},
        )


def _selections(
    name: str, entry: SelectionEntry, place: Location, state: State
) -> Iterator[SubsetNode]:
    """Yield the subsets of a selection, and those that it selects from."""
    selectors = entry.selector
    if isinstance(selectors, list):
        selectors = {each: {} for each in selectors}
    for selector_name, own in selectors.items():
        values = {key: _listed(value) for key, value in (dict(entry.set_) | dict(own)).items()}
        stem = PurePosixPath(selector_name).name.removesuffix(".sql")
        for trial in placed(
            place,
            trials,
            name,
            budgets=entry.budget,
            seeds=entry.seed,
            settings={"selector": [stem], **values},
        ):
            settings = {key: value for key, value in trial.settings.items() if key != "selector"}
            node = SubsetNode(
                name=trial.name,
                entry=name,
                place=place,
                section="selections",
                selector=selector_name,
                source=entry.from_,
                reads=_names(entry.from_),
                group=entry.group,
                budget=trial.budget,
                seed=trial.seed,
                settings=settings,
                is_strict=entry.strict,
                is_gated=entry.gate,
                model=entry.model,
                tokens=entry.tokens,
            )
            is_one = not placed(place, takes_several, node, state)
            before = narrowed(
                entry.from_, where=entry.where, clean_of=entry.clean_of, is_one=is_one, place=place
            )
            yield from before
            source = last_of(before, entry.from_)
            yield replace(node, source=source, reads=_names(source))


def _mixtures(
    name: str, entry: MixtureEntry, place: Location
) -> Iterator[MixtureNode | SubsetNode]:
    parts: dict[str, str] = {}
    for part in entry.parts:
        source, colon, selector = part.partition(":")
        before = narrowed(source, clean_of=entry.clean_of, place=place)
        yield from before
        parts[part] = f"{last_of(before, source)}{colon}{selector}"
    for trial in placed(
        place, trials, name, budgets=entry.budget, seeds=entry.seed, settings=entry.parts
    ):
        sizes = [f"{part}={size}" for part, size in trial.settings.items()]
        is_counted = entry.model is not None
        asked: dict[str, Any] = {"budget": trial.budget, "caps": entry.cap}
        placed(place, check_mixture, sizes, **asked, is_counted=is_counted)
        names = dict.fromkeys(_names(part.partition(":")[0])[0] for part in parts.values())
        yield MixtureNode(
            name=trial.name,
            entry=name,
            place=place,
            reads=tuple(names),
            parts=tuple((parts[part], size) for part, size in trial.settings.items()),
            budget=trial.budget,
            caps=tuple(entry.cap),
            seed=trial.seed,
            tokens=entry.tokens,
            model=entry.model,
            group=entry.group,
            is_gated=entry.gate,
        )


def _names(source: str) -> tuple[str, ...]:
    """Return the names of references without their versions."""
    return tuple(bare_names(source).split(","))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
