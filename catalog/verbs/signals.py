"""Signals: computed, imported, listed, searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from catalog.store.database import reading
from catalog.store.references import resolve
from catalog.verbs.base import QUERY_MEMORY, Opened, frame

if TYPE_CHECKING:
    import polars as pl

    from catalog.compute.imports.table import Import
    from catalog.compute.losses.train import TrainedLosses
    from catalog.compute.scores import Scoring
    from catalog.compute.search import Answer
    from catalog.compute.shard_runner import Report


class Signals(Opened):
    """What can be done with signals."""

    def embed(
        self,
        reference: str,
        *,
        encoder: str = "all-MiniLM-L6-v2",
        field: Literal["prompt", "conversation"] = "prompt",
        store: Literal["float32", "float16"] = "float32",
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> Report:
        """Give every member that has none a vector; see `catalog.compute.embeddings.embed`."""
        from catalog.compute.embeddings import embed

        return embed(
            self.home,
            self.find(reference),
            encoder=encoder,
            field=field,
            store=store,
            precision=precision,
            limit=limit,
            wait=self.wait,
            progress=progress,
        )

    def states(
        self,
        reference: str,
        *,
        model: str,
        max_tokens: int = 128,
        max_length: int = 512,
        project_to: int | None = None,
        projection: Literal["jl", "pca"] = "jl",
        seed: int = 0,
        store: Literal["float16", "float32"] = "float16",
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> Report:
        """Take the token states of every member that has none; see `catalog.compute.states.compute_states`."""
        from catalog.compute.states import compute_states

        return compute_states(
            self.home,
            self.find(reference),
            model=model,
            max_tokens=max_tokens,
            max_length=max_length,
            project_to=project_to,
            projection=projection,
            seed=seed,
            store=store,
            limit=limit,
            wait=self.wait,
            progress=progress,
        )

    def score(
        self,
        reference: str,
        *names: str,
        model: str | None = None,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
        **options: Any,
    ) -> Scoring:
        """Compute scores of every member that has none, and what they are made of; see `catalog.compute.scores.score`."""
        from catalog.compute.scores import score

        found = self.find(reference)
        return score(
            self.home,
            found,
            names,
            model=model,
            options=options,
            limit=limit,
            wait=self.wait,
            progress=progress,
        )

    def label(
        self,
        reference: str,
        taxonomy: str | Path,
        *,
        threshold: float = 0.3,
        encoder: str = "all-MiniLM-L6-v2",
        progress: Callable[[int, int, int], None] | None = None,
    ) -> Report:
        """Give every member the labels of a taxonomy that it is near to; see `catalog.compute.labels.label`."""
        from catalog.compute.labels import label

        found = self.find(reference)
        return label(
            self.home,
            found,
            Path(taxonomy),
            threshold=threshold,
            encoder=encoder,
            wait=self.wait,
            progress=progress,
        )

    def search(
        self,
        reference: str,
        text: str,
        *,
        k: int = 10,
        where: str | None = None,
        encoder: str = "all-MiniLM-L6-v2",
        memory: str | None = QUERY_MEMORY,
        seconds: float | None = None,
    ) -> Answer:
        """Find the members nearest to a text; see `catalog.compute.search.search`."""
        from catalog.compute.search import search
        from catalog.query.executor import Limits

        limits = Limits(memory=memory, seconds=seconds, wait=self.wait)
        asked: dict[str, Any] = {"k": k, "where": where, "encoder": encoder, "wait": self.wait}
        found = self.find(reference)
        return search(self.home, found, text, **asked, limits=limits, is_isolated=self.is_isolated)

    def signals(self, reference: str | None = None) -> pl.DataFrame:
        """Every signal with its coverage of a pool or subset, or of the whole catalog."""
        from catalog.signals.registry import list_signals

        with reading(self.home, wait=self.wait) as connection:
            found = resolve(connection, reference) if reference else None
            return frame(list_signals(connection, self.home, found))

    def import_scores(
        self,
        reference: str,
        file: str | Path,
        *,
        name: str,
        key: str = "row",
        value: str | None = None,
        missing: Sequence[float] = (),
        dry_run: bool = False,
    ) -> Import:
        """Import scores that others published; see `catalog.compute.imports.scores.import_scores`."""
        from catalog.compute.imports.scores import import_scores

        found = self.find(reference)
        options: dict[str, Any] = {
            "name": name,
            "key": key,
            "value": value,
            "missing": missing,
            "is_dry_run": dry_run,
        }
        return import_scores(self.home, found, str(file), wait=self.wait, **options)

    def import_losses(
        self,
        reference: str,
        file: str | Path,
        *,
        proxy: str,
        key: str = "row",
        dry_run: bool = False,
    ) -> Import:
        """Import loss trajectories; see `catalog.compute.losses.import_.import_losses`."""
        from catalog.compute.losses.import_ import import_losses

        found = self.find(reference)
        return import_losses(
            self.home, found, str(file), proxy=proxy, key=key, is_dry_run=dry_run, wait=self.wait
        )

    def train_losses(
        self,
        reference: str,
        *,
        proxy: str = "tiny",
        epochs: int | None = None,
        checkpoints: int | None = None,
        learning_rate: float | None = None,
        batch: int | None = None,
        warmup: float | None = None,
        seed: int | None = None,
        max_length: int = 512,
        keep_checkpoints: bool | None = None,
        retrain: bool = False,
        limit: int | None = None,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> TrainedLosses:
        """Train a proxy and record every member's loss at each checkpoint; see `catalog.compute.losses.train.train_losses`."""
        from catalog.compute.losses.train import train_losses

        asked = {
            "epochs": epochs,
            "checkpoints": checkpoints,
            "learning_rate": learning_rate,
            "batch": batch,
            "warmup": warmup,
        }
        return train_losses(
            self.home,
            self.find(reference),
            proxy=proxy,
            recipe=asked | {"seed": seed},
            max_length=max_length,
            keep_checkpoints=keep_checkpoints,
            is_retrain=retrain,
            limit=limit,
            wait=self.wait,
            progress=progress,
        )
