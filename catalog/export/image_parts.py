"""Place images in a conversation for TRL.

Images stand at parts of type image, or before the first user text when no content has parts.
"""

from __future__ import annotations

from typing import Any

from catalog.export.media import n_marks, n_media
from catalog.export.record import Record
from catalog.export.survey import Survey

IMAGES = "images that the text does not place as TRL counts them"
MARK = "<image>"


def misplaces(record: Record, rows: list[dict[str, Any]], survey: Survey) -> bool:
    """Return whether TRL stops on the images of a record, or reads their marks as text."""
    if "image" not in survey.media:
        return False
    n_images = n_media(record, "image")
    if survey.has_parts:
        return sum(map(_n_places, rows)) != n_images
    return bool(n_images and n_marks(record, "image"))


def place(record: Record, rows: list[dict[str, Any]], survey: Survey) -> None:
    """Change misplaced rows so that TRL finds every image.

    Missing places come first in the first user turn, and marks are removed.
    """
    n_missing = n_media(record, "image") - sum(map(_n_places, rows))
    for row in rows:
        if not survey.has_parts:
            row["content"] = row["content"].replace(MARK, "").lstrip()
        elif row["role"] == "user":
            row["content"] = [{"type": "image"}] * n_missing + row["content"]
            return


def _n_places(row: dict[str, Any]) -> int:
    """Count the parts of a turn that are places of images."""
    if not isinstance(row["content"], list) or row["role"] == "tool":
        return 0
    objects = [part for part in row["content"] if isinstance(part, dict)]
    return sum(part.get("type") == "image" and part.get("image") is None for part in objects)
