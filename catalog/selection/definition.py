"""Definition of a selection: everything that its members follow from, and its plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.errors import OptionError
from catalog.query.errors import reported
from catalog.query.executor import Limits
from catalog.query.finding import Finding
from catalog.query.kernels import kernels_of
from catalog.query.plan import Plan
from catalog.query.planner import plan
from catalog.query.provenance import kernel_identity, kernel_sha256, macro_sha256
from catalog.query.session import session
from catalog.query.source_text import SourceText
from catalog.query.ties import RULE
from catalog.query.tokens import canonical
from catalog.selection.budget import n_of
from catalog.selection.selectable import check_columns, n_selectable, require_selectable
from catalog.selection.selector import Selector
from catalog.selection.targets import require_one_encoder, resolve_targets, target_records
from catalog.selection.token_score import TokenBudget, TokenScore, token_budget
from catalog.signals.coverage import Coverage, PinnedSignals
from catalog.store.references import (
    Reference,
    listed_references,
    resolve_all,
)
from catalog.store.store import Store

PROVIDED = ("budget", "seed", "pool")  # parameters with a place of their own in a definition

RECORDED = ("budget_asked", "kernel_sha256")
"""Keys of a definition's content that its hash leaves out."""


@dataclass(frozen=True)
class Definition:
    """Everything that a selection's members follow from.

    Attributes:
        selector: the method.
        references: the pools and subsets at their versions.
        n_members: the number of their members.
        budget: the number of members to select.
        asked: the budget as it was asked for, such as ``10%`` or ``all``.
        seed: the random seed for all sampling.
        given: the values of the selector's ``$parameters``, with ``$budget``, ``$pool`` and
            ``$seed``.
        content: canonical SQL, parameters, budget, seed, references, the signals and marks that are
            read with their versions, the code of the kernels and macros, and the number of the rule
            that breaks ties.
        planned: its plan. It reads the very signals of the content, whatever is written meanwhile.
        tokens: a budget in tokens, which cuts the answer of the text.
    """

    selector: Selector
    references: tuple[Reference, ...]
    n_members: int
    budget: int
    asked: str
    seed: int
    given: dict[str, Any]
    content: dict[str, Any] = field(default_factory=dict)
    planned: Plan | None = field(default=None, compare=False, repr=False)
    tokens: TokenBudget | None = field(default=None, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the plan out: it holds open functions, and is made again from the content."""
        return self.__dict__ | {"planned": None}

    @property
    def source(self) -> str:
        """Return what is selected from: ``name@version``, or several of these with commas."""
        return listed_references(self.references)

    @property
    def selectable(self) -> tuple[Reference, ...]:
        """Return the pools and subsets whose members can be selected, each once, in their order.

        Those are the sources, and what the text reads by ``pools(...)``.
        """
        read = self.planned.sources if self.planned else ()
        others = [each for _, found in read if found.is_selectable for each, _ in found.references]
        return tuple(dict.fromkeys((*self.references, *others)))

    @property
    def sha256(self) -> str:
        """Return the hash that tells whether a selection exists already."""
        return definition_sha256(self.content)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what may differ in another run."""
        return self.planned.findings if self.planned else ()

    @property
    def text(self) -> SourceText:
        """Return the text that runs."""
        return SourceText.of(
            self.selector.text, name=self.selector.file, inserts=self.selector.inserts
        )


def define(
    store: Store,
    selector: Selector,
    *,
    ref: str,
    budget: int | str,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    pins: PinnedSignals | None = None,
    tokens: TokenScore | None = None,
    limits: Limits | None = None,
) -> Definition:
    """Plan a selection; its definition is known before it runs.

    Args:
        store: the catalog's files and database.
        selector: the method.
        ref: the pool or subset to select from; several with commas, for a text that reads
            ``pools($pool)``.
        budget: how many members: a number, a share such as ``"10%"``, or ``"all"``; or how many
            tokens, such as ``"2Mtok"``.
        seed: the random seed for all sampling.
        settings: values of the selector's parameters; the others have their defaults.
        pins: the signals to read, if an earlier definition says which; else they are found by name.
        tokens: the score that counts tokens, for a budget in tokens.
        limits: the memory and time that it may take.

    Raises:
        OptionError: the budget or a parameter is out of its range, or the seed is no whole number.
        SelectionError: the pool has prompts only, the order is not reproducible, or the answer has
            no usable instruction_id.
        ReferenceNotFoundError: no such pool or subset.
        QueryError: the selector's SQL is wrong.
    """
    if not isinstance(seed, int):
        raise OptionError(f"seed: expected a whole number, got {seed!r}")
    limits = limits or Limits()
    kept: dict[str, Any] = {"spill": limits.spill, "use_cache": limits.use_cache}
    with session(store, memory=limits.memory, **kept) as opened:
        references = resolve_all(opened.connection, ref)
        n_members = n_selectable(opened.connection, references)
        by_tokens = token_budget(opened.connection, references, str(budget), tokens)
        n = n_of(
            by_tokens.n_members if by_tokens else budget,
            n_members,
            of=listed_references(references),
        )
        provided = {"budget": n, "seed": seed, "pool": listed_references(references)}
        values = selector.values(settings or {})
        targets = resolve_targets(opened.connection, selector, values)
        given = values | {name: str(target) for name, target in targets.items()} | provided
        draft = Definition(selector, references, n_members, n, str(budget).strip(), seed, given)
        with reported(draft.text):
            planned = plan(
                opened.connection,
                draft.text,
                given,
                is_selection=True,
                pins=pins,
                kernels=kernels_of(store),
            )
        records = target_records(opened.connection, targets)
        draft = replace(draft, planned=planned, tokens=by_tokens)
        for other in draft.selectable[len(references) :]:
            require_selectable(opened.connection, other)
    require_one_encoder(planned, targets)
    check_columns(planned, file=selector.file)
    return replace(draft, content=_content(draft, planned, records))


def definition_sha256(content: Mapping[str, Any]) -> str:
    """Return the hash of a definition's content, without what is kept for the record alone.

    That is the budget as it was asked for, since the members follow from its number; the hashes of
    kernels' code, since their versions decide; a signal's precision, which its identity holds; and
    its Lance version, since the same signal grows with other pools and its vectors stay as they
    are.
    """
    signals = [
        {key: signal[key] for key in signal if key not in ("lance_version", "precision")}
        for signal in content["signals"]
    ]
    hashed = {key: content[key] for key in content if key not in RECORDED} | {"signals": signals}
    text = json.dumps(hashed, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _content(
    definition: Definition, planned: Plan, targets: Mapping[Reference, dict[str, Any]]
) -> dict[str, Any]:
    given = definition.given
    kernels = planned.kernels
    by_tokens = definition.tokens
    in_tokens = {"tokens": by_tokens.as_content()} if by_tokens else {}
    return (
        in_tokens
        | {
            "selector": definition.selector.name,
            "sql": canonical(definition.selector.text),
            "parameters": {name: given[name] for name in given if name not in PROVIDED},
            "budget": definition.budget,
            "budget_asked": definition.asked,
            "seed": definition.seed,
            "pool": definition.source,
            "references": _references(definition, planned, targets),
            "signals": _signals(planned, [by_tokens.signal] if by_tokens else []),
            "functions": {step.name: kernel_identity(step.kernel) for step in kernels},
            "kernel_sha256": {step.name: kernel_sha256(step.kernel) for step in kernels},
            "ties": RULE,
            "macros": macro_sha256(*map(str, planned.texts)),
        }
        | _marks(planned)
    )


def _marks(planned: Plan) -> dict[str, Any]:
    """Return the newest change of marks that is read of each reference, if any are read."""
    changes = {
        str(resolved.reference): resolved.marks
        for _, resolved in planned.sources
        if resolved.marks is not None
    }
    return {"marks": changes} if changes else {}


def _signals(planned: Plan, others: Sequence[Coverage]) -> list[dict[str, Any]]:
    """Return the signals that a plan reads, and others, each once, in a lasting order."""
    read = [signal for _, resolved in planned.sources for signal in resolved.signals]
    read += others
    by_values = {tuple(_signal(signal).values()): _signal(signal) for signal in read}
    return [by_values[values] for values in sorted(by_values, key=str)]


def _signal(signal: Coverage) -> dict[str, Any]:
    return {
        "kind": signal.kind,
        "name": signal.name,
        "identity_sha256": signal.identity_sha256,
        "precision": signal.precision,
        "lance_table": signal.lance_table,
        "lance_version": signal.lance_version,
    }


def _references(
    definition: Definition, planned: Plan, targets: Mapping[Reference, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return every pool and subset that is read, exactly, with its other names in the text."""
    written: dict[Reference, set[str]] = {each: set() for each in definition.references}
    written |= {target: set() for target in targets if target not in written}
    for _, resolved in planned.sources:
        for reference, text in resolved.references:
            written.setdefault(reference, set()).add(text)
    return [
        {
            "kind": reference.kind,
            "reference": str(reference),
            "id": reference.id,
            "written": sorted(written[reference] - {str(reference)}),
        }
        | targets.get(reference, {})
        for reference in sorted(written, key=lambda item: (item.kind, item.name, item.version))
    ]
