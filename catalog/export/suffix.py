"""What the ending of a path says about the format of an export."""

from __future__ import annotations

from pathlib import PurePath

from catalog.errors import OptionError
from catalog.store.atomic import COMPRESSIONS

_TEXT = ("jsonl", "messages", "dpo", "alpaca", "sharegpt")
FITTING = {".jsonl": _TEXT, ".ndjson": _TEXT, ".json": _TEXT, ".parquet": ("parquet",)}
"""The formats that may be meant by an ending, the one that is meant by the ending alone first."""

OTHERS = (
    ".csv",
    ".tsv",
    ".txt",
    ".xlsx",
    ".xls",
    ".ods",
    ".arrow",
    ".feather",
    ".ipc",
    ".avro",
    ".orc",
    ".yaml",
    ".yml",
    ".xml",
    ".pkl",
)
"""Endings of files that no export writes: conversations do not fit into the cells of a table."""


def format_of(path: PurePath, *, given: str | None) -> str:
    """The format that was asked for; else the one that the path's ending says; else jsonl.

    Args:
        path: where the export goes; ``.gz`` and ``.zst`` at its end are looked past.
        given: one of the export's formats, or None.

    Raises:
        OptionError: the ending contradicts what was asked for, or no format has it.

    >>> format_of(PurePath("a.parquet"), given=None), format_of(PurePath("a.json.gz"), given=None), format_of(PurePath("-"), given=None)
    ('parquet', 'jsonl', 'jsonl')
    """
    ending = (path.with_suffix("") if path.suffix in COMPRESSIONS else path).suffix.lower()
    if ending in OTHERS:
        raise OptionError(
            f"{path} ends in {ending}, which no export writes: use .jsonl, .json or .parquet, or `catalog sql -o` for a table"
        )
    fitting = FITTING.get(ending)
    if given is None:
        return fitting[0] if fitting else "jsonl"
    if fitting and given not in fitting:
        raise OptionError(
            f"{path} ends in {ending}, which {given} is not ({' or '.join(fitting)} is): change the path or --format"
        )
    return given
