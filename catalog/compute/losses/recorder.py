"""Recording the losses of members at the checkpoints of a training run, chunk by chunk.

A chunk is one short transaction, so a killed evaluation continues at its current chunk. A
trajectory exists (in ``signal_members``) only when all its checkpoints are recorded; until then it
is not read.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from catalog.compute.shard_runner import SHARD_ROWS, read_texts
from catalog.compute.shard_writer import Values, write_shard
from catalog.engine import Engine, Shard
from catalog.engine.local import Local
from catalog.models.losses import Losses, response_losses
from catalog.models.tokens import Tokens
from catalog.signals.registry import Signal
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.shard_hash import record_sha256
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM

NAN = "not_a_number"
Positions = np.ndarray[Any, np.dtype[np.int64]]
Step = Callable[[int, int], None]  # (instructions done, tokens done) since the last call


class Stopwatch:
    """Seconds between laps."""

    def __init__(self) -> None:
        self._at = time.monotonic()

    def lap(self) -> float:
        """Return the seconds since the last lap, or since the start."""
        before, self._at = self._at, time.monotonic()
        return self._at - before


@dataclass(frozen=True)
class Members:
    """Members that are scored, by fingerprint.

    Attributes:
        ids: int64 (n,).
        tokens: n instructions as the model reads them, perhaps on disk.
        usable: bool (n,), whether an instruction has a loss.
    """

    ids: np.ndarray[Any, np.dtype[np.int64]]
    tokens: Sequence[Tokens]
    usable: np.ndarray[Any, np.dtype[np.bool_]]


def list_members(connection: Connection, reference: Reference) -> pa.Table:
    """Return the members of a reference (``instruction_id``, ``fingerprint``) by fingerprint."""
    return connection.sql(query("losses/members"), params=reference.parameters).to_arrow_table()


def fingerprints_sha256(members: pa.Table) -> str:
    """Return the sha256 (hex) of members, from :func:`list_members`."""
    digest = hashlib.sha256()
    for chunk in members["fingerprint"].chunks:
        digest.update("\n".join([*chunk.to_pylist(), ""]).encode())
    return digest.hexdigest()


def texts_of(
    store: Store,
    members: pa.Table,
) -> Iterator[pa.Table]:
    """Yield the instructions of members, shard by shard, in the members' order."""
    for first in range(0, members.num_rows, SHARD_ROWS):
        yield read_texts(store, members.slice(first, SHARD_ROWS).select(["instruction_id"]))


def tokenised(
    store: Store,
    members: pa.Table,
    lm: CausalLM,
    *,
    folder: Path,
    max_length: int,
    turns: str,
) -> Members:
    """Return members as the model reads them, with their tokens on disk in a folder."""
    from catalog.models.token_file import write_tokens
    from catalog.models.tokens import tokens_of

    shards = (
        tokens_of(
            texts.to_pylist(),
            tokenizer=lm.tokenizer,
            template=lm.template,
            max_length=max_length,
            turns=turns,
        )
        for texts in texts_of(store, members)
    )
    tokens = write_tokens(folder, shards)
    lm.require_positions(tokens)
    usable = np.fromiter(
        (each.reason is None for each in tokens), dtype=np.bool_, count=len(tokens)
    )
    return Members(members["instruction_id"].to_numpy(), tokens, usable)


@dataclass(frozen=True)
class ScoredChunk:
    """Losses of a chunk, and its tokens; ``is_counted`` if its progress was reported."""

    losses: Losses
    counts: dict[str, Any]
    is_counted: bool


@dataclass
class ChunkLosses:
    """Computation of a chunk's losses under a model as it is now.

    Attributes:
        lm: the model.
        progress: called after each batch, in this process only.
    """

    lm: CausalLM
    progress: Step | None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the progress to the process that shows it."""
        return {"lm": self.lm, "progress": None}

    def __call__(self, shard: Shard[list[Tokens]]) -> ScoredChunk:
        """Return the losses of a chunk's members."""
        losses = response_losses(self.lm, shard.content, progress=self.progress)
        counts = {
            "n_tokens": sum(len(each.ids) for each in shard.content),
            "n_truncated": sum(each.is_truncated for each in shard.content),
        }
        return ScoredChunk(losses, counts, self.progress is not None)


