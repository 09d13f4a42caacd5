"""Verbs of a catalog that prepare data; each method is one delegation."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from catalog.query.executor import Limits
from catalog.store.references import resolve
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.project.overlap import Overlap
    from catalog.project.split import Split
    from catalog.project.tokens import TokenCount
    from catalog.subsets.select import Selected

MEMORY = "4GB"
"""Memory of one verb, its kernels included."""


class Project:
    """Verbs that prepare data for training and evaluation."""

    def __init__(self, store: Store, call: Callable[..., Any]) -> None:
        self._store = store
        self._call = call

    def overlap(
        self,
        reference: str,
        *,
        against: Sequence[str],
        ngram: int = 13,
        memory: str | None = MEMORY,
        seconds: float | None = None,
    ) -> Overlap:
        """Find the members that share a run of words with an item of a test set.

        See `catalog.project.overlap.find_overlap`.
        """
        from catalog.project.overlap import find_overlap

        limits = Limits(memory=memory, seconds=seconds)
        overlap: Overlap = self._call(
            find_overlap, reference, against=tuple(against), ngram=ngram, limits=limits
        )
        return overlap

    def select_clean(
        self,
        source: str,
        *,
        test: str,
        ngram: int = 13,
        memory: str | None = MEMORY,
        seconds: float | None = None,
    ) -> Selected:
        """Keep the members that share no run of words with an item of a test set, as a subset.

        See `catalog.project.overlap.select_clean`.
        """
        from catalog.project.overlap import select_clean

        limits = Limits(memory=memory, seconds=seconds)
        selected: Selected = self._call(select_clean, source, test=test, ngram=ngram, limits=limits)
        return selected

    def split(
        self,
        reference: str,
        *,
        name: str,
        by: str,
        into: Mapping[str, str | int],
        stratify: str | None = None,
        seed: int = 0,
        memory: str | None = MEMORY,
        seconds: float | None = None,
    ) -> Split:
        """Split a pool or subset into subsets ``NAME.PART`` that share no group of members.

        See `catalog.project.split.split`.
        """
        from catalog.project.split import split

        options: dict[str, Any] = {"name": name, "by": by, "stratify": stratify, "seed": seed}
        options |= {"into": {part: str(size) for part, size in into.items()}}
        limits = Limits(memory=memory, seconds=seconds)
        done: Split = self._call(split, reference, **options, limits=limits)
        return done

    def tokens(
        self,
        reference: str,
        *,
        model: str | os.PathLike[str],
        max_length: int,
        packing: Literal["bfd"] | None = None,
        batch: int = 128,
        epochs: float = 1,
        tokens_per_second: float | None = None,
        price: float | None = None,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> TokenCount:
        """Count the tokens that a trainer reads, and what training on them costs.

        See `catalog.project.tokens.count_tokens`.
        """
        from catalog.project.tokens import count_tokens

        with self._store.reading() as connection:
            found = resolve(connection, reference)
        return count_tokens(
            self._store,
            found,
            model=os.fspath(model),
            max_length=max_length,
            packing=packing,
            batch=batch,
            epochs=epochs,
            tokens_per_second=tokens_per_second,
            price=price,
            progress=progress,
        )
