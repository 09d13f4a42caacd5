"""Compaction: many small files of a vector table become a few large ones.

A commit adds at least one file, and opening a table costs time for each of its files. The rows, and
so the hashes of shards, stay as they are.
"""

from __future__ import annotations

from typing import Any

from catalog.store import vectors
from catalog.store.paths import CatalogPaths

SMALL = 32 * 2**20  # bytes; a larger file stays as it is
MANY = 64  # small files that a table may have
TARGET = 256 * 2**20  # bytes of a file that small ones become
MOST_ROWS = 2**20  # of such a file


def compact(paths: CatalogPaths, table: str) -> bool:
    """Merge the small files of a table if it has many, and return whether it has a new version.

    The files of before stay until `catalog gc`. Call it under the signal's lock.
    """
    if not vectors.exists(paths, table):
        return False
    opened = vectors.dataset(paths, table)
    sizes = [_size(fragment) for fragment in opened.get_fragments()]
    if sum(size < SMALL for size, _ in sizes) < MANY:
        return False
    n_bytes, n_rows = (sum(column) for column in zip(*sizes, strict=True))
    target = min(MOST_ROWS, max(1, TARGET * n_rows // max(1, n_bytes)))
    with vectors.reporting_damage(paths, table):
        opened.optimize.compact_files(target_rows_per_fragment=target)
    return True


def _size(fragment: Any) -> tuple[int, int]:
    """Return the bytes and rows of a fragment."""
    metadata = fragment.metadata
    return sum(file.file_size_bytes or 0 for file in metadata.files), metadata.physical_rows
