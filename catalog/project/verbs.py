"""Verbs of a catalog that prepare data; each method is one delegation."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from catalog.argument_types import check_methods
from catalog.engine.choose import engine_of
from catalog.project.file_verbs import ProjectVerbs
from catalog.query.default_limits import SELECTION_MEMORY
from catalog.store.references import resolve

if TYPE_CHECKING:
    from catalog.engine import Engine
    from catalog.project.split import Split
    from catalog.project.tokens import TokenCount
    from catalog.selection.selector import Selector
    from catalog.selection.token_score import TokenScore
    from catalog.subsets.mixture import Mixture
    from catalog.subsets.overlap.find import Overlap
    from catalog.subsets.select import Selected


@check_methods
class Project(ProjectVerbs):
    """Verbs that prepare data for training and evaluation."""

    def overlap(
        self,
        reference: str,
        *,
        against: Sequence[str],
        ngram: int = 13,
        embedding: float | None = None,
        encoder: str | None = None,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
    ) -> Overlap:
        """Find the members that share words with a test item, or whose embeddings are close.

        See `catalog.subsets.overlap.find.find_overlap`.
        """
        from catalog.query.executor import Limits
        from catalog.subsets.overlap.find import find_overlap

        limits = Limits(memory=memory, seconds=seconds)
        options: dict[str, Any] = {"ngram": ngram, "embedding": embedding, "encoder": encoder}
        options |= {"against": tuple(against)}
        overlap: Overlap = self._call(find_overlap, reference, **options, limits=limits)
        return overlap

    def select_clean(
        self,
        source: str,
        *,
        test: str,
        ngram: int = 13,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
    ) -> Selected:
        """Keep the members that share no run of words with an item of a test set, as a subset.

        See `catalog.subsets.overlap.clean.select_clean`.
        """
        from catalog.query.executor import Limits
        from catalog.subsets.overlap.clean import select_clean

        limits = Limits(memory=memory, seconds=seconds)
        selected: Selected = self._call(select_clean, source, test=test, ngram=ngram, limits=limits)
        return selected

    def mix(
        self,
        *,
        name: str,
        parts: Sequence[str],
        budget: int | str,
        caps: Sequence[str] = (),
        seed: int = 0,
        tokens: Literal["response", "total"] = "total",
        model: str | os.PathLike[str] | None = None,
        group: str | None = None,
        is_newest: bool = False,
        gate: bool = False,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
        engine: Engine | str | None = None,
    ) -> Mixture:
        """Mix several pools and subsets by share, with repeats, caps and a budget.

        With a ``model``, its tokenizer counts the total or the response tokens of every member
        that is not counted yet. See `catalog.subsets.mix.mix`.
        """
        from catalog.query.executor import Limits
        from catalog.subsets.mix import mix

        score = None
        if model is not None:
            references = [part.partition("=")[0].partition(":")[0] for part in parts]
            score = self.count(",".join(references), of=tokens, model=model)
        options: dict[str, Any] = {"name": name, "parts": tuple(parts), "budget": str(budget)}
        options |= {"caps": tuple(caps), "seed": seed, "tokens": score, "group": group}
        options |= {"is_newest": is_newest, "is_gated": gate}
        limits = Limits(memory=memory, seconds=seconds, engine=engine_of(engine))
        mixture: Mixture = self._call(mix, **options, limits=limits)
        return mixture

    def count(
        self,
        references: str,
        *,
        of: Literal["response", "total"] = "total",
        model: str | os.PathLike[str],
        progress: Callable[[int, int, int], None] | None = None,
    ) -> TokenScore:
        """Count the tokens of members that have no count yet, as a score.

        See `catalog.project.counted.count`.
        """
        from catalog.project.counted import count

        return count(self._store, references, of=of, model=os.fspath(model), progress=progress)

    def recount(self, subset: str) -> None:
        """Count the tokens of new members for a subset's token budget.

        See `catalog.project.counted.recount`.
        """
        from catalog.project.counted import recount

        recount(self._store, subset)

    def select_where(
        self,
        source: str,
        *,
        where: str,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
    ) -> Selected:
        """Keep the members that meet a SQL condition, as a subset.

        See `catalog.subsets.narrow.select_where`.
        """
        from catalog.query.executor import Limits
        from catalog.subsets.narrow import select_where

        limits = Limits(memory=memory, seconds=seconds)
        selected: Selected = self._call(select_where, source, where=where, limits=limits)
        return selected

    def source(self, selector: Selector | str, text: str, *, dry_run: bool = False) -> str:
        """Return what a selector can select from: several sources become one subset.

        See `catalog.subsets.narrow.joined`.
        """
        from catalog.query.executor import Limits
        from catalog.subsets.narrow import joined

        if "," not in text:
            return text
        source: str = self._call(
            joined, selector, text, is_dry_run=dry_run, limits=Limits(memory=SELECTION_MEMORY)
        )
        return source

    def split(
        self,
        reference: str,
        *,
        name: str,
        by: str,
        into: Mapping[str, str | int],
        stratify: str | None = None,
        seed: int = 0,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
    ) -> Split:
        """Split a pool or subset into subsets ``NAME.PART`` that share no group of members.

        See `catalog.project.split.split`.
        """
        from catalog.project.split import split
        from catalog.query.executor import Limits

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
