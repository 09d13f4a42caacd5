"""The file of a selector that the page saves, beside the user's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.errors import OptionError

_WRITING = threading.Lock()
"""Held while a selector's file is written, so that nobody compares with a part of it."""


@contextmanager
def written_selector(path: Path, sql: str) -> Iterator[None]:
    """Write a selector's file for the block, which stays if the block succeeds.

    The same text again is no change.

    Raises:
        OptionError: a file with another text is there, or none can be written.
    """
    is_new = _is_written(path, sql.encode())
    try:
        yield
    except BaseException:
        if is_new:
            path.unlink(missing_ok=True)
        raise


def _is_written(path: Path, content: bytes) -> bool:
    """Write a file unless it is there; return whether it is new."""
    try:
        with _WRITING, path.open("xb") as file:  # of two that save at once, one makes the file
            file.write(content)
    except FileExistsError:
        with _WRITING:
            is_same = path.is_file() and path.read_bytes() == content
        if is_same:
            return False
        problem = f"{path} holds another selector"
        raise OptionError(problem, next_step="choose another name") from None
    except OSError as error:
        raise OptionError(f"cannot write {path}: {error.strerror}") from error
    return True
