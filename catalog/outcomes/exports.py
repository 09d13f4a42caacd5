"""Export a pool or subset, and record what was written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError, OptionError
from catalog.export import Exported, export, folder_formats
from catalog.messages import argument
from catalog.store.file_systems import is_url
from catalog.store.folders import Folder, folder_at
from catalog.store.queries import query
from catalog.store.references import Reference, resolve
from catalog.store.store import Store
from catalog.subsets.order import order_matters

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 10_000


def export_reference(
    store: Store,
    text: str,
    path: str,
    *,
    format: str | None = None,
    name: str | None = None,
    allow_lossy: bool = False,
    overwrite: bool = False,
) -> Exported:
    """Write a pool or subset for a trainer, and record the export once its files are complete.

    An export is recorded also if it went to standard output. It stays recorded when its pool or
    subset is dropped. A catalog that cannot be written exports too; ``not_recorded`` of the answer
    is the reason.

    Args:
        store: the catalog's files and database.
        text: the pool or subset.
        path: as `catalog.export.export` takes it, ``-`` for standard output; or the URL of one
            file, such as ``s3://bucket/train.jsonl``.
        format: the name of the format; None chooses that of the path.
        name: the name of the data in a trainer's folder; None takes that of the pool or subset.
        allow_lossy: write what the format can hold of every instruction.
        overwrite: replace existing files.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        OptionError: as `catalog.export.export`; or a name for a format that writes no folder.
        LossyExportError: the format cannot hold some instructions.
    """
    if name and format not in folder_formats():
        folders = " or ".join(folder_formats())
        raise OptionError(
            f"{argument('name', name)} is the data set's name in a trainer's folder: leave it "
            f"out, or use {argument('format', flag='--format')} {folders}"
        )
    with store.reading() as connection:
        found = resolve(connection, text)

        def batches() -> pa.RecordBatchReader:
            rows = connection.sql(query("export/records"), params=found.parameters)
            return rows.to_arrow_reader(BATCH)

        with _written(path, overwrite=overwrite) as target:
            exported = export(
                batches,
                format=format,
                path=target,
                name=name or found.name,
                reference=str(found),
                order_matters=order_matters(connection, found),
                media_folder=store.media,
                allow_lossy=allow_lossy,
                overwrite=overwrite,
                store=store,
            )
    if is_url(path):
        exported = replace(exported, files=(path,))
    options = {"name": name, "allow_lossy": allow_lossy}
    try:
        _record(store, found, exported, path=path, options=options)
    except (CatalogError, OSError) as error:  # what was asked for is done
        return replace(exported, not_recorded=str(error))
    return exported


@contextmanager
def _written(path: str, *, overwrite: bool) -> Iterator[Path | str]:
    """Yield where to write; what is meant for a URL is brought there when it is whole.

    Raises:
        OptionError: the URL has a file, or what was written is a folder.
    """
    if not is_url(path):
        yield "-" if path == "-" else Path(path)
        return
    place, _, name = path.rpartition("/")
    folder = folder_at(place)
    if (folder / name).is_file() and not overwrite:
        overwriting = argument("overwrite", True)
        raise OptionError(f"{path} exists: choose another address, or add {overwriting}")
    with TemporaryDirectory(prefix="catalog-") as scratch:
        file = Path(scratch) / name
        yield file
        if not file.is_file():
            raise OptionError(f"{path}: this format writes a folder: name one of this machine")
        folder.copy_in(Folder(str(file)), name)


def _record(
    store: Store,
    reference: Reference,
    exported: Exported,
    *,
    path: str,
    options: Mapping[str, Any],
) -> None:
    paths = [_whole(file) for file in exported.files] or [path]
    files = [
        {"path": file, "sha256": sha256}
        for file, sha256 in zip(paths, exported.sha256, strict=True)
    ]
    row = {
        "name": reference.name,
        "format": exported.format,
        "path": path if path == "-" else _whole(path),
        "options": json.dumps(options),
        "files": json.dumps(files, ensure_ascii=False),
        "n_rows": exported.n_rows,
        "members_sha256": exported.members_sha256,
    }
    with store.writing() as connection:
        connection.execute(query("outcomes/add_export"), reference.parameters | row)


def _whole(file: Path | str) -> str:
    return str(file) if is_url(str(file)) else str(Path(file).absolute())
