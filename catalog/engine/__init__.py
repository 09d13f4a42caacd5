"""Engines: where shards are computed, in this process or by the workers of a cluster.

An engine maps shards to answers and gives them back in the order of the shards, whoever computed
them. It commits nothing: what a worker wrote and nobody committed does not exist. So a worker may
die at any moment, and the driver too: the next run begins at the first shard without a record.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Content = TypeVar("Content")
Answer = TypeVar("Answer")
Value = TypeVar("Value", covariant=True)


@dataclass(frozen=True)
class Shard(Generic[Content]):
    """Rows that are computed together, by one worker.

    Attributes:
        number: of the shard in its signal.
        name: the shard and its rows, for messages.
        content: what it is computed from.
    """

    number: int
    name: str
    content: Content


class Shared(Protocol[Value]):
    """Value that an engine brings to each of its nodes once; the contents of shards hold it."""

    def __call__(self) -> Value:
        """Return the value, whose arrays cannot be written."""


class Engine(Protocol):
    """Place where shards are computed."""

    @property
    def name(self) -> str:
        """Return ``local`` or ``ray``."""

    @property
    def group_seconds(self) -> float:
        """Return the seconds that answers wait to be committed with others."""

    @property
    def reads_ahead(self) -> bool:
        """Return whether this process may read the next contents while answers are computed."""

    def share(self, value: Content) -> Shared[Content]:
        """Return a value for the contents of shards, which then travel without it."""

    def run(
        self, work: Callable[[Shard[Content]], Answer], shards: Iterable[Shard[Content]]
    ) -> Generator[Answer, None, None]:
        """Yield the answer of every shard, in their order.

        Args:
            work: a function of one shard, which may run several times.
            shards: read only as far as there is a place for them.

        Raises:
            CatalogError: what the work raised, at the first shard where it did.
        """
