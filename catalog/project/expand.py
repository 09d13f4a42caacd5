"""Expand the entries of a project file to nodes: a sweep is one entry and many subsets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, TypeVar

from catalog.errors import CatalogError, Location, ProjectError
from catalog.project.entries import MixtureEntry, SelectionEntry, SplitEntry
from catalog.project.file import ProjectFile
from catalog.project.nodes.export import ExportNode
from catalog.project.nodes.mixture import MixtureNode
from catalog.project.nodes.node import Node
from catalog.project.nodes.pool import PoolNode
from catalog.project.nodes.signal import SignalNode
from catalog.project.nodes.subset import SubsetNode
from catalog.project.overlap import clean_name, clean_selection
from catalog.project.signal_entries import SignalVerb
from catalog.project.split import split_selection
from catalog.project.sweep import trials
from catalog.store.references import bare_names

Answer = TypeVar("Answer")


def nodes_of(project: ProjectFile) -> Iterator[Node]:
    """Yield the nodes of a project, section by section; an entry may be several.

    Raises:
        ProjectError: an entry cannot be read as a selection, mixture or split.
    """
    sections = project.sections
    for name, pool in sections.pools.items():
        yield PoolNode(name=name, entry=name, place=project.place("pools", name), pool=pool)
    for index, verb in enumerate(sections.signals):
        yield from _signals(verb, project.place("signals", index))
    cleaned: set[str] = set()
    for name, selection in sections.selections.items():
        yield from _selections(name, selection, project.place("selections", name), cleaned)
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
        reads = _names(pool)
        yield SignalNode(name=name, entry=pool, place=place, verb=verb, source=pool, reads=reads)


def _parts(name: str, entry: SplitEntry, place: Location) -> Iterator[SubsetNode]:
    selector, settings = placed(
        place, split_selection, entry.by, into=entry.into, stratify=entry.stratify
    )
    for part in entry.into:
        yield SubsetNode(
            name=f"{name}.{part}",
            entry=name,
            place=place,
            section="splits",
            selector=selector,
            source=entry.from_,
            reads=_names(entry.from_),
            budget="all",
            seed=entry.seed,
            settings=settings | {"part": part},
        )


def _selections(
    name: str, entry: SelectionEntry, place: Location, cleaned: set[str]
) -> Iterator[SubsetNode]:
    """Yield the subsets of a selection, and the clean ones that it selects from."""
    source = entry.from_
    for test in entry.clean_of:
        bare = source.partition("@")[0]
        clean = clean_name(bare, test.partition("@")[0])
        selector, settings = clean_selection(test)
        if clean not in cleaned:
            cleaned.add(clean)
            yield SubsetNode(
                name=clean,
                entry=clean,
                place=place,
                section="selections",
                selector=selector,
                source=source,
                reads=(bare, test.partition("@")[0]),
                budget="all",
                settings=settings,
            )
        source = clean
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
            yield SubsetNode(
                name=trial.name,
                entry=name,
                place=place,
                section="selections",
                selector=selector_name,
                source=source,
                reads=_names(source),
                group=entry.group,
                budget=trial.budget,
                seed=trial.seed,
                settings=settings,
                is_strict=entry.strict,
                model=entry.model,
                tokens=entry.tokens,
            )


def _names(source: str) -> tuple[str, ...]:
    """Return the names of references without their versions."""
    return tuple(bare_names(source).split(","))


def _mixtures(name: str, entry: MixtureEntry, place: Location) -> Iterator[MixtureNode]:
    for trial in placed(
        place, trials, name, budgets=entry.budget, seeds=entry.seed, settings=entry.parts
    ):
        names = dict.fromkeys(_names(part.partition(":")[0])[0] for part in entry.parts)
        yield MixtureNode(
            name=trial.name,
            entry=name,
            place=place,
            reads=tuple(names),
            parts=tuple(trial.settings.items()),
            budget=trial.budget,
            caps=tuple(entry.cap),
            seed=trial.seed,
            tokens=entry.tokens,
            model=entry.model,
            group=entry.group,
        )


def placed(place: Location, function: Callable[..., Answer], *args: Any, **kwargs: Any) -> Answer:
    """Call a function; its errors get the place of an entry.

    Raises:
        ProjectError: the function failed.
    """
    try:
        return function(*args, **kwargs)
    except CatalogError as error:
        raise ProjectError(str(error), location=place) from None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
