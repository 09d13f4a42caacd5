"""Splits of a pool or subset without leaks: no group of members straddles two parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.errors import OptionError, SelectionError
from catalog.kernels.split_groups import read_parts, require_parts
from catalog.messages import argument, quantity
from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.query.stream import run
from catalog.selection.selector import Selector, packaged_selection, unplaced
from catalog.store.queries import query
from catalog.store.references import check_name, resolve
from catalog.store.store import Store
from catalog.subsets.all_or_none import all_or_none
from catalog.subsets.select import Selected, select
from catalog.subsets.store import members

NEAR_DUPLICATES = "near_duplicates"
THRESHOLD = 0.8
"""Least similarity of two prompts of a group, where none is given."""


@dataclass(frozen=True)
class Part:
    """Part of a split.

    Attributes:
        name: of the part.
        size: as asked for: a number, a share, or ``rest``.
        reference: the subset that holds it, ``name@version``.
        is_new: False when the same definition was selected before.
        n_members: of the subset.
    """

    name: str
    size: str
    reference: str
    is_new: bool
    n_members: int


@dataclass(frozen=True)
class Split(NotebookResult):
    """Split of a pool or subset.

    Attributes:
        reference: what was split, ``name@version``.
        by: what makes groups, such as ``near_duplicates=0.6``.
        parts: in the order in which they were asked for.
        n_groups: groups of more than one member.
        n_grouped: members in them.
        n_shared: groups with members in more than one part, counted in the subsets: 0.
        n_leaks_of_draw: members of a random draw of the same sizes, the largest part left out,
            whose group has a member in another part.
    """

    reference: str
    by: str
    parts: tuple[Part, ...]
    n_groups: int
    n_grouped: int
    n_shared: int
    n_leaks_of_draw: int


def split(
    store: Store,
    reference: str,
    *,
    name: str,
    by: str,
    into: Mapping[str, str],
    stratify: str | None = None,
    seed: int = 0,
    limits: Limits | None = None,
) -> Split:
    """Split a pool or subset into subsets ``NAME.PART`` that share no group of members.

    Each part is a subset with a definition, which `verify` runs again.

    Args:
        store: the catalog's files and database.
        reference: the pool or subset.
        name: what the subsets' names begin with.
        by: what makes groups: ``near_duplicates`` with a threshold, such as
            ``near_duplicates=0.6``, ``source``, ``labels``, or a key of the records' metadata.
        into: the size of each part by its name: a number, a share such as ``"10%"``, or ``rest``.
        stratify: ``source`` or ``labels``, whose shares every part keeps.
        seed: random seed of the split.
        limits: memory, time, and whether results of slow kernels are cached.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        OptionError: a name, a size, ``by`` or ``stratify`` is not valid, or there is no part.
        SelectionError: a part has no member.
    """
    limits = limits or Limits()
    for part in into:
        check_name(f"{name}.{part}")
    selector, settings = split_selection(by, into=into, stratify=stratify)
    with store.reading() as connection:
        found = str(resolve(connection, reference))
    asked: dict[str, Any] = {"budget": "all", "seed": seed, "limits": limits}
    groups = _groups(store, found, selector, settings, seed=seed, limits=limits)
    _require_groups(groups, by=by, of=found, parts=settings["parts"])
    with all_or_none(store), unplaced(selector):
        parts = tuple(
            _part(
                select(
                    store,
                    selector,
                    found,
                    name=f"{name}.{part}",
                    settings=settings | {"part": part},
                    **asked,
                ),
                part,
                size,
            )
            for part, size in into.items()
        )
        return Split(found, by, parts, **_counts(store, parts, groups))


def _require_groups(groups: Mapping[str, str], *, by: str, of: str, parts: str) -> None:
    """Refuse groups that no member has, and a part that is smaller than every group.

    Raises:
        OptionError: the groups are of a column or key that no member has a value of.
        SelectionError: no group fits into a part, or nothing is left for the rest.
    """
    is_near = by.partition("=")[0] == NEAR_DUPLICATES
    if not is_near and all(map(str.__eq__, groups, groups.values())):
        raise OptionError(
            f"{argument('by', by)}: no member of {of} has a value of it; expected "
            "near_duplicates=THRESHOLD, source, labels, or a key of the metadata"
        )
    smallest = min(Counter(groups.values()).values(), default=0)
    names, sizes, rest = read_parts(parts, n_rows=len(groups))
    if rest and sum(sizes) == len(groups):
        raise SelectionError(f"part {rest} is the rest, and the others take all of {of}")
    for name, size in zip(names, sizes, strict=True):
        if size < smallest:
            raise SelectionError(
                f"part {name} of {quantity(size, 'member')}: no group fits, since the smallest by "
                f"{by} has {smallest:,}"
            )


def _part(selected: Selected, name: str, size: str) -> Part:
    reference = str(selected.reference)
    return Part(name, size, reference, selected.is_new, selected.n_members)


def split_selection(
    by: str, *, into: Mapping[str, str], stratify: str | None
) -> tuple[Selector, dict[str, Any]]:
    """Return the selector of all parts, and its settings but ``part``.

    Raises:
        OptionError: ``by``, ``stratify`` or a size is not valid, or there is no part.
    """
    if not into:
        raise OptionError(f"{argument('into')}: expected at least one part, such as train=rest")
    selector, settings = _selector(by)
    settings |= {"parts": ",".join(f"{part}={size}" for part, size in into.items())}
    if stratify is not None:
        settings |= {"stratify": stratify}
    selector.values(settings | {"part": ""})
    require_parts(settings["parts"])
    return selector, settings


def _selector(by: str) -> tuple[Selector, dict[str, Any]]:
    """Return the selector that makes the groups, and its settings."""
    method, _, threshold = by.partition("=")
    settings: dict[str, Any] = {"by": by}
    file = "split_column"
    if method == NEAR_DUPLICATES:
        settings, file = {"threshold": threshold or THRESHOLD}, "split_near_duplicates"
    elif threshold:
        raise OptionError(
            f"{argument('by', by)}: expected near_duplicates=THRESHOLD, source, labels, or a key "
            "of the metadata"
        )
    return packaged_selection(file), settings


def _groups(
    store: Store,
    reference: str,
    selector: Selector,
    settings: Mapping[str, Any],
    *,
    seed: int,
    limits: Limits,
) -> dict[str, str]:
    """Return the group of each member by its fingerprint, in the order of a random draw."""
    values = selector.values({**settings, "part": ""})
    block = selector.name.removeprefix("split_")
    parameters = values | {"reference": reference, "seed": seed}
    rows = run(store, query(f"split/{block}"), parameters=parameters, limits=limits)
    return dict(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def _counts(store: Store, parts: Sequence[Part], groups: Mapping[str, str]) -> dict[str, int]:
    """Return what the groups of the written subsets, and of a random draw, have in common."""
    sizes: dict[str, int] = {}
    for group in groups.values():
        sizes[group] = sizes.get(group, 0) + 1
    with store.reading() as connection:
        found = [resolve(connection, part.reference) for part in parts]
        written = [[groups[each] for each in members(connection, one)] for one in found]
    drawn = list(groups.values())
    starts = [sum(part.n_members for part in parts[:index]) for index in range(len(parts))]
    draw = [
        drawn[start : start + part.n_members] for start, part in zip(starts, parts, strict=True)
    ]
    return {
        "n_groups": sum(size > 1 for size in sizes.values()),
        "n_grouped": sum(size for size in sizes.values() if size > 1),
        "n_shared": len(_shared(written)),
        "n_leaks_of_draw": _n_leaks(draw),
    }


def _shared(parts: Sequence[Sequence[str]]) -> set[str]:
    """Return the groups that several parts have.

    >>> sorted(_shared([["a", "b", "b"], ["b", "c"], ["c"]]))
    ['b', 'c']
    """
    seen: set[str] = set()
    shared: set[str] = set()
    for part in parts:
        shared |= seen & {*part}
        seen |= {*part}
    return shared


def _n_leaks(parts: Sequence[Sequence[str]]) -> int:
    """Return how many members of all parts but the largest share a group with another part."""
    shared = _shared(parts)
    largest = max(parts, key=len)
    return sum(group in shared for part in parts if part is not largest for group in part)
