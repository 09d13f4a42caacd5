"""Labels of a taxonomy by vector search: ILA's K where a pool has no labels of its own."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.compute.few_vectors import BATCH_ROWS
from catalog.compute.shard_run import ShardRun
from catalog.compute.shard_runner import ComputeReport, Progress, exclusively, missing
from catalog.compute.shard_writer import Values
from catalog.compute.similarity import (
    Ids,
    Vectors,
    complete_embedding,
    text_vectors,
    unit_batches,
)
from catalog.engine import Engine
from catalog.engine.local import Local
from catalog.errors import SourceError
from catalog.query.checked_vectors import naming_damage
from catalog.signals.kind_options import ENCODER
from catalog.signals.kinds.labels import LabelOptions
from catalog.signals.registry import Signal, ensure_signal
from catalog.store.references import Reference, count_members
from catalog.store.store import Store

VERSION = 1  # of this computation; a change that changes values counts it up


def label(
    store: Store,
    reference: Reference,
    taxonomy: Path,
    *,
    threshold: float = LabelOptions.threshold,
    encoder: str = ENCODER,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> ComputeReport:
    """Assign each member the taxonomy labels whose embeddings are closest to its own.

    Args:
        store: the catalog's files and database.
        reference: whose members; they are embedded.
        taxonomy: labels, one per line, or a JSON list or object (its keys and all items).
        threshold: the minimum cosine of a label.
        encoder: the encoder that embedded the members.
        progress: called after each shard.
        engine: where embeddings are compared; None is this process.

    Raises:
        SourceError: the file holds no names.
        OptionError: the threshold is out of its range.
        SignalError: the members are not embedded with that encoder.
    """
    LabelOptions(threshold=threshold)
    names = read_taxonomy(taxonomy)
    embedding = complete_embedding(store, reference, encoder)
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
    identity = {
        "embedding": embedding.identity_sha256,
        "taxonomy": digest,
        "threshold": threshold,
        "version": VERSION,
    }
    with store.writing() as connection:
        details = {"file": taxonomy.name, "n_names": len(names)}
        signal = ensure_signal(
            connection, kind="labels", name=taxonomy.stem, identity=identity, details=details
        )
    with exclusively(store, signal):
        return _label(
            store,
            reference,
            signal,
            embedding,
            names,
            encoder=encoder,
            threshold=threshold,
            progress=progress,
            engine=engine or Local(),
        )


def read_taxonomy(path: Path) -> list[str]:
    """Return the labels in a file, each once, in its order.

    Raises:
        SourceError: there are none, or the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        names = text.splitlines()
        if text.lstrip()[:1] in ("[", "{"):
            names = _names(json.loads(text))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SourceError(
            f"{path}: cannot be read as a list of names ({error}); write one a line, or a JSON list"
        ) from error
    answer = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not answer:
        raise SourceError(f"{path}: holds no names; write one a line, or a JSON list")
    return answer


def _names(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [name for key, below in value.items() for name in (str(key), *_names(below))]
    if isinstance(value, list):
        return [name for item in value for name in _names(item)]
    if value is None:
        return []
    return [str(value)]


def _label(
    store: Store,
    reference: Reference,
    signal: Signal,
    embedding: Signal,
    names: Sequence[str],
    *,
    encoder: str,
    threshold: float,
    progress: Progress | None,
    engine: Engine,
) -> ComputeReport:
    started = time.monotonic()
    with store.reading() as connection:
        todo = np.sort(missing(connection, reference, signal)["instruction_id"].to_numpy())
        n_members = count_members(connection, reference)
    report = ComputeReport(signal, n_members, n_members - len(todo))
    if not len(todo):
        return report
    wanted = text_vectors(encoder, embedding, list(names))  # (q, d)

    def values(batch: tuple[Ids, Vectors]) -> Values:
        ids, rows = batch
        labels = _labels(rows @ wanted.T, names, threshold=threshold)
        column = pa.array(labels, pa.list_(pa.string()))
        return Values(pa.table({"instruction_id": ids, "labels": column}))

    shards = ShardRun(store, signal, report, len(todo), BATCH_ROWS, engine, progress)
    with naming_damage("embedding", reference, encoder):
        batches = unit_batches(store, embedding, todo)
        shards.run(values, ((f"{len(batch[0]):,} instructions", batch) for batch in batches))
    report.seconds = time.monotonic() - started
    return report


def _labels(cosines: Vectors, names: Sequence[str], *, threshold: float) -> list[list[str]]:
    """Return the labels of each row of cosines (n, q), the nearest first."""
    near = [np.flatnonzero(row >= threshold) for row in cosines]
    return [
        [names[j] for j in found[np.argsort(-row[found], kind="stable")]]
        for row, found in zip(cosines, near, strict=True)
    ]
