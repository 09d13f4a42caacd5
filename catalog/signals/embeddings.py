"""Embeddings: a vector for every instruction, from any sentence-transformers model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from catalog.errors import OptionError
from catalog.signals.frame import Progress, Report, Values, compute
from catalog.signals.language_model import without_dtype
from catalog.signals.registry import Signal, ensure_signal, list_named
from catalog.store.database import WAIT, reading, writing
from catalog.store.folders import Home
from catalog.store.references import Reference

if TYPE_CHECKING:
    from catalog.models.encoder import Encoder

ENCODER = "all-MiniLM-L6-v2"
VERSION = 1  # of this computation; a change that changes values counts it up
Field = Literal["prompt", "conversation"]
Store = Literal["float32", "float16"]


def embed(
    home: Home,
    reference: Reference,
    *,
    encoder: str = ENCODER,
    field: Field = "prompt",
    store: Store = "float32",
    limit: int | None = None,
    wait: float = WAIT,
    progress: Progress | None = None,
) -> Report:
    """Embed the members of a pool or subset that have no vector yet.

    Args:
        home: the catalog's folder.
        reference: whose members.
        encoder: a Hugging Face id or a local path of a sentence-transformers model.
        field: what is embedded: the prompt (as ILA does), or prompt and response.
        store: the number type in the vector store; float16 halves the disk.
        limit: only a sample of that many, to see what the rest would cost.
        wait: seconds to wait for another process.
        progress: told after each shard.

    Raises:
        ModelNotFoundError: there is no such encoder here.
        OptionError: another field or store.
    """
    if field not in ("prompt", "conversation") or store not in ("float32", "float16"):
        raise OptionError(f"embed takes --field prompt or conversation and --store float32 or float16, not {field!r} and {store!r}")
    models = _Model(encoder)
    signal = embedding_signal(home, models, field=field, store=store, wait=wait)

    def shard_values(texts: pa.Table) -> Values:
        return _values(models.load(signal.identity["dtype"]), texts, field=field, store=store)

    return compute(home, reference, signal, shard_values, limit=limit, wait=wait, progress=progress)


class _Model:
    """An encoder by name, loaded when first needed: a run that finds nothing missing never loads it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._loaded: Encoder | None = None

    def load(self, dtype: str = "auto") -> Encoder:
        from catalog.models.encoder import load_encoder

        if self._loaded is None:
            self._loaded = load_encoder(self.name, dtype=dtype)
        return self._loaded

    def identity(self) -> dict[str, Any]:
        from catalog.models.encoder import encoder_identity

        return encoder_identity(self.name)


def embedding_signal(home: Home, model: _Model, *, field: Field, store: Store, wait: float = WAIT) -> Signal:
    """The signal of an encoder, made when it is new.

    Whether bfloat16 pays is measured once, when the signal is made: a signal that is there keeps its precision.
    """
    identity = model.identity() | {"field": field, "store": store, "version": VERSION}
    name = str(identity["model"]).rsplit("/", 1)[-1]
    if home.database.exists():
        with reading(home, wait=wait) as connection:
            for signal in list_named(connection, kind="embedding", name=name):
                if without_dtype(signal.identity) == identity:
                    return signal
    encoder = model.load()
    with writing(home, wait=wait) as connection:
        return ensure_signal(
            connection,
            kind="embedding",
            name=name,
            identity=identity | {"dtype": encoder.dtype},
            dimension=encoder.dimension,
            has_vectors=True,
        )


def embedded_text(prompt: str, response: str | None, *, field: str) -> str:
    """What is embedded of an instruction.

    >>> embedded_text("What?", "That.", field="conversation")
    'What?\\n\\nThat.'
    """
    return prompt if field == "prompt" or response is None else f"{prompt}\n\n{response}"


def _values(encoder: Encoder, texts: pa.Table, *, field: Field, store: Store) -> Values:
    pairs = zip(texts["prompt"].to_pylist(), texts["response"].to_pylist(), strict=True)
    made = encoder.encode([embedded_text(prompt, response, field=field) for prompt, response in pairs])
    numbers = pa.array(made.vectors.astype(store).reshape(-1))
    vectors = pa.FixedSizeListArray.from_arrays(numbers, encoder.dimension)
    rows = pa.table({"instruction_id": texts["instruction_id"], "vector": vectors})
    return Values(rows, n_tokens=made.n_tokens, n_truncated=made.n_truncated)
