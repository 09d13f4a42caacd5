"""Which files of a folder or of an archive are data, in which order, and what is said of the others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from catalog.errors import SourceError, listed

_PACKED = r"(\.(gz|gzip|zst|zstd|bz2|xz))?"
_TABLES = r"jsonl?|ndjson|jsonlines|csv|tsv|parquet|pq|ya?ml|arrow|feather|ipc|xlsx|xlsm"
_DATA = re.compile(
    rf".*\.({_TABLES}|zip|tar|tgz|tbz2|txz|tzst){_PACKED}", re.IGNORECASE | re.DOTALL
)
_ABOUT = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
"""Files that describe data and hold none: of Hugging Face datasets and of LLaMA-Factory."""

_STATE = 16 * 2**20
"""Bytes of a state.json that are read."""


@dataclass
class Choice:
    """The data files among some names.

    Attributes:
        names: in order.
        splits: the saved dataset, or its split, that a file is part of.
        hidden: names that begin with a dot, or lie in such a folder.
        others: names that are no data by their endings.
    """

    names: list[str] = field(default_factory=list)
    splits: dict[str, str] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def note(self) -> str | None:
        """Return what was left out, or None.

        >>> chosen(["a.csv", ".git/", "README.md"]).note()
        'left out: 1 hidden (.git/); 1 that is no data by its ending (README.md)'
        """
        parts = []
        if self.hidden:
            parts.append(f"{len(self.hidden):,} hidden ({listed(self.hidden)})")
        if self.others:
            are = (
                "is no data by its ending"
                if len(self.others) == 1
                else "are no data by their endings"
            )
            parts.append(f"{len(self.others):,} that {are} ({listed(self.others)})")
        return f"left out: {'; '.join(parts)}" if parts else None

    def add(self, name: str) -> bool:
        """Sort one name in; return whether it is data."""
        if is_hidden(name):
            self.hidden.append(name)
        elif is_data(name):
            self.names.append(name)
            return True
        else:
            self.others.append(name)
        return False


def is_hidden(name: str) -> bool:
    """Return whether a relative name, or a folder on its way, begins with a dot (or is macOS's of archives).

    >>> is_hidden("a/.b/c.json"), is_hidden("__MACOSX/a.json"), is_hidden("./a.json")
    (True, True, False)
    """
    parts = [part for part in name.split("/") if part not in (".", "..")]
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def is_data(name: str) -> bool:
    """Return whether a file is data by its ending, and not a description of data.

    >>> [is_data(name) for name in ("a.jsonl.gz", "A.JSON", "README.md", "x/state.json", "a/")]
    [True, True, False, False, False]
    """
    return _DATA.fullmatch(name) is not None and name.rsplit("/", 1)[-1] not in _ABOUT


def chosen(names: Sequence[str]) -> Choice:
    """Return the data files among relative names, in the order of their names.

    >>> chosen(["b/a.json", "b.json", "a.txt"]).names
    ['b/a.json', 'b.json']
    >>> chosen(["best.jsonl", "best.yaml", "other.yaml"]).names
    ['best.jsonl', 'other.yaml']
    """
    choice, there = Choice(), set(names)
    for name in sorted(names, key=lambda name: name.split("/")):
        if _describes(name, there):
            choice.others.append(name)
        else:
            choice.add(name)
    return choice


def _describes(name: str, there: Collection[str]) -> bool:
    """Return whether a YAML lies beside data of its name, as the configuration of a trainer does."""
    stem, _, ending = name.rpartition(".")
    return ending in ("yaml", "yml") and f"{stem}.jsonl" in there


def of_folder(names: Sequence[str], *, folder: str, read: Callable[[str], bytes]) -> Choice:
    """Return the data files of a folder; those that `datasets.save_to_disk` wrote, in its order.

    Args:
        names: relative to the folder.
        folder: its name, for messages, and for that of a dataset saved in it.
        read: returns the bytes of one of the names.

    Raises:
        SourceError: a saved dataset lacks a file, or cannot be read without its indices.
    """
    choice = chosen(names)
    there = set(names)
    for name in sorted(there):
        below = name.removesuffix("state.json")
        if name.rsplit("/", 1)[-1] != "state.json" or f"{below}dataset_info.json" not in there:
            continue
        parts = [f"{below}{part}" for part in _parts(read(name), name=f"{folder}/{name}")]
        lacking = [part for part in parts if part not in there]
        if lacking:
            message = f"{folder}: the saved dataset has no {listed(lacking)}: copy it whole"
            raise SourceError(message, reason="not_found")
        _place(choice, parts, below=below)
        split = (below or f"{folder.rstrip('/')}/").rstrip("/").rsplit("/", 1)[-1]
        choice.splits |= dict.fromkeys(parts, split)
    return choice


def _parts(state: bytes, *, name: str) -> list[str]:
    """Return the files that a state.json names, in order."""
    try:
        value = json.loads(state[:_STATE])
        parts = [str(file["filename"]) for file in value["_data_files"]]
        indices = value.get("_indices_data_files") or value.get("_indices_files")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"{name} does not name the files of a saved dataset: {error!r}"
        raise SourceError(message, reason="corrupt_archive") from error
    if indices:
        message = (
            f"{name}: the dataset was saved with indices: flatten_indices() before save_to_disk()"
        )
        raise SourceError(message, reason="wrong_container")
    return parts


def _place(choice: Choice, parts: list[str], *, below: str) -> None:
    """Put a saved dataset's files where its folder is in order; other Arrow files there are caches."""
    is_stray = re.compile(rf"{re.escape(below)}[^/]*\.arrow")
    here = [name for name in choice.names if is_stray.fullmatch(name)]
    at = choice.names.index(here[0]) if here else len(choice.names)
    choice.names[at:] = parts + [name for name in choice.names[at:] if name not in here]
    choice.others += [name for name in here if name not in parts]
