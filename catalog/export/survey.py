"""Survey a file's records, so that a second pass writes all of them the same way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalog.export.key_types import Node
from catalog.export.record import Message, Record, has_answer, is_tool_list, message_of, records
from catalog.models.turn_weight import WEIGHTS

LATE = 2 * 2**20
"""Characters after which a key is late.

The datasets library fixes the columns of a file from its first 10 MiB, in which a character takes
up to five bytes.
"""


@dataclass
class Survey:
    """Everything that a format must know of a file before its first row.

    Attributes:
        order_matters: whether training must keep the order of the records.
        media_folder: the folder in which the catalog keeps embedded media.
        with_rejected: whether the format writes rejected answers as turns, so that their keys
            count too.
        n_instructions: the number of instructions.
        n_answered: instructions with an answer.
        n_rejected: instructions with a rejected answer.
        n_tools: instructions whose tools are a JSON list of objects, which trainers read.
        n_other_tools: instructions with other tools.
        n_systems: instructions with a system prompt.
        has_parts: whether a content is a list of parts. Every content is then written so.
        has_parallel_results: whether the result of a tool follows another result.
        media: the kinds of media in the file.
        weights: the keys of messages that hold a weight in training, and whether all values of
            the key are 0 or 1.
        keys: the keys of messages beside role and content.
        parts: the contents that are lists.
        late: keys of messages that first occur beyond LATE.
        tools_are_late: whether the first tools occur beyond LATE.
    """

    order_matters: bool = False
    media_folder: Path | None = None
    with_rejected: bool = False
    n_instructions: int = 0
    n_answered: int = 0
    n_rejected: int = 0
    n_tools: int = 0
    n_other_tools: int = 0
    n_systems: int = 0
    has_parts: bool = False
    has_parallel_results: bool = False
    media: set[str] = field(default_factory=set)
    weights: dict[str, bool] = field(default_factory=dict)
    keys: dict[str, Node] = field(default_factory=dict)
    parts: Node = field(default_factory=Node)
    late: list[str] = field(default_factory=list)
    tools_are_late: bool = False
    _n_chars: int = 0

    def read(self, batches: Iterable[pa.RecordBatch]) -> Survey:
        """Add every record of these batches, and return the survey."""
        for batch in batches:
            for record in records(batch):
                self.add(record)
        return self

    def add(self, record: Record) -> None:
        """Add one record."""
        self.n_instructions += 1
        self.n_answered += has_answer(record.messages)
        self.n_rejected += bool(record.rejected)
        self.n_systems += record.system is not None
        self._add_tools(record.tools)
        self.media.update(reference["kind"] for reference in record.media or ())
        before = ""
        for message in record.messages:
            self._add_message(message)
            self.has_parallel_results |= message.role == before == "tool"
            before = message.role
        if self.with_rejected:
            for answer in record.rejected or ():
                for turn in answer:
                    self._add_message(message_of(turn))

    def _add_tools(self, tools: str | None) -> None:
        if tools is None:
            return
        is_list = is_tool_list(tools)
        self.tools_are_late |= is_list and not self.n_tools and self._n_chars > LATE
        self.n_tools += is_list
        self.n_other_tools += not is_list

    def _add_message(self, message: Message) -> None:
        self._n_chars += len(message.content)
        for key, value in message.extra.items():
            if key == "content" and isinstance(value, list):
                self.has_parts = True
                self.parts.add(value)
                continue
            self._node(key).add(value)
            if key in WEIGHTS and isinstance(value, bool | int | float):
                self.weights[key] = self.weights.get(key, True) and value in (0, 1)

    def _node(self, key: str) -> Node:
        if key not in self.keys:
            self.keys[key] = Node(is_exact=key == "arguments")
            if self._n_chars > LATE and key not in ("role", "content"):
                self.late.append(key)
        return self.keys[key]

    def settle(self, key: str, value: Any) -> Any:
        """Return a value of a message's key with the type of the key in this file."""
        if key == "content":
            return self.parts.settle(value)
        return self.keys[key].settle(value)
