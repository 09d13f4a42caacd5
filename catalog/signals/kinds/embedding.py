"""Embeddings: a vector of every instruction by an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from catalog.command import Command
from catalog.signals.kind_options import ENCODER, Dtype
from catalog.signals.options import Options, option
from catalog.signals.signal_kind import Computation, SignalKind

Field = Literal["prompt", "conversation"]
Precision = Literal["auto", "float32", "bfloat16"]
Pooling = Literal["auto", "position_weighted"]


@dataclass(frozen=True, kw_only=True)
class EmbeddingOptions(Options):
    """Options of `catalog embed`."""

    field: Field = option("prompt", choices=("prompt", "conversation"), help="Text to embed.")
    dtype: Dtype = option(
        "float32",
        choices=("float32", "float16"),
        identity="store",
        help="Number type of the stored vectors; float16 needs half the disk space.",
    )
    precision: Precision = option(
        "auto",
        choices=("auto", "float32", "bfloat16"),
        identity="dtype",
        effective="float32",
        help="Precision of the encoder's products; auto continues in the precision of the pool's "
        "existing vectors, else float32.",
    )
    pooling: Pooling = option(
        "auto",
        choices=("auto", "position_weighted"),
        identity=None,
        help="How the vectors of tokens become one; auto is the encoder's own. That of every "
        "causal language model, lm:MODEL, is position_weighted.",
    )


@dataclass(frozen=True, kw_only=True)
class EmbeddingInputs(Options):
    """Encoder of embeddings."""

    encoder: str = option(
        ENCODER,
        help="A Hugging Face id or a local path; after lm: that of a causal language model.",
    )


KIND = SignalKind(
    name="embedding",
    noun="embeddings",
    sql_argument="encoder",
    example=ENCODER,
    options=EmbeddingOptions,
    computation=Computation(
        "catalog.compute.embeddings:embed",
        "Compute an embedding of every member that does not have one yet.",
        inputs=EmbeddingInputs,
    ),
    command=Command(("embed",), "embed", ("{ref}",), (("encoder", "{name}"),)),
    bytes_per_value=4,
    values_per_instruction=384,
)
