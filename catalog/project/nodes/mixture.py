"""Node of a mixture: mixed again if its sizes, its sources or the selectors of its parts change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar

from catalog.messages import quantity, rows_and_members
from catalog.project.nodes.groups import group_changes, regroup
from catalog.project.nodes.node import NOT_BUILT, Made, Making, Node, State, changes
from catalog.query.tokens import canonical
from catalog.selection.selector import find_selector
from catalog.store.queries import query


@dataclass(frozen=True, kw_only=True)
class MixtureNode(Node):
    """Mixture of a project.

    Attributes:
        parts: the size of each ``REF`` or ``REF:SELECTOR``.
        budget: as written.
        caps: such as ``source=25%``.
        seed: random seed.
        tokens: what a model counts.
        model: whose tokenizer counts; None where sizes are in rows.
        group: of subsets that it belongs to, when it is made.
        is_gated: whether members that share words with a pool for evaluation are refused.
    """

    kind: ClassVar[str] = "mixture"
    parts: tuple[tuple[str, str], ...]
    budget: str
    caps: tuple[str, ...]
    seed: int
    tokens: str
    model: str | None
    group: str | None = None
    is_gated: bool = False

    @property
    def makes(self) -> str:
        """Return the subset's name."""
        return self.name

    @property
    def selectors(self) -> tuple[str, ...]:
        """Return the selectors of its parts."""
        return tuple(part.partition(":")[2] for part, _ in self.parts if ":" in part)

    def inputs(self, state: State) -> dict[str, Any]:
        """Return its sizes, the versions of its sources, and what its selectors read."""
        found = {
            "parts": dict(self.parts),
            "budget": self.budget,
            "caps": list(self.caps),
            "seed": self.seed,
            "tokens": self.tokens if self.model else None,
            "model": self.model,
            "tokenizer": self._tokenizer(state),
            "sources": {name: str(state.newest(name)) for name in self.reads},
        }
        if self.selectors:
            found |= {"selectors": self._texts(state), "signals": self._signals(state)}
        return found

    def _tokenizer(self, state: State) -> dict[str, Any] | None:
        """Return the hashes of the tokenizer that counts; None without one."""
        if self.model is None:
            return None
        from catalog.project.counted import tokenizer_of

        return tokenizer_of(state.store, state.model(self.model))

    def check(self, state: State) -> tuple[str, ...]:
        """Return what has changed since it was mixed."""
        record, newest = state.records.get(self.id), state.newest(self.name)
        if record is None or newest is None:
            return (NOT_BUILT,)
        found = changes(record.inputs, self.inputs(state))
        found += group_changes(state, self.name, self.group)
        built = record.result["reference"]
        if str(newest) != built or newest.id != record.result["id"]:
            found.append(f"{newest} is not what was built, {built}")
        return tuple(found)

    def make(self, making: Making) -> Made:
        """Mix the pools and subsets."""
        done = making.catalog.project.mix(
            name=self.name,
            parts=[f"{self._located(making.state, part)}={size}" for part, size in self.parts],
            budget=self.budget,
            caps=self.caps,
            seed=self.seed,
            tokens=self.tokens,
            model=making.state.model(self.model) if self.model else None,
            group=self.group,
            is_newest=True,
            gate=self.is_gated,
        )
        regroup(making.state, self.name, self.group)
        found = making.state.newest(self.name)
        result = {"reference": done.reference, "id": found.id if found else None}
        text = f"{done.reference}: {rows_and_members(done.n_rows, done.n_members)}"
        if done.unit == "tokens":
            text += f", {quantity(done.achieved, 'token')}"
        short = tuple(f"{part.part} ran out" for part in done.parts if part.ran_out)
        return Made(result, text, (*short, *done.warnings))

    def _located(self, state: State, part: str) -> str:
        """Return a part; the file of its selector from the project's folder."""
        name, _, selector = part.partition(":")
        if selector.endswith(".sql"):
            return f"{name}:{state.folder / selector}"
        return part

    def _texts(self, state: State) -> dict[str, str]:
        names = {name: self._located(state, f":{name}")[1:] for name in self.selectors}
        return {
            name: _sha256(canonical(find_selector(state.store, path).text))
            for name, path in names.items()
        }

    def _signals(self, state: State) -> str:
        """Return a hash of the signals that selectors may read, in their order."""
        with state.store.reading() as connection:
            rows = connection.sql(query("projects/signals")).fetchall()
        return _sha256(repr(rows))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
