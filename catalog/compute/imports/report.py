"""Report of an import, and the hash that identifies what was imported."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from catalog.notebook import NotebookResult
from catalog.signals.registry import Signal

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class ImportReport(NotebookResult):
    """Counts of an import, or of a dry run.

    Attributes:
        signal: that is read by its name from now on; of a dry run a new one has the id 0.
        is_new: False if identical values were already imported.
        n_rows: of the file.
        n_with_value: members with a value, those kept from the previous import included.
        n_without_member: rows about no member: of records that were quarantined or folded, or with
            a key that no member has.
        first_without_member: the key of the first of these rows.
        n_members: of the reference.
        n_checkpoints: of losses.
        n_kept: members that the file does not name, with values of the previous import.
        n_lost: members that the file does not name, whose previous losses are at other checkpoints.
        reasons: the number of members without a value, by reason.
        is_dry_run: whether nothing was written.
    """

    signal: Signal
    is_new: bool
    n_rows: int
    n_with_value: int
    n_without_member: int
    n_members: int
    n_checkpoints: int | None = None
    first_without_member: str | None = None
    n_kept: int = 0
    n_lost: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    is_dry_run: bool = False


def digest(*parts: Numbers) -> str:
    """Return the sha256 (hex) of arrays, which distinguishes one publication from another."""
    sha256 = hashlib.sha256()
    for part in parts:
        if part.dtype == object:  # texts
            sha256.update(str(part.tolist()).encode())
        else:
            sha256.update(np.ascontiguousarray(part).tobytes())
    return sha256.hexdigest()
