"""Entries of a project file, ``catalog.yaml``: a class for each section.

Reading, checking, the JSON Schema and the reference page derive from these classes. A field whose
name ends in ``_`` is written without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from catalog.pools.options import ReadOptions
from catalog.project.signal_entries import (
    EmbedEntry,
    GradientsEntry,
    ImportLossesEntry,
    ImportScoresEntry,
    IndexEntry,
    LabelEntry,
    LossesEntry,
    MapEntry,
    ScoreEntry,
    StatesEntry,
)

Scalar = str | int | float | bool
Settings = Mapping[str, Scalar | list[Scalar]]
SignalEntry = (
    EmbedEntry
    | LossesEntry
    | StatesEntry
    | GradientsEntry
    | ScoreEntry
    | LabelEntry
    | MapEntry
    | IndexEntry
    | ImportScoresEntry
    | ImportLossesEntry
)


@dataclass(frozen=True, kw_only=True)
class PoolEntry(ReadOptions):
    """Pool: its files, where they come from, and how they are read.

    Attributes:
        files: files, folders, globs or addresses, relative to the project file; or a file for each
            label, which becomes the source of its records.
        revision: revision of the files; of an address ``hf://datasets/OWNER/NAME/...`` the one that
            is read.
        licence: licence of the data, for the record.
        purpose: ``eval`` for a pool that nothing is selected from.
        force: register the pool even if most records cannot be read.
    """

    shorthand: ClassVar[str] = "files"
    hidden: ClassVar[tuple[str, ...]] = ("layout", "batch_size")

    files: list[str] | dict[str, str]
    revision: str | None = None
    licence: str | None = None
    purpose: Literal["train", "eval"] | None = None
    force: bool = False


@dataclass(frozen=True, kw_only=True)
class SelectionEntry:
    """Selection: one subset, or one for each combination of selectors, budgets, seeds and settings.

    Attributes:
        selector: selectors, each a name or a ``.sql`` file; or the settings of each selector.
        from_: pool or subset to select from, or several with commas.
        budget: numbers of members, shares such as ``10%``, tokens such as ``2Mtok``, or ``all``.
        seed: random seeds.
        set_: values of the selectors' parameters.
        where: SQL condition on columns of the pool and scores, which members must meet.
        clean_of: pools of test items; members that share 13 words in a row with one are left out.
        gate: refuse members that share 13 words in a row with a pool for evaluation.
        model: model whose tokenizer counts, for a budget in tokens.
        tokens: tokens that count, under the model's chat template.
        group: name of a group that the subsets belong to.
        strict: refuse a selector whose members can differ from run to run.
    """

    selector: list[str] | dict[str, Settings]
    from_: str
    budget: list[str]
    seed: list[int] = field(default_factory=lambda: [0])
    set_: Settings = field(default_factory=dict)
    where: str | None = None
    clean_of: list[str] = field(default_factory=list)
    gate: bool = False
    model: str | None = None
    tokens: Literal["total", "response"] = "total"
    group: str | None = None
    strict: bool = False


@dataclass(frozen=True, kw_only=True)
class MixtureEntry:
    """Mixture: one subset, or one for each combination of budgets, seeds and sizes of parts.

    Attributes:
        parts: sizes of each pool, subset or ``REF:SELECTOR``: a share such as ``40%``, rows,
            tokens such as ``2Mtok``, ``all`` or ``rest``; ``*3`` lets a member stand three times.
        budget: rows such as ``5000``, tokens such as ``20Mtok``, or ``all``.
        cap: most that the rows of one value may be, such as ``source=25%``.
        seed: random seeds.
        clean_of: pools of test items; members that share 13 words in a row with one are left out.
        gate: refuse members that share 13 words in a row with a pool for evaluation.
        model: model whose tokenizer counts, for sizes in tokens.
        tokens: tokens that count, under the model's chat template.
        group: name of a group that the subsets belong to.
    """

    parts: dict[str, list[str]]
    budget: list[str]
    cap: list[str] = field(default_factory=list)
    seed: list[int] = field(default_factory=lambda: [0])
    clean_of: list[str] = field(default_factory=list)
    gate: bool = False
    model: str | None = None
    tokens: Literal["total", "response"] = "total"
    group: str | None = None


@dataclass(frozen=True, kw_only=True)
class SplitEntry:
    """Split of a pool or subset into subsets ``NAME.PART`` that share no group of members.

    Attributes:
        from_: pool or subset to split.
        by: what makes groups: ``near_duplicates=THRESHOLD``, ``source``, ``labels``, or a key of
            the metadata.
        into: size of each part: a number, a share such as ``10%``, or ``rest``.
        stratify: ``source`` or ``labels``, whose shares every part keeps.
        clean_of: pools of test items; members that share 13 words in a row with one are left out.
        seed: random seed of the split.
    """

    from_: str
    by: str
    into: dict[str, str]
    stratify: str | None = None
    clean_of: list[str] = field(default_factory=list)
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class ExportEntry:
    """Export of a pool or subset; its key is the path, relative to the project file.

    Attributes:
        from_: pool or subset to write.
        format: format of the export; by default the one of the path's suffix, else jsonl.
        name: name of the data in a trainer's folder; by default the pool's or subset's.
        allow_lossy: write the export even if the format cannot hold everything.
        overwrite: replace a file that no build wrote.
    """

    shorthand: ClassVar[str] = "from"

    from_: str
    format: str | None = None
    name: str | None = None
    allow_lossy: bool = False
    overwrite: bool = False


@dataclass(frozen=True, kw_only=True)
class Sections:
    """Project: pools, signals, selections, mixtures, splits, exports and tests.

    Attributes:
        pools: pools by name.
        signals: signals to compute or import, each with its pools.
        selections: selections by the name of the subset; of several subsets by a template such as
            ``s2l-b{budget}-s{seed}``.
        mixtures: mixtures by the name of the subset, or by a template such as ``mix-{gsm8k}``.
        splits: splits by the beginning of the subsets' names.
        exports: exports by path.
        tests: files of SQL, relative to the project file, whose queries must return no row.
    """

    pools: dict[str, PoolEntry] = field(default_factory=dict)
    signals: list[SignalEntry] = field(default_factory=list)
    selections: dict[str, SelectionEntry] = field(default_factory=dict)
    mixtures: dict[str, MixtureEntry] = field(default_factory=dict)
    splits: dict[str, SplitEntry] = field(default_factory=dict)
    exports: dict[str, ExportEntry] = field(default_factory=dict)
    tests: list[str] = field(default_factory=lambda: ["tests/*.sql"])
