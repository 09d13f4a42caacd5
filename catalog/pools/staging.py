"""Stage a load as Parquet in the scratch folder, so that its commit is short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from catalog.pools.read_batches import INSTRUCTIONS, QUARANTINE, Batch
from catalog.store.scratch import scratch_folder


@dataclass
class Staging:
    """Two Parquet files that grow batch by batch: instructions and quarantined records."""

    folder: Path
    n_instructions: int = 0
    n_quarantined: int = 0
    has_media_files: bool = False
    _writers: dict[str, pq.ParquetWriter] = field(default_factory=dict)

    @property
    def instructions(self) -> Path:
        """Return the Parquet file of the instructions; its schema is ``INSTRUCTIONS``."""
        return self.folder / "instructions.parquet"

    @property
    def quarantine(self) -> Path:
        """Return the Parquet file of the quarantined records; its schema is ``QUARANTINE``."""
        return self.folder / "quarantine.parquet"

    @property
    def media(self) -> Path:
        """Return the folder of the embedded media."""
        return self.folder / "media"

    def add(self, batch: Batch) -> None:
        """Write one batch."""
        self._writers["instructions"].write_batch(batch.instructions)
        self._writers["quarantine"].write_batch(batch.quarantine)
        self.n_instructions += batch.instructions.num_rows
        self.n_quarantined += batch.quarantine.num_rows
        self.has_media_files |= (
            batch.instructions["media_files"].null_count < batch.instructions.num_rows
        )

    def open(self) -> None:
        """Make both files."""
        for name, path, schema in (
            ("instructions", self.instructions, INSTRUCTIONS),
            ("quarantine", self.quarantine, QUARANTINE),
        ):
            self._writers[name] = pq.ParquetWriter(
                path, schema, compression="lz4", use_dictionary=False, write_statistics=False
            )

    def close(self) -> None:
        """Finish both files, so that they can be read."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


@contextmanager
def staging(scratch: Path) -> Iterator[Staging]:
    """Yield a staging folder that the end of the block deletes and `gc` keeps until then."""
    with scratch_folder(scratch, "register") as folder:
        staged = Staging(folder)
        try:
            staged.open()
            yield staged
        finally:
            staged.close()
