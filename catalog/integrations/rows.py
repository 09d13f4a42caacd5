"""The members of a pool or subset, copied once into a file that every process maps.

A training run may last for days: it holds no connection, so that no writer waits for it, and what
others write meanwhile changes no row of it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import weakref
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.arrow import from_numpy
from catalog.errors import UsageError
from catalog.models.supervised import Supervised, supervise
from catalog.models.template import Template
from catalog.models.training_turns import turns_of
from catalog.selection.run import member_lines
from catalog.store.queries import query

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.store.references import Reference
    from catalog.store.store import Store

AT_ONCE = 4096
"""Rows of a batch of the file."""

Places = np.ndarray[Any, np.dtype[np.int64]]


class Rows:
    """The rows of one version, by their place in its order.

    Args:
        store: the catalog's files and database.
        reference: the version.

    Raises:
        UsageError: some rows have media, which tokens of text leave out.
    """

    def __init__(self, store: Store, reference: Reference) -> None:
        self.reference = str(reference)
        folder = tempfile.mkdtemp(prefix="catalog-rows-")
        weakref.finalize(self, _remove, folder, os.getpid())
        self._file = Path(folder) / "rows.arrow"
        self._copy(store, reference)
        self._opened: tuple[int, pa.Table] | None = None
        self._n_rows = int(self.table.num_rows)

    def _copy(self, store: Store, reference: Reference) -> None:
        import pyarrow as pa

        n_media = 0
        with store.reading() as connection:
            rows = connection.sql(query("training/rows"), params=reference.parameters)
            reader = rows.to_arrow_reader(AT_ONCE)
            with pa.ipc.new_file(self._file, reader.schema) as file:
                for batch in reader:
                    n_media += batch.column("has_media").true_count
                    file.write_batch(batch)
        if n_media:
            raise UsageError(
                f"{n_media:,} rows of {self.reference} have media, and SubsetDataset reads text "
                "only: select rows without media, or export to a trainer that reads them"
            )

    def __len__(self) -> int:
        return self._n_rows

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_opened": None}

    @property
    def table(self) -> pa.Table:
        """Return the rows: fingerprint, messages, system and tools, mapped from the file."""
        import pyarrow as pa

        if self._opened is None or self._opened[0] != os.getpid():
            mapped = pa.memory_map(str(self._file))
            self._opened = (os.getpid(), pa.ipc.open_file(mapped).read_all())
        return self._opened[1]

    def sha256(self) -> str:
        """Return the hash of the members; see `catalog.selection.run.members_sha256`."""
        hashed = hashlib.sha256()
        for chunk in self.table["fingerprint"].chunks:
            hashed.update(member_lines(chunk.to_pylist()))
        return hashed.hexdigest()

    def shuffled(self, seed: str) -> Places:
        """Return the places in the order of the SQL macro `shuffle_key` with a seed."""
        keys = [
            hashlib.md5(f"{fingerprint}:{seed}".encode(), usedforsecurity=False).digest()
            for fingerprint in self.table["fingerprint"].to_pylist()
        ]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)

    def tokens(
        self, places: Places, *, tokenizer: Any, template: Template, max_length: int
    ) -> list[Supervised]:
        """Return rows as tokens; see `catalog.models.supervised.supervise`."""
        taken = self.table.take(from_numpy(places))
        names = ("messages", "system", "tools")
        columns = (_messages(taken["messages"]), *(taken[name].to_pylist() for name in names[1:]))
        rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
        turns = [turns_of(row, template) for row in rows]
        return supervise(turns, tokenizer=tokenizer, template=template, max_length=max_length)


def _messages(column: pa.ChunkedArray) -> list[list[dict[str, Any]]]:
    """Return a column of conversations as Python's values, field by field, which is faster."""
    lists = column.combine_chunks()
    messages = lists.flatten()
    names = [field.name for field in messages.type]
    fields = [field.to_pylist() for field in messages.flatten()]
    found = iter([dict(zip(names, values, strict=True)) for values in zip(*fields, strict=True)])
    return [list(islice(found, n)) for n in lists.value_lengths().to_pylist()]


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # a worker that was forked ends earlier
        shutil.rmtree(folder, ignore_errors=True)
