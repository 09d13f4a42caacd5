"""Where images stand in a conversation for TRL: at parts of type image, or before the first user text when no content has parts."""

from __future__ import annotations

from typing import Any

from catalog.export.media import n_marks, n_media
from catalog.export.record import Record
from catalog.export.survey import Survey

IMAGES = "images that the text does not place as TRL counts them"
MARK = "<image>"


def misplaces(record: Record, rows: list[dict[str, Any]], survey: Survey) -> bool:
    """Whether TRL would stop on the images of a record, or read their marks as text."""
    if "image" not in survey.media:
        return False
    n_images = n_media(record, "image")
    if survey.has_parts:
        return sum(map(_n_places, rows)) != n_images
    return bool(n_images and n_marks(record, "image"))


def place(record: Record, rows: list[dict[str, Any]], survey: Survey) -> None:
    """Change misplaced rows so that TRL finds every image: missing places come first in the first user turn, and marks go."""
    n_missing = n_media(record, "image") - sum(map(_n_places, rows))
    for row in rows:
        if not survey.has_parts:
            row["content"] = row["content"].replace(MARK, "").lstrip()
        elif row["role"] == "user":
            row["content"] = [{"type": "image"}] * n_missing + row["content"]
            return


def _n_places(row: dict[str, Any]) -> int:
    """How many parts of a turn wait for an image."""
    if not isinstance(row["content"], list) or row["role"] == "tool":
        return 0
    return sum(
        isinstance(part, dict) and part.get("type") == "image" and part.get("image") is None
        for part in row["content"]
    )