def record_checkpoint(
    store: Store,
    signal: Signal,
    lm: CausalLM,
    members: Members,
    *,
    checkpoint: int,
    step: int,
    epoch: float,
    watch: Stopwatch,
    engine: Engine | None = None,
    chunk_rows: int = SHARD_ROWS,
    progress: Step | None = None,
) -> None:
    """Write every member's loss at one checkpoint, and then the checkpoint itself.

    Losses that an interrupted run wrote are skipped.

    Args:
        store: the catalog's files and database.
        signal: the trajectory.
        lm: the model as it is at this checkpoint.
        members: the members to score.
        checkpoint: its number, from 0; -1 before training.
        step: optimiser steps done.
        epoch: epochs done.
        watch: its laps are the recorded seconds of shards.
        engine: where members are scored; None is this process.
        chunk_rows: instructions in a chunk; fixed, so that a resumed run has the same batches, and
            the same values, as an uninterrupted one.
        progress: called with the instructions and tokens done, including an interrupted run's.
    """
    parameters = {"signal_id": signal.signal_id, "checkpoint": checkpoint}
    todo = _unrecorded(store, members, parameters)
    if progress:
        progress(int(members.usable.sum()) - len(todo), 0)
    chunks = [todo[first : first + chunk_rows] for first in range(0, len(todo), chunk_rows)]
    shards = _shards(chunks, members, of=f"losses of {signal.name} at checkpoint {checkpoint}")
    with closing((engine or Local()).run(ChunkLosses(lm, progress), shards)) as scored:
        for where, chunk in zip(chunks, scored, strict=True):
            if progress and not chunk.is_counted:
                progress(len(where), chunk.counts["n_tokens"])
            with store.writing() as connection:
                _write_chunk(
                    connection,
                    parameters,
                    members.ids[where],
                    chunk.losses,
                    counts=chunk.counts | {"seconds": watch.lap()},
                )
    with store.writing() as connection:
        connection.execute(
            query("losses/complete_checkpoint"), parameters | {"step": step, "epoch": epoch}
        )


def _unrecorded(store: Store, members: Members, parameters: Mapping[str, Any]) -> Positions:
    """Return the positions of usable members without a loss at a checkpoint."""
    with store.reading() as connection:
        rows = connection.sql(query("losses/recorded"), params=parameters).to_arrow_table()
    recorded = rows["instruction_id"].to_numpy()
    return np.flatnonzero(members.usable & ~np.isin(members.ids, recorded))


def _shards(
    chunks: Sequence[Positions], members: Members, *, of: str
) -> Iterator[Shard[list[Tokens]]]:
    """Yield the tokens of each chunk of members, given by positions."""
    for number, where in enumerate(chunks):
        tokens = [members.tokens[int(i)] for i in where]
        yield Shard(number, f"{len(where):,} {of}", tokens)


def finish_trajectories(
    store: Store,
    signal: Signal,
    members: Members,
    *,
    watch: Stopwatch,
) -> dict[str, int]:
    """Complete the trajectories, and return the number of members without one, by reason."""
    with store.writing() as connection:
        rows = connection.sql(
            query("losses/not_numbers"), params={"signal_id": signal.signal_id}
        ).to_arrow_table()
        broken = members.usable & np.isin(members.ids, rows["instruction_id"].to_numpy())
        gaps = [
            (int(members.ids[i]), str(members.tokens[int(i)].reason))
            for i in np.flatnonzero(~members.usable)
        ]
        gaps += [(int(i), NAN) for i in members.ids[broken]]
        kept = np.sort(members.ids[members.usable & ~broken])
        shard = write_shard(
            connection,
            store,
            signal,
            Values(pa.table({"instruction_id": kept}), gaps=gaps),
            seconds=watch.lap(),
        )
        record_sha256(connection, kind=signal.kind, signal_id=signal.signal_id, shard=shard)
    reasons: dict[str, int] = {}
    for _, reason in gaps:
        reasons[reason] = reasons.get(reason, 0) + 1
    return reasons


def _write_chunk(
    connection: Connection,
    parameters: dict[str, int],
    ids: np.ndarray[Any, np.dtype[np.int64]],
    losses: Losses,
    *,
    counts: dict[str, Any],
) -> None:
    mean = losses.mean.astype(np.float32)
    rows = {
        "instruction_id": ids,
        "loss": pa.array(mean, mask=~np.isfinite(mean)),
        "n_tokens": losses.n_tokens,
    }
    connection.register("checkpoint_losses", pa.table(rows))
    connection.execute(query("losses/insert"), parameters)
    ((shard,),) = connection.sql(
        query("signals/next_shard"), params={"signal_id": parameters["signal_id"]}
    ).fetchall()
    shard_row = {
        "signal_id": parameters["signal_id"],
        "shard": shard,
        "n_instructions": len(ids),
        "n_missing": 0,
    }
    # The shard that completes the trajectories has their hash.
    shard_row |= {"lance_version": None, "sha256": None}
    connection.execute(query("signals/insert_shard"), shard_row | counts)
