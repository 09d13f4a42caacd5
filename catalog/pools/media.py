"""Media of a record: references to its images, videos and audios, for all formats.

Media are never decoded. A value under one of KEYS is a path, a URL, an object with a path, a URL or
bytes, bytes, or a list of these; a list inside a list is the frames of one medium. It becomes a
list of references in the record's order, ``{"kind": "image" | "video" | "audio", "path": ...}``
with the object's other keys. Bytes are kept under the name of their sha256, which is part of the
reference. Any other value stays in the metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeGuard

from catalog.json_text import as_list, stored_json
from catalog.pools.conversation import Instruction
from catalog.pools.readers.encoding import storable
from catalog.pools.rejected import KEYS as REJECTED_KEYS
from catalog.pools.rejected import unwanted_answers
from catalog.pools.sources import STDIN
from catalog.store.file_systems import is_url
from catalog.store.media import MediaFile, file_hash, keep

OWN_KEY = "media"
"""The key of the catalog's own exports for references of every kind."""

KINDS = {name + plural: name for name in ("image", "video", "audio") for plural in ("s", "")}
KEYS = frozenset((*KINDS, OWN_KEY, *REJECTED_KEYS))
"""Keys beside the turns that belong to the instruction, in every format."""

_CACHED_FILES = 2**16


class MediaReader:
    """Reader of the media and rejected answers beside the turns of a load's records.

    Args:
        folder: the folder for bytes; None only hashes them.
        is_hashed: whether the sha256 of an existing file is part of its reference.
    """

    def __init__(self, *, folder: Path | None = None, is_hashed: bool = False) -> None:
        self._folder = folder
        self._is_hashed = is_hashed
        self._hash = lru_cache(maxsize=_CACHED_FILES)(file_hash)

    def attach(self, read: Instruction, *, file: str) -> tuple[Instruction, list[MediaFile]]:
        """Return the instruction with its media and rejected answers, and its media files.

        Args:
            read: an instruction whose ``rest`` has one of KEYS.
            file: the data file's name; relative paths start at its folder.
        """
        if read.rejected is None and (answers := unwanted_answers(read)):
            key, text = answers
            read = read._replace(rejected=text, rest=_without(read.rest, {key}))
        if read.media is not None:
            return read, []
        references, keys = _references(read.rest)
        files: list[MediaFile] = []
        is_local = file != STDIN and not is_url(file)
        beside = Path(file).parent if is_local else None
        for reference in references:
            frames = reference.get("frames")
            for part in frames if _are_objects(frames) else [reference]:
                self._complete(part, files, beside=beside)
        if keys:
            media, rest = stored_json(references), _without(read.rest, keys)
            read = read._replace(media=media, rest=rest)
        return read, files

    def _complete(
        self, reference: dict[str, Any], files: list[MediaFile], *, beside: Path | None
    ) -> None:
        """Keep a reference's bytes, or hash its file if it exists."""
        path, content = reference.get("path"), reference.get("bytes")
        path = path if isinstance(path, str) else None
        if isinstance(content, bytes):
            del reference["bytes"]
            reference["sha256"] = keep(content, folder=self._folder)
            files.append(MediaFile(path, None, reference["sha256"], len(content)))
            return
        location = _location(path, beside=beside)
        known = self._hash(location) if location else None
        if location and known:
            files.append(MediaFile(path, storable(location), *known))
            if self._is_hashed:
                reference["sha256"] = known[0]


def _location(path: str | None, *, beside: Path | None) -> str | None:
    """Return the path of a local file, or None."""
    if path is None or is_url(path) or path.startswith("data:"):
        return None
    if Path(path).is_absolute():
        return path
    if beside is not None:
        return str(beside.absolute() / path)
    return None


def _references(rest: Mapping[str, Any]) -> tuple[list[dict[str, Any]], set[str]]:
    """Return the references of a record in its order, and the keys that hold them."""
    by_key = {key: _under(rest[key], kind=kind) for key, kind in KINDS.items() if key in rest}
    if OWN_KEY in rest:
        by_key[OWN_KEY] = _under(rest[OWN_KEY], kind=None)
    keys = {key for key, references in by_key.items() if references is not None}
    exported = by_key.get(OWN_KEY)
    if exported:  # an export with both keys repeats under a kind's key the media of its own key
        return exported, keys
    return [reference for key in rest for reference in by_key.get(key) or ()], keys


def _under(value: Any, *, kind: str | None) -> list[dict[str, Any]] | None:
    """Return the references under one key; None if it holds something else."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        value = _parsed(value)
    references = []
    for item in as_list(value):
        if item in (None, "", b"", {}, []):
            continue
        reference = _reference(item, kind=kind)
        if reference is None:
            return None
        references.append(reference)
    return references


def _reference(item: Any, *, kind: str | None) -> dict[str, Any] | None:
    if isinstance(item, list) and kind is not None:
        frames = _under(item, kind=kind)
        if frames is None:
            return None
        return {"kind": kind, "frames": [_without(frame, {"kind"}) for frame in frames]}
    if isinstance(item, dict):
        return _object(item, kind=kind)
    if kind is None or not isinstance(item, str | bytes):
        return None
    if isinstance(item, str):
        return {"kind": kind, "path": item}
    return {"kind": kind, "bytes": item}


def _object(item: dict[str, Any], *, kind: str | None) -> dict[str, Any] | None:
    """Return the reference of an object, with its kind and its path first."""
    others = {key: value for key, value in item.items() if value is not None}
    if others.get("kind") in KINDS.values():
        kind = others.pop("kind")
    if kind is None or not others:
        return None
    if "path" not in others and isinstance(others.get("url"), str):
        others = {"path": others.pop("url")} | others
    if "kind" in others:
        others["object_kind"] = others.pop("kind")
    first = {"kind": kind, "path": None}
    return {key: value for key, value in (first | others).items() if value is not None}


def _parsed(text: str) -> Any:
    """Return the list or object of a JSON text, or the text itself, which is a path."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _are_objects(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _without(mapping: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in keys}
