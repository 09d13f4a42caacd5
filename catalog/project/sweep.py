"""Several selections at once: every combination of budgets, seeds and settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from catalog.errors import OptionError
from catalog.messages import argument
from catalog.query.arguments import parameters_of
from catalog.query.kernels import kernels_of
from catalog.store.references import nearest
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.selection.definition import Definition

PLACE = re.compile(r"\{([\w.:@/-]*)\}")
UNNAMED = re.compile(r"[^\w.-]")


@dataclass(frozen=True)
class Trial:
    """One selection of a sweep.

    Attributes:
        name: of the subset.
        budget: as asked for.
        seed: of its draws.
        settings: values of the selector's parameters.
    """

    name: str
    budget: str
    seed: int
    settings: Mapping[str, Any]


def trials(
    name: str,
    *,
    budgets: Sequence[str],
    seeds: Sequence[int],
    settings: Mapping[str, Sequence[Any]],
) -> list[Trial]:
    """Return one trial for each combination of budgets, seeds and values of settings.

    Args:
        name: the template of the subsets' names: ``{budget}``, ``{seed}`` and ``{NAME}`` of a
            setting stand for their values. ``%`` becomes ``pct``, and characters that a name
            cannot hold become ``-``.
        budgets: one or more.
        seeds: one or more.
        settings: one or more values of each parameter.

    Raises:
        OptionError: the template has an unknown place, or two trials would have one name.

    >>> [trial.name for trial in trials("b{budget}", budgets=["5", "10%"], seeds=[0], settings={})]
    ['b5', 'b10pct']
    """
    found = [
        _trial(name, budget, seed, dict(zip(settings, values, strict=True)))
        for budget, seed, *values in product(budgets, seeds, *settings.values())
    ]
    if len({trial.name for trial in found}) < len(found):
        varied = {"budget": budgets, "seed": seeds} | dict(settings)
        lacking = [each for each, values in varied.items() if len(values) > 1]
        places = " and ".join(f"{{{each}}}" for each in lacking)
        raise OptionError(
            f"{len(found)} selections need different names: put {places} into "
            f"{argument('name', name, flag=f'--as {name}')}"
        )
    return found


def reads_seed(store: Store, definition: Definition) -> bool:
    """Return whether the members of a selection can depend on its seed."""
    if re.search(r"\$seed\b", definition.content["sql"]):
        return True
    kernels = kernels_of(store)
    names = definition.content["functions"]
    return any("seed" in parameters_of(kernels.find(name).function) for name in names)


def _trial(template: str, budget: str, seed: int, settings: Mapping[str, Any]) -> Trial:
    values = {"budget": budget, "seed": seed} | dict(settings)

    def filled(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise OptionError(
                f"{match[0]} in {argument('name', template, flag='--as')} is neither budget, seed "
                f"nor a setting that is given{nearest(match[1], list(values))}"
            )
        return UNNAMED.sub("-", str(values[match[1]]).replace("%", "pct"))

    return Trial(PLACE.sub(filled, template), budget, seed, settings)
