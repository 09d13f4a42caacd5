"""Engine `local`: one shard after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

from catalog.engine import Answer, Content, Shard, Shared


@dataclass(frozen=True)
class Local:
    """This process."""

    name: str = "local"
    group_seconds: float = 2.0  # a killed run loses these, and its current shard
    reads_ahead: bool = False

    def share(self, value: Content) -> Shared[Content]:
        """Return a value for the contents of shards."""
        return lambda: value

    def run(
        self, work: Callable[[Shard[Content]], Answer], shards: Iterable[Shard[Content]]
    ) -> Generator[Answer, None, None]:
        """Yield the answer of every shard, in their order."""
        for shard in shards:
            yield work(shard)
