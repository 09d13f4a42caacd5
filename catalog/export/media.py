"""Images, videos and audios beside a conversation, in the columns that trainers read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.export.record import Record
from catalog.export.survey import Survey

KINDS = ("image", "video", "audio")
MISSING = "media without a file or URL that a trainer can open"


def media_columns(record: Record, survey: Survey, kinds: Sequence[str]) -> dict[str, list[str]]:
    """Return the paths of a record's media by column, one column for each kind in the file.

    >>> media = [{"kind": "image", "path": "a.png"}]
    >>> record = Record("f", [], None, None, None, media, "s", None, None)
    >>> media_columns(record, Survey(media={"image", "audio"}), KINDS)
    {'images': ['a.png'], 'audios': []}
    """
    columns: dict[str, list[str]] = {f"{kind}s": [] for kind in kinds if kind in survey.media}
    for reference in record.media or ():
        path = path_of(reference, record, survey)
        if path is not None and f"{reference['kind']}s" in columns:
            columns[f"{reference['kind']}s"].append(path)
    return columns


def path_of(reference: dict[str, Any], record: Record, survey: Survey) -> str | None:
    """Return the path at which a trainer finds a medium, or None.

    It is the file in which the catalog keeps the bytes, else the file that was found at the path,
    else the path itself.

    >>> found = {"a.png": "/data/a.png"}
    >>> record = Record("f", [], None, None, None, None, "s", None, None, found)
    >>> paths = ("a.png", "https://example.org/b.png")
    >>> [path_of({"kind": "image", "path": path}, record, Survey()) for path in paths]
    ['/data/a.png', 'https://example.org/b.png']
    """
    if survey.media_folder is not None and reference.get("sha256"):
        kept = survey.media_folder / reference["sha256"]
        if kept.is_file():
            return str(kept.resolve())
    path = reference.get("path")
    if isinstance(path, str) and path:
        return record.locations.get(path, path)
    return None


def n_marks(record: Record, kind: str) -> int:
    """Count the marks such as ``<image>`` in the texts of a record."""
    return sum(message.content.count(f"<{kind}>") for message in record.messages)


def n_media(record: Record, kind: str) -> int:
    """Count the media of a kind in a record."""
    return sum(reference["kind"] == kind for reference in record.media or ())
