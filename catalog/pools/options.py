"""What a caller may say about how sources are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.errors import OptionError
from catalog.pools.formats import NAMES, mapped
from catalog.pools.layout import Layout


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How to read sources.

    Attributes:
        format: ``"auto"``, or the name of a shape (`catalog.pools.formats.NAMES`), which then holds for every record.
        map: which key, or dotted path of keys, holds what: ``{"prompt": "Question", "response": "Answer"}``; also input, system,
            history, messages, tools. Overrules ``format``. For a CSV without header, column numbers from 1.
        source_column: key or path of a record's source; the file's name without its endings where it is None or absent.
        labels_column: key or path of a record's labels: a text, a list of texts, or a list of objects.
        prompts_only: accept records without an answer.
        hash_media: make the sha256 of each media file at hand part of its reference, and so of the fingerprint.
        entry: the entry of a description of datasets that stated ``map``, ``format`` and ``layout``, or None.
        layout: what is renamed in each record before it is read, or None.
        batch_size: records a batch, quarantined ones counted.

    Raises:
        OptionError: an unknown format, an impossible map, a batch size below 1.
    """

    format: str = "auto"
    map: Mapping[str, str] = field(default_factory=dict)
    source_column: str | None = None
    labels_column: str | None = None
    prompts_only: bool = False
    hash_media: bool = False
    entry: str | None = None
    layout: Layout | None = None
    batch_size: int = 10_000

    def __post_init__(self) -> None:
        if self.format not in ("auto", *NAMES):
            raise OptionError(f"--format {self.format}: no such shape; there are auto, {', '.join(NAMES)}")
        if self.batch_size < 1:
            raise OptionError(f"a batch holds at least 1 record, not {self.batch_size}")
        if self.map:
            mapped(self.map)
