"""What the ending of a path says about the format of an export."""

from __future__ import annotations

from pathlib import PurePath

from catalog.errors import OptionError
from catalog.subsets.export.destination import COMPRESSIONS

_TEXT = ("jsonl", "messages", "alpaca", "sharegpt")
FITTING = {".jsonl": _TEXT, ".ndjson": _TEXT, ".json": _TEXT, ".parquet": ("parquet",)}
"""The formats that may be meant by an ending, the one that is meant by the ending alone first."""


def format_of(path: PurePath, *, given: str | None) -> str:
    """The format that was asked for; else the one that the path's ending says; else jsonl.

    Args:
        path: where the export goes; ``.gz`` and ``.zst`` at its end are looked past.
        given: one of the export's formats, or None.

    Raises:
        OptionError: the ending says otherwise than what was asked for.

    >>> format_of(PurePath("a.parquet"), given=None), format_of(PurePath("a.json.gz"), given=None), format_of(PurePath("-"), given=None)
    ('parquet', 'jsonl', 'jsonl')
    """
    ending = (path.with_suffix("") if path.suffix in COMPRESSIONS else path).suffix.lower()
    fitting = FITTING.get(ending)
    if given is None:
        return fitting[0] if fitting else "jsonl"
    if fitting and given not in fitting:
        raise OptionError(f"{path} ends in {ending}, which {given} is not ({' or '.join(fitting)} is): change the path or --format")
    return given
