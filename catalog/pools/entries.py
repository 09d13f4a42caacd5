"""Entries of a file that describes datasets.

The file is LLaMA-Factory's dataset_info.json, or an axolotl YAML with ``datasets:``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from catalog.errors import OptionError, SourceError
from catalog.messages import argument, listed
from catalog.pools.axolotl import axolotl
from catalog.pools.llamafactory import LOCATIONS, llamafactory
from catalog.pools.options import ReadOptions
from catalog.pools.readers.frames import Frame
from catalog.pools.readers.yaml_items import loaded
from catalog.pools.reasons import Rejection
from catalog.pools.sources import unreadable

INFO = "dataset_info.json"
_MAX_BYTES = 16 * 2**20


def described(value: Any) -> str | None:
    """Return the message for a document that describes datasets, or None for any other.

    >>> described({"mine": {"file_name": "mine.json"}, "other": {"hf_hub_url": "x/y"}})
    "it describes 2 datasets and holds no records: choose one (entry='mine') of mine, other"
    """
    index = _index(value)
    if index is None:
        return None
    count = f"{len(index):,} dataset{'s' if len(index) != 1 else ''}"
    option = argument("entry", next(iter(index)))
    return f"it describes {count} and holds no records: choose one ({option}) of {listed(index)}"


def with_entry(
    sources: Sequence[str | Frame], options: ReadOptions, *, entry: str
) -> tuple[list[str | Frame], ReadOptions]:
    """Return the files of one entry, and the options with its column names.

    Args:
        sources: one file that describes datasets, or the folder of a dataset_info.json.
        options: the options to change.
        entry: the entry's name; for axolotl its path, or its number from 1.

    Raises:
        OptionError: another option also states how to read the records.
        SourceError: there is no such file or entry, or no local file of the entry.
    """
    if len(sources) != 1:
        raise OptionError(
            f"an entry needs one file that describes datasets, got {len(sources)} sources"
        )
    if options.fields or options.format != "auto":
        raise OptionError(
            "an entry states how records are read: leave out the fields and the format"
        )
    if not isinstance(sources[0], str):
        raise OptionError("an entry needs a file that describes datasets, got a frame")
    path = Path(sources[0]).expanduser()
    path = path / INFO if path.is_dir() else path
    index = _index(_document(path))
    if index is None:
        raise _no_description(path)
    numbered = dict(enumerate(index.values(), 1))
    item = index.get(entry)
    if item is None and entry.isdecimal():
        item = numbered.get(int(entry))
    if item is None:
        raise SourceError(
            f"{path} has no entry {entry}; expected one of {listed(index)}", reason="not_found"
        )
    translate = llamafactory if any(key in item for key in LOCATIONS) else axolotl
    files, changes = translate(item, folder=path.parent, name=f"{path}, entry {entry}")
    return [*files], replace(options, entry=entry, **changes)


def _index(value: Any) -> dict[str, dict[str, Any]] | None:
    """Return a document's entries by name, or None if it describes no datasets."""
    if not isinstance(value, Mapping) or not value:
        return None
    entries = list(value.values())
    if all(isinstance(item, Mapping) and any(key in item for key in LOCATIONS) for item in entries):
        return {str(name): dict(item) for name, item in value.items()}
    datasets = value.get("datasets")
    if (
        isinstance(datasets, list)
        and datasets
        and all(isinstance(item, Mapping) and "path" in item for item in datasets)
    ):
        names = [str(item["path"]) for item in datasets]
        unique = [
            name if names.count(name) == 1 else f"{n} ({name})" for n, name in enumerate(names, 1)
        ]
        return dict(zip(unique, map(dict, datasets), strict=True))
    return None


def _document(path: Path) -> Any:
    try:
        if path.stat().st_size > _MAX_BYTES:
            message = (
                f"{path} has more than {_MAX_BYTES:,} bytes, the limit of a description of datasets"
            )
            raise SourceError(message, reason="too_large")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(str(path), error) from error
    if path.suffix.lower() in (".yaml", ".yml"):
        value = loaded(text)
        if isinstance(value, Rejection):
            raise SourceError(f"{path}: {value.detail}", reason="unknown_shape")
        return value
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_description(path, f"; the text is not JSON: {error}") from error


def _no_description(path: Path, detail: str = "") -> SourceError:
    expected = f"expected LLaMA-Factory's {INFO} or an axolotl YAML"
    return SourceError(f"{path} describes no datasets: {expected}{detail}", reason="unknown_shape")
