"""Embeddings: a vector for every instruction, from any sentence-transformers model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from catalog.compute.language_model import resumable
from catalog.compute.loading import loading
from catalog.compute.shard_runner import BATCH_ORDER, ComputeReport, Progress, compute
from catalog.compute.shard_writer import Values
from catalog.engine import Engine
from catalog.engine.lazy import Lazy
from catalog.errors import OptionError
from catalog.messages import argument
from catalog.signals.coverage import coverages, most_complete
from catalog.signals.kind_options import ENCODER, Dtype
from catalog.signals.kinds.embedding import EmbeddingOptions, Field, Pooling, Precision
from catalog.signals.registry import Signal, ensure_signal, list_named
from catalog.store.database import Connection
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.encoder import Encoder
    from catalog.models.position_weighted import PositionWeightedEncoder

VERSION = 1  # of this computation; a change that changes values counts it up
TEXTS_OF: dict[Field, tuple[str, ...]] = {
    "prompt": ("prompt",),
    "conversation": ("prompt", "response"),
}
"""Columns that each field is made of."""
USUAL = "float32"  # the precision of a new signal, on every machine


def embed(
    store: Store,
    reference: Reference,
    *,
    encoder: str = ENCODER,
    field: Field = EmbeddingOptions.field,
    dtype: Dtype = EmbeddingOptions.dtype,
    precision: Precision = EmbeddingOptions.precision,
    pooling: Pooling = EmbeddingOptions.pooling,
    limit: int | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> ComputeReport:
    """Embed the members of a pool or subset that have no vector yet.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        encoder: a Hugging Face id or a local path of a sentence-transformers model, or ``lm:`` and
            that of a causal language model.
        field: the text to embed: the prompt (as ILA does), or prompt and response.
        dtype: the number type in the vector store; float16 needs half the disk space.
        precision: of products, ``float32`` or ``bfloat16``. ``auto`` is the precision of the
            existing embeddings of members, else float32 on every machine; the report's notes name
            the precision and the reason.
        pooling: ``auto`` is the encoder's own; that of every ``lm:`` model is
            ``position_weighted``.
        limit: the size of the sample to embed; None embeds every member.
        progress: called after each shard.
        engine: where shards are computed; None is this process.

    Raises:
        ModelNotFoundError: there is no such encoder here.
        OptionError: another field, dtype or precision, or an encoder that bfloat16 costs accuracy.
    """
    EmbeddingOptions(field=field, dtype=dtype, precision=precision, pooling=pooling)
    _require_pooling(encoder, pooling)
    models = _Model(encoder)
    signal, notes = embedding_signal(
        store, reference, models, field=field, dtype=dtype, precision=precision
    )
    loaded = Lazy(partial(models.load, signal.identity["dtype"]))

    def shard_values(texts: pa.Table) -> Values:
        return _values(loaded(), texts, field=field, dtype=dtype)

    report = compute(
        *(store, reference, signal, shard_values),
        columns=TEXTS_OF[field],
        limit=limit,
        progress=progress,
        engine=engine,
    )
    report.notes = notes
    return report


def _require_pooling(encoder: str, pooling: Pooling) -> None:
    """Refuse to pool a sentence-transformers model otherwise than its makers do."""
    if pooling != "auto" and not encoder.startswith("lm:"):
        raise OptionError(
            f"{encoder} has its own pooling",
            next_step=f"for {pooling} use {argument('encoder', 'lm:MODEL')}",
        )


class _Model:
    """An encoder by name, loaded when first needed: not at all if nothing is missing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._loaded: Encoder | PositionWeightedEncoder | None = None

    def load(self, dtype: str) -> Encoder | PositionWeightedEncoder:
        if self._loaded is None:
            with loading():
                from catalog.models.encoder import load_encoder

                self._loaded = load_encoder(self.name, dtype=dtype)
        return self._loaded

    def identity(self) -> dict[str, Any]:
        from catalog.models.encoder_identity import encoder_identity

        return encoder_identity(self.name)


