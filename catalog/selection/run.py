"""Making a selection: from a selector and a pool to the chosen members, in rank order, and what defines them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import duckdb

from catalog.errors import SelectionError
from catalog.query.errors import reported
from catalog.query.executor import Execution, Limits, executing
from catalog.query.planner import Apply, Plan, plan
from catalog.query.provenance import code, macro_code
from catalog.query.session import session
from catalog.query.source_text import SqlText, canonical, quoted
from catalog.query.stream import told_apart
from catalog.query.ties import RULE
from catalog.query.unordered import Finding
from catalog.selection.budget import n_of
from catalog.selection.selector import Selector
from catalog.signals.coverage import PinnedSignals
from catalog.store.queries import query
from catalog.store.references import Reference, resolve
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Definition:
    """Everything that a selection's members follow from.

    Attributes:
        selector: the method.
        reference: the pool or subset at its version.
        n_members: of the reference.
        budget: how many members are asked for.
        asked: the budget as it was asked for, such as ``10%`` or ``all``.
        seed: of every draw.
        given: the values of the selector's ``$parameters``, with ``$budget``, ``$pool`` and ``$seed``.
        content: canonical SQL, parameters, budget, seed, references, signals that are read with their versions, code of the kernels
            and macros, and the number of the rule by which ties are broken.
        planned: what it means: what is chosen reads the very signals that are in the content,
            whatever is written meanwhile.
    """

    selector: Selector
    reference: Reference
    n_members: int
    budget: int
    asked: str
    seed: int
    given: dict[str, Any]
    content: dict[str, Any] = field(default_factory=dict)
    planned: Plan | None = field(default=None, compare=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the plan behind: it holds open functions, and is made again from the content."""
        return self.__dict__ | {"planned": None}

    @property
    def sha256(self) -> str:
        """The hash that decides whether a selection was made already."""
        return definition_sha256(self.content)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what may come out otherwise in another run."""
        return self.planned.findings if self.planned else ()

    @property
    def text(self) -> SqlText:
        """What runs."""
        return SqlText.of(self.selector.text, name=self.selector.file)


@dataclass(frozen=True)
class Chosen:
    """A selection, made.

    Attributes:
        definition: what it follows from.
        members: ``instruction_id``, ``fingerprint`` and ``why`` (JSON text), in rank order.
        shortfall: how many fewer than the budget there are.
        seconds: that it took.
    """

    definition: Definition
    members: pa.Table
    shortfall: int
    seconds: float

    @property
    def sha256(self) -> str:
        """That of the members, in rank order."""
        return members_sha256(self.members["fingerprint"].to_pylist())


def define(
    store: Store,
    selector: Selector,
    *,
    ref: str,
    budget: int | str,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    pins: PinnedSignals | None = None,
    limits: Limits | None = None,
) -> Definition:
    """Plan a selection, which says what it is before it runs.

    Args:
        store: the catalog's files and database.
        selector: the method.
        ref: the pool or subset to choose from.
        budget: how many members: a number, a share such as ``"10%"``, or ``"all"``.
        seed: of every draw.
        settings: values of the selector's parameters; the others have their defaults.
        pins: the signals to read, where an earlier definition says which; else they are found by name.
        limits: what it may take.

    Raises:
        OptionError: the budget or a parameter is out of its range.
        SelectionError: the pool has prompts only, or the selector gives no lasting order.
        ReferenceNotFoundError: no such pool or subset.
        QueryError: the selector's SQL is wrong.
    """
    limits = limits or Limits()
    with session(store, memory=limits.memory, spill=limits.spill) as opened:
        reference = resolve(opened.connection, ref)
        n_members, is_prompts_only = opened.connection.sql(
            query("selection/pool_of"), params=reference.parameters
        ).fetchall()[0]
        if is_prompts_only:
            raise SelectionError(
                f"{reference} has prompts and no responses: nothing can be selected from it to train on"
            )
        n = n_of(budget, n_members, of=str(reference))
        given = selector.values(settings or {}) | {
            "budget": n,
            "seed": seed,
            "pool": str(reference),
        }
        draft = Definition(selector, reference, n_members, n, str(budget).strip(), seed, given)
        with reported(draft.text):
            planned = plan(opened.connection, draft.text, given, is_selection=True, pins=pins)
    return replace(draft, content=_content(draft, planned), planned=planned)


def choose(store: Store, definition: Definition, *, limits: Limits | None = None) -> Chosen:
    """Make a selection.

    Raises:
        SelectionError: the selector's answer is no selection.
        SignalError: a signal that it reads is missing or incomplete.
        InterruptedQueryError: it needs more memory or time than it may have.
    """
    import pyarrow as pa

    started = time.monotonic()
    running = executing(
        store, definition.text, definition.given, limits or Limits(), selection=definition.planned
    )
    with running as execution:
        answer = execution.table(execution.planned.query)
        _check_answer(answer, definition)
        ids = answer["instruction_id"].cast(pa.int64())
        found = _looked_up(execution, definition, ids)
        others = answer.drop_columns(["instruction_id"])
        why = _why(
            execution,
            others.rename_columns(told_apart(others.column_names)),
            file=definition.selector.file,
        )
    members = found.select(["instruction_id", "fingerprint"]).append_column("why", why)
    return Chosen(
        definition, members, definition.budget - members.num_rows, time.monotonic() - started
    )


def definition_sha256(content: Mapping[str, Any]) -> str:
    """Return the hash of a definition's content, without what is kept for the record alone.

    That is the budget as it was asked for, since the members follow from its number; a signal's
    precision, which its identity holds; and its Lance version, since the same signal grows with
    other pools and its vectors stay as they are.
    """
    signals = [
        {key: one[key] for key in one if key not in ("lance_version", "precision")}
        for one in content["signals"]
    ]
    hashed = {key: content[key] for key in content if key != "budget_asked"} | {"signals": signals}
    text = json.dumps(hashed, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def members_sha256(fingerprints: Iterable[str]) -> str:
    """The hash of who was chosen, in which order: over the fingerprints, each with a line feed after it.

    >>> members_sha256(["a", "b"]) == members_sha256(["b", "a"])
    False
    """
    return hashlib.sha256(member_lines(fingerprints)).hexdigest()


def member_lines(fingerprints: Iterable[str]) -> bytes:
    """What `members_sha256` hashes, for those who have the members in parts."""
    return "".join(f"{fingerprint}\n" for fingerprint in fingerprints).encode()


def _content(definition: Definition, planned: Plan) -> dict[str, Any]:
    signals = {
        (
            signal.kind,
            signal.name,
            signal.identity_sha256,
            signal.precision,
            signal.lance_table,
            signal.lance_version,
        )
        for _, resolved in planned.sources
        for signal in resolved.signals
    }
    kernels = [step for step in planned.steps if isinstance(step, Apply)]
    arguments = [
        text for step in kernels for text in (*step.relations.values(), *step.options.values())
    ]
    return {
        "selector": definition.selector.name,
        "sql": canonical(definition.selector.text),
        "parameters": {
            name: value
            for name, value in definition.given.items()
            if name not in ("budget", "seed", "pool")
        },
        "budget": definition.budget,
        "budget_asked": definition.asked,
        "seed": definition.seed,
        "pool": str(definition.reference),
        "references": _references(definition, planned),
        "signals": [
            dict(
                zip(
                    (
                        "kind",
                        "name",
                        "identity_sha256",
                        "precision",
                        "lance_table",
                        "lance_version",
                    ),
                    found,
                    strict=True,
                )
            )
            for found in sorted(signals, key=str)
        ],
        "functions": {step.name: code(step.name) for step in kernels},
        "ties": RULE,
        "macros": macro_code(*(str(text) for text in (planned.query, *arguments))),
    }


def _references(definition: Definition, planned: Plan) -> list[dict[str, Any]]:
    """Return every pool and subset that is read, exactly, with what the text calls it where that is not exact."""
    written: dict[Reference, set[str]] = {definition.reference: set()}
    for _, resolved in planned.sources:
        written.setdefault(resolved.reference, set()).add(resolved.written)
    return [
        {
            "kind": found.kind,
            "reference": str(found),
            "id": found.id,
            "written": sorted(written[found] - {str(found)}),
        }
        for found in sorted(written, key=lambda found: (found.kind, found.name, found.version))
    ]


def _check_answer(answer: pa.Table, definition: Definition) -> None:
    import pyarrow as pa

    file = definition.selector.file
    if "instruction_id" not in answer.column_names:
        raise SelectionError(
            f"{file}: the last SELECT has no instruction_id; it has {', '.join(answer.column_names)}"
        )
    if answer.column_names.count("instruction_id") > 1:
        raise SelectionError(
            f"{file}: the last SELECT has instruction_id more than once: name it once"
        )
    ids = answer["instruction_id"]
    if not pa.types.is_integer(ids.type):
        raise SelectionError(
            f"{file}: instruction_id is of the type {ids.type} in the last SELECT: return it as the pool has it"
        )
    if ids.null_count:
        raise SelectionError(
            f"{file}: {ids.null_count:,} of {len(ids):,} rows have no instruction_id: leave them out with WHERE"
        )
    n_twice = len(ids) - len(ids.unique())
    if n_twice:
        raise SelectionError(
            f"{file}: {n_twice:,} of {len(ids):,} rows repeat an instruction_id: a join has doubled them, or UNION ALL"
        )
    if len(ids) > definition.budget:
        raise SelectionError(
            f"{file}: it gives {len(ids):,} rows for a budget of {definition.budget:,}: end with LIMIT $budget"
        )
    if not len(ids):
        needs = (
            f"; it needs {', '.join(definition.selector.needs)}"
            if definition.selector.needs
            else ""
        )
        raise SelectionError(
            f"{file}: nothing in {definition.reference} is eligible: it gives no row{needs}"
        )


def _looked_up(execution: Execution, definition: Definition, ids: Any) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from catalog.arrow import from_numpy

    reference = definition.reference
    at, session = reference.parameters, execution.session
    session.register(
        "chosen", pa.table({"instruction_id": ids, "rank": from_numpy(np.arange(1, len(ids) + 1))})
    )
    found = execution.watch.run(
        lambda: session.connection.sql(query("selection/chosen"), params=at).to_arrow_table()
    )
    n_outside = len(ids) - found["is_member"].to_pylist().count(True)
    if n_outside:
        raise SelectionError(
            f"{definition.selector.file}: {n_outside:,} of {len(ids):,} rows are no members of {reference}"
        )
    return found


def _why(execution: Execution, columns: pa.Table, *, file: str) -> Any:
    """The selector's other columns, as one JSON object a row."""
    import pyarrow as pa

    if not columns.num_columns:
        return pa.nulls(columns.num_rows, pa.string())
    packed = ", ".join(
        f"{quoted(column.name)} := {_json_value(column)}" for column in columns.schema
    )
    execution.session.register("why", columns)
    sql = f"SELECT CAST(to_json(struct_pack({packed})) AS VARCHAR) AS why FROM why"
    try:
        return execution.watch.run(lambda: execution.session.connection.sql(sql).to_arrow_table())[
            "why"
        ]
    except duckdb.NotImplementedException as error:
        raise SelectionError(
            f"{file}: a column cannot be kept as a member's why: leave it out of the last SELECT ({error})"
        ) from None


def _json_value(column: pa.Field) -> str:
    import pyarrow as pa

    name = quoted(column.name)
    return (
        f"CASE WHEN isfinite({name}) THEN {name} END" if pa.types.is_floating(column.type) else name
    )  # JSON has no NaN
