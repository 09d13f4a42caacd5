"""Node of a subset: selected again if its definition is not that of the newest version."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from catalog.kernels._common.sizes import read_tokens
from catalog.messages import rows_and_members
from catalog.project.nodes.groups import group_changes, regroup
from catalog.project.nodes.node import NOT_BUILT, Estimate, Made, Making, Node, State
from catalog.selection.definition import Definition, define, definition_sha256
from catalog.selection.selector import Selector, find_selector
from catalog.selection.token_score import TokenScore
from catalog.store.queries import query
from catalog.subsets.definition_changes import content_changes
from catalog.subsets.equivalent import find_equivalent
from catalog.subsets.select import select

CALLED = re.compile(r"\w+\(\s*'([A-Za-z0-9][\w.-]*)(?:@[\w.-]+)?'")
"""A name that a selector's text passes to a table function."""


@dataclass(frozen=True, kw_only=True)
class SubsetNode(Node):
    """Subset of a project.

    Attributes:
        section: of the project file that it comes from.
        selector: the method, or the name or path of it.
        source: the pool or subset to select from.
        budget: as written.
        seed: random seed.
        settings: values of the selector's parameters.
        is_strict: whether findings about the selector are errors.
        is_gated: whether members that share words with a pool for evaluation are refused.
        is_made_for_others: whether only other entries read it.
        group: of subsets that it belongs to, when it is made.
        model: whose tokenizer counts, for a budget in tokens.
        tokens: what it counts.
    """

    kind: ClassVar[str] = "subset"
    is_recorded: ClassVar[bool] = False
    section: str
    selector: str | Selector
    source: str
    budget: str
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_strict: bool = False
    is_gated: bool = False
    is_made_for_others: bool = False
    group: str | None = None
    model: str | None = None
    tokens: str = "total"

    @property
    def makes(self) -> str:
        """Return the subset's name."""
        return self.name

    def method(self, state: State) -> Selector:
        """Return the selector."""
        if isinstance(self.selector, Selector):
            return self.selector
        is_file = self.selector.endswith(".sql")
        name = str(state.folder / self.selector) if is_file else self.selector
        return find_selector(state.store, name)

    def references(self, state: State) -> set[str]:
        """Return the names that it may read: targets of the selector, and those in its text."""
        method = self.method(state)
        targets = [param.name for param in method.params if param.type == "reference"]
        named = {
            str(self.settings[name]).partition("@")[0] for name in targets if name in self.settings
        }
        return named | {*CALLED.findall(method.text)}

    def definition(self, state: State) -> Definition:
        """Return what the selection is now."""
        return define(
            state.store,
            self.method(state),
            ref=self.source,
            budget=self.budget,
            seed=self.seed,
            settings=self.settings,
            tokens=self._counted(state),
            limits=state.limits,
        )

    def _counted(self, state: State) -> TokenScore | None:
        """Return the score that the model's tokenizer counted of all members; None without one."""
        if self.model is None or read_tokens(self.budget) is None:
            return None
        from catalog.project.counted import counted

        model = state.model(self.model)
        return counted(state.store, self.source, of=self.tokens, model=model)

    def check(self, state: State) -> tuple[str, ...]:
        """Return how its definition and group differ from those of the newest version."""
        reference = state.newest(self.name)
        if reference is None:
            return (NOT_BUILT,)
        if self.is_uncounted(state):
            return (f"members have no count of tokens by {self.model} yet",)
        found = self.compared(state, self.definition(state))
        if self.is_made_for_others:
            return found
        return (*found, *group_changes(state, self.name, self.group))

    def is_uncounted(self, state: State) -> bool:
        """Return whether its budget is in tokens that the model has not all counted yet."""
        return read_tokens(self.budget) is not None and self._counted(state) is None

    def compared(self, state: State, definition: Definition) -> tuple[str, ...]:
        """Return how a definition differs from the one of the newest version."""
        with state.store.reading() as connection:
            params = {"name": self.name}
            subset_id, _, text = connection.sql(
                query("subsets/definitions"), params=params
            ).fetchall()[0]
            before = json.loads(text)
            if definition_sha256(before) == definition.sha256:
                return ()
            same = find_equivalent(connection, definition, name=self.name)
            if same is not None and same.id == subset_id:
                return ()
            found = content_changes(connection, before, definition.content)
        return tuple(found) or ("its definition has changed",)

    def make(self, making: Making) -> Made:
        """Select the members."""
        score = None
        if self.model and read_tokens(self.budget) is not None:
            project = making.catalog.project
            model = making.state.model(self.model)
            score = project.count(self.source, of=self.tokens, model=model)
        done = making.call(
            select,
            self.method(making.state),
            self.source,
            name=self.name,
            budget=self.budget,
            settings=self.settings,
            seed=self.seed,
            is_superseding=True,
            is_newest=True,
            is_strict=self.is_strict,
            is_gated=self.is_gated,
            is_checked=not self.is_made_for_others,
            group=self.group,
            tokens=score,
            limits=making.state.limits,
        )
        regroup(making.state, self.name, self.group)
        count = rows_and_members(done.n_rows, done.n_members)
        text = f"{done.reference}: {count} of {done.definition.source}"
        warnings = () if isinstance(self.selector, Selector) else done.warnings
        return Made({"reference": done.reference}, text, warnings)

    def estimate(self, state: State) -> Estimate:
        """Return the seconds of the last subset of this name, else of this selector."""
        name = self.selector.name if isinstance(self.selector, Selector) else self.selector
        params = {"name": self.name, "selector": name.rpartition("/")[2].removesuffix(".sql")}
        if not state.store.database.exists():
            return Estimate()
        with state.store.reading() as connection:
            rows = connection.sql(query("projects/selection_seconds"), params=params).fetchall()
        return Estimate(seconds=rows[0][0] if rows else None)
