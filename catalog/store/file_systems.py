"""File systems of URLs: those of fsspec, and buckets of S3's protocol by pyarrow."""

from __future__ import annotations

from typing import Any

_BUCKETS = ("s3://", "gs://")
"""What pyarrow reads itself, so that no other package is needed."""


def is_url(name: str) -> bool:
    """Return whether a name has a protocol, such as ``s3://``, or is one of fsspec's chains.

    >>> is_url("s3://bucket/prefix"), is_url("zip::a.zip"), is_url("/a/b"), is_url("C:/a")
    (True, True, False, False)
    """
    return "://" in name or "::" in name


def file_system(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, as fsspec has it, and the path in it.

    Raises:
        ImportError: its file system needs a package that is not installed.
        ValueError: its protocol is not known.
        OptionError: its bucket cannot be opened.
    """
    import fsspec

    if not url.startswith(_BUCKETS):
        found: tuple[Any, str] = fsspec.core.url_to_fs(url)
        return found
    from fsspec.implementations.arrow import ArrowFSWrapper

    from catalog.store.folders import bucket_at

    system, path = bucket_at(url)
    return ArrowFSWrapper(system), path


def open_file(name: str, *, is_unpacked: bool = False) -> Any:
    """Open a file or URL to read its bytes, unpacked by its ending if asked for.

    Use the answer in a ``with`` statement.
    """
    import fsspec

    fs, path = file_system(name)
    packing = fsspec.core.get_compression(path, "infer") if is_unpacked else None
    return fsspec.core.OpenFile(fs, path, "rb", compression=packing)
