"""List the data files of a folder or archive in order, and note the other files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from catalog.errors import SourceError
from catalog.messages import listed

_PACKED = r"(\.(gz|gzip|zst|zstd|bz2|xz))?"
_TABLES = r"jsonl?|ndjson|jsonlines|csv|tsv|parquet|pq|ya?ml|arrow|feather|ipc|xlsx|xlsm"
_DATA = re.compile(
    rf".*\.({_TABLES}|zip|tar|tgz|tbz2|txz|tzst){_PACKED}", re.IGNORECASE | re.DOTALL
)
_ABOUT = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
"""Files of Hugging Face datasets and of LLaMA-Factory that describe data."""

_STATE = 16 * 2**20
"""Maximum bytes of a state.json."""


@dataclass
class Choice:
    """Data files among some names.

    Attributes:
        names: the data files, in order.
        splits: the saved dataset, or its split, of a file.
        hidden: names that begin with a dot, or are in such a folder.
        others: names whose suffix is not one of data.
    """

    names: list[str] = field(default_factory=list)
    splits: dict[str, str] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def note(self) -> str | None:
        """Return a note about the skipped names, or None.

        >>> chosen(["a.csv", ".git/", "README.md"]).note()
        'skipped: 1 hidden (.git/); 1 without a suffix of data (README.md)'
        """
        parts = []
        if self.hidden:
            parts.append(f"{len(self.hidden):,} hidden ({listed(self.hidden)})")
        if self.others:
            n_others = f"{len(self.others):,} without a suffix of data"
            parts.append(f"{n_others} ({listed(self.others)})")
        if parts:
            return f"skipped: {'; '.join(parts)}"
        return None

    def add(self, name: str) -> bool:
        """Add one name, and return whether it is data."""
        if is_hidden(name):
            self.hidden.append(name)
        elif is_data(name):
            self.names.append(name)
            return True
        else:
            self.others.append(name)
        return False


def is_hidden(name: str) -> bool:
    """Return whether a part of a relative path begins with a dot, or is the __MACOSX of archives.

    >>> is_hidden("a/.b/c.json"), is_hidden("__MACOSX/a.json"), is_hidden("./a.json")
    (True, True, False)
    """
    parts = [part for part in name.split("/") if part not in (".", "..")]
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def is_data(name: str) -> bool:
    """Return whether a file's suffix is one of data, and its name not one of descriptions.

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
    """Return whether a YAML file stands beside data of its name, like a trainer's configuration."""
    stem, _, ending = name.rpartition(".")
    return ending in ("yaml", "yml") and f"{stem}.jsonl" in there


def of_folder(names: Sequence[str], *, folder: str, read: Callable[[str], bytes]) -> Choice:
    """Return the data files of a folder; those of `datasets.save_to_disk` in its order.

    Args:
        names: the names of files, relative to the folder.
        folder: the folder's name, for messages and for a dataset saved in it.
        read: returns the bytes of a file.

    Raises:
        SourceError: a file of a saved dataset is missing, or the dataset needs its indices.
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
            message = f"{folder}: the saved dataset lacks {listed(lacking)}: copy all of its files"
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
            f"{name}: the dataset was saved with indices: call flatten_indices() before "
            "save_to_disk()"
        )
        raise SourceError(message, reason="wrong_container")
    return parts


def _place(choice: Choice, parts: list[str], *, below: str) -> None:
    """Insert a saved dataset's files at the place of its folder; other Arrow files are caches."""
    is_stray = re.compile(rf"{re.escape(below)}[^/]*\.arrow")
    here = [name for name in choice.names if is_stray.fullmatch(name)]
    place = choice.names.index(here[0]) if here else len(choice.names)
    choice.names[place:] = parts + [name for name in choice.names[place:] if name not in here]
    choice.others += [name for name in here if name not in parts]
