"""Hash of a file's bytes."""

from __future__ import annotations

import hashlib
from typing import Any


def sha256_of(file: Any) -> str:
    """Return the sha256 of what is left of an open binary file, as 64 hex digits.

    >>> from io import BytesIO
    >>> sha256_of(BytesIO(b"a"))[:16]
    'ca978112ca1bbdca'
    """
    return hashlib.file_digest(file, "sha256").hexdigest()
