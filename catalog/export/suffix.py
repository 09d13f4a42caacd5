"""Find the export format that the suffix of a path names."""

from __future__ import annotations

from pathlib import PurePath

from catalog.errors import OptionError
from catalog.export.registry import DEFAULT, Exporter, exporter_named, exporters
from catalog.store.atomic import COMPRESSIONS

TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".arrow", ".feather", ".ipc", ".avro")
OTHERS = (*TABLES, ".orc", ".yaml", ".yml", ".xml", ".pkl")
"""Suffixes that no built-in format writes: conversations do not fit into the cells of a table."""


def exporter_for(path: PurePath, *, format: str | None) -> Exporter:
    """Return the format that was requested, else the one of the path's suffix, else jsonl.

    Args:
        path: the target; a ``.gz`` or ``.zst`` at its end does not count.
        format: the name of a format, or None.

    Raises:
        OptionError: no format has that name, the suffix belongs to another format, or to none.

    >>> [exporter_for(PurePath(path), format=None).name for path in ("a.parquet", "a.json.gz", "-")]
    ['parquet', 'jsonl', 'jsonl']
    """
    requested = None if format is None else exporter_named(format)
    if path.suffix in COMPRESSIONS:
        path = path.with_suffix("")
    suffix = path.suffix.lower()
    fitting = {item.name: item for item in exporters() if suffix in item.suffixes}
    if not fitting and suffix in OTHERS:
        known = sorted({suffix for item in exporters() for suffix in item.suffixes})
        raise OptionError(
            f"{path}: no export format writes {suffix}: use one of {', '.join(known)}, "
            "or `catalog sql -o` for a table"
        )
    if requested is None:
        named = fitting.get(DEFAULT) or fitting.get(suffix.removeprefix("."))
        return named or next(iter(fitting.values()), exporter_named(DEFAULT))
    if fitting and requested.name not in fitting:
        raise OptionError(
            f"{path}: {suffix} is a suffix of {' and '.join(fitting)}, not of {requested.name}: "
            "change the path or the format"
        )
    return requested


def is_lines(path: PurePath) -> bool:
    """Return whether a name asks for JSON Lines.

    >>> is_lines(PurePath("a.jsonl.gz")), is_lines(PurePath("a.json")), is_lines(PurePath("a"))
    (True, False, False)
    """
    return bool({".jsonl", ".ndjson"} & set(path.suffixes[-2:]))