def embedding_signal(
    store: Store,
    reference: Reference,
    model: _Model,
    *,
    field: Field,
    dtype: Dtype,
    precision: Precision,
) -> tuple[Signal, tuple[str, ...]]:
    """Return the signal of an encoder, created if it is new, and notes about its precision."""
    identity = model.identity() | {"field": field, "store": dtype, "version": VERSION}
    name = _name(str(identity["model"]))
    with store.reading() as connection:
        known = [
            signal
            for signal in list_named(connection, kind="embedding", name=name)
            if resumable(signal.identity) == identity
        ]
        chosen: str = precision
        notes: tuple[str, ...] = ()
        if precision == "auto":
            chosen, notes = _precision(connection, reference, known)
    for signal in known:
        if signal.identity["dtype"] == chosen:
            return signal, notes
    return _new_signal(
        store, model, name, identity | {"dtype": chosen, "batch_order": BATCH_ORDER}
    ), notes


def _name(model: str) -> str:
    """Return the name of a model's embeddings: the last part of its id, after its prefix.

    >>> _name("sentence-transformers/all-MiniLM-L6-v2"), _name("lm:EleutherAI/pythia-70m")
    ('all-MiniLM-L6-v2', 'lm:pythia-70m')
    """
    from catalog.models.encoder_identity import PREFIX

    prefix = PREFIX if model.startswith(PREFIX) else ""
    return prefix + model.removeprefix(prefix).rsplit("/", 1)[-1]


def _precision(
    connection: Connection, reference: Reference, known: list[Signal]
) -> tuple[str, tuple[str, ...]]:
    """Return the precision of the existing embeddings, else the default, and a note about it."""
    numbers = {signal.signal_id for signal in known}
    covering = [
        coverage
        for coverage in coverages(connection, reference, kind="embedding")
        if coverage.signal_id in numbers and coverage.n_with_value
    ]
    if covering:
        best = most_complete(covering)
        n = f"{best.n_with_value:,} members of {reference}"
        return str(best.precision), (f"precision {best.precision}: {n} have vectors in it",)
    note = (
        f"precision {USUAL}: the default on every machine; "
        "--precision bfloat16 is faster where the processor supports it"
    )
    return USUAL, (note,)


def _new_signal(
    store: Store,
    model: _Model,
    name: str,
    identity: Mapping[str, Any],
) -> Signal:
    from catalog.models.encoder import Encoder, require_accuracy

    encoder = model.load(identity["dtype"])
    if isinstance(encoder, Encoder) and encoder.dtype == "bfloat16":
        require_accuracy(encoder)
    with store.writing() as connection:
        return ensure_signal(
            connection,
            kind="embedding",
            name=name,
            identity=identity,
            dimension=encoder.dimension,
            has_vectors=True,
        )


def embedded_text(*parts: str | None) -> str:
    """Return the text of an instruction that is embedded: a prompt, and perhaps its response.

    >>> embedded_text("What?", "That."), embedded_text("What?", None)
    ('What?\\n\\nThat.', 'What?')
    """
    return "\n\n".join(part for part in parts if part is not None)


def _values(
    encoder: Encoder | PositionWeightedEncoder, texts: pa.Table, *, field: Field, dtype: Dtype
) -> Values:
    parts = zip(*(texts[name].to_pylist() for name in TEXTS_OF[field]), strict=True)
    encoded = encoder.encode([embedded_text(*each) for each in parts])
    numbers = pa.array(encoded.vectors.astype(dtype).reshape(-1))
    vectors = pa.FixedSizeListArray.from_arrays(numbers, encoder.dimension)
    rows = pa.table({"instruction_id": texts["instruction_id"], "vector": vectors})
    return Values(rows, n_tokens=encoded.n_tokens, n_truncated=encoded.n_truncated)
