"""Database-backed catalog for supervised-fine-tuning data.

It holds pools of instructions, signals about them, selections as SQL, and versioned subsets.

>>> from catalog import Catalog
>>> Catalog.open("somewhere").store.path.name
'somewhere'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from catalog.errors import (
    AmbiguousSignalError,
    CatalogError,
    CorruptError,
    DamageError,
    EngineError,
    ForbiddenQueryError,
    HeaderError,
    HomeNotFoundError,
    InterruptedQueryError,
    Location,
    LockedError,
    LossyExportError,
    MemoryLimitError,
    MigrationError,
    ModelNotFoundError,
    MostlyRemovedError,
    MostlyUnreadableError,
    NotFoundError,
    OptionError,
    QueryError,
    ReferenceNotFoundError,
    SelectionError,
    SelectorNotFoundError,
    SignalError,
    SourceError,
    StorageError,
    UsageError,
)

if TYPE_CHECKING:
    from catalog.catalog import Catalog
    from catalog.compute.imports.report import ImportReport
    from catalog.compute.index import IndexReport
    from catalog.compute.losses.train import TrainedLosses
    from catalog.compute.scores import Scoring
    from catalog.compute.scores.saved import AddedScore
    from catalog.compute.search import SearchResult
    from catalog.compute.shard_runner import ComputeReport
    from catalog.export import Exported
    from catalog.maintenance.database_doctor import Issue
    from catalog.maintenance.gc import GcReport
    from catalog.pools.register import Registration
    from catalog.pools.restore import Restoration
    from catalog.pools.versions import Description, Diff
    from catalog.query.added_kernels import AddedKernel, ListedKernel
    from catalog.query.functions import FunctionDescription
    from catalog.selection.explain import Explanation
    from catalog.selection.saved import AddedSelector
    from catalog.selection.selector import Selector
    from catalog.store.references import Reference
    from catalog.subsets.compare import Comparison
    from catalog.subsets.describe import SubsetDescription
    from catalog.subsets.select import Selected
    from catalog.subsets.verify import Verification
    from catalog.why.selected import Why

__all__ = [
    "AddedKernel",
    "AddedScore",
    "AddedSelector",
    "AmbiguousSignalError",
    "Catalog",
    "CatalogError",
    "Comparison",
    "ComputeReport",
    "CorruptError",
    "DamageError",
    "Description",
    "Diff",
    "EngineError",
    "Explanation",
    "Exported",
    "ForbiddenQueryError",
    "FunctionDescription",
    "GcReport",
    "HeaderError",
    "HomeNotFoundError",
    "ImportReport",
    "IndexReport",
    "InterruptedQueryError",
    "Issue",
    "ListedKernel",
    "Location",
    "LockedError",
    "LossyExportError",
    "MemoryLimitError",
    "MigrationError",
    "ModelNotFoundError",
    "MostlyRemovedError",
    "MostlyUnreadableError",
    "NotFoundError",
    "OptionError",
    "QueryError",
    "Reference",
    "ReferenceNotFoundError",
    "Registration",
    "Restoration",
    "Scoring",
    "SearchResult",
    "Selected",
    "SelectionError",
    "Selector",
    "SelectorNotFoundError",
    "SignalError",
    "SourceError",
    "StorageError",
    "SubsetDescription",
    "TrainedLosses",
    "UsageError",
    "Verification",
    "Why",
]

_MODULES = {
    "AddedKernel": "catalog.query.added_kernels",
    "AddedScore": "catalog.compute.scores.saved",
    "AddedSelector": "catalog.selection.saved",
    "Catalog": "catalog.catalog",
    "Comparison": "catalog.subsets.compare",
    "ComputeReport": "catalog.compute.shard_runner",
    "Description": "catalog.pools.versions",
    "Diff": "catalog.pools.versions",
    "Explanation": "catalog.selection.explain",
    "Exported": "catalog.export",
    "FunctionDescription": "catalog.query.functions",
    "GcReport": "catalog.maintenance.gc",
    "ImportReport": "catalog.compute.imports.report",
    "IndexReport": "catalog.compute.index",
    "Issue": "catalog.maintenance.database_doctor",
    "ListedKernel": "catalog.query.added_kernels",
    "Reference": "catalog.store.references",
    "Registration": "catalog.pools.register",
    "Restoration": "catalog.pools.restore",
    "Scoring": "catalog.compute.scores",
    "SearchResult": "catalog.compute.search",
    "Selected": "catalog.subsets.select",
    "Selector": "catalog.selection.selector",
    "SubsetDescription": "catalog.subsets.describe",
    "TrainedLosses": "catalog.compute.losses.train",
    "Verification": "catalog.subsets.verify",
    "Why": "catalog.why.selected",
}
"""Where the names live that are imported when they are first asked for."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
