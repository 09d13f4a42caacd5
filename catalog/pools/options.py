"""Options for reading sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.errors import OptionError
from catalog.pools.formats.mapped import mapped
from catalog.pools.formats.registry import format_names
from catalog.pools.layout import Layout
from catalog.pools.modes import TREE_MODES
from catalog.pools.roles import STORED, role_of


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Options for reading sources.

    Attributes:
        format: ``"auto"``, or the name of a record format for every record
            (`catalog.pools.formats`).
        fields: the key, or dotted path of keys, of each field: ``{"prompt": "Question",
            "response": "Answer"}``; also input, system, history, messages, tools, reasoning. They
            take precedence over ``format``. For a CSV without header, column numbers from 1.
        roles: stored roles by further spellings: ``{"narrator": "assistant"}``.
        tree: the paths to read of a tree of messages: ``"paths"``, every path from the root to a
            leaf, or ``"best"``, the best-ranked path. None refuses a tree with several paths.
        source_column: key or path of a record's source; without it the file's name without
            suffixes.
        labels_column: key or path of a record's labels: a text, a list of texts, or a list of
            objects.
        prompts_only: accept records without an answer.
        hash_media: include the sha256 of each existing media file in its reference, and so in the
            fingerprint.
        entry: the entry of a description of datasets that sets ``fields``, ``format`` and
            ``layout``, or None.
        layout: the renaming of each record before it is read, or None.
        batch_size: records per batch, including quarantined ones.

    Raises:
        OptionError: an option is out of its range.
    """

    format: str = "auto"
    fields: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    tree: str | None = None
    source_column: str | None = None
    labels_column: str | None = None
    prompts_only: bool = False
    hash_media: bool = False
    entry: str | None = None
    layout: Layout | None = None
    batch_size: int = 10_000

    def __post_init__(self) -> None:
        known = ("auto", *format_names())
        if self.format not in known:
            raise OptionError(
                f"no record format is named {self.format}: expected one of {', '.join(known)}"
            )
        if self.tree not in (None, *TREE_MODES):
            modes = ", ".join(TREE_MODES)
            raise OptionError(f"unknown tree mode {self.tree}: expected one of {modes}")
        for name, role in self.roles.items():
            if role not in STORED:
                raise OptionError(
                    f"the role {name} stands for {role}: expected one of {', '.join(STORED)}"
                )
            if role_of(name)[0]:
                raise OptionError(f"the role {name} is built in and stands for {role_of(name)[0]}")
        if self.batch_size < 1:
            raise OptionError(f"expected a batch size of at least 1, got {self.batch_size}")
        if self.fields:
            mapped(self.fields)
