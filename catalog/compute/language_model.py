"""Find a causal language model by name: a proxy trained here, a Hugging Face id, or a path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from catalog.compute.loading import loading
from catalog.compute.proxies import proxy_name, trained_proxy
from catalog.compute.turns import same_values
from catalog.signals.kind_options import Kind
from catalog.signals.registry import Signal, ensure_signal, list_named
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM
    from catalog.models.tokens import Tokens

BATCH_ORDER = 3  # of rows in a language model's batches: 2, padded; 3, packed if it is a Llama


class LanguageModel:
    """Causal language model that is loaded when first needed, so never by a run without work.

    Attributes:
        name: what its signals are called: ``tiny``, or the last part of a hub id or path.
        source: what is loaded: a hub id or a folder.
    """

    def __init__(
        self,
        store: Store,
        name: str,
    ) -> None:
        self.name = proxy_name(name)
        self.source = trained_proxy(store, name)
        self.is_trained_here = self.source != name
        self._loaded: CausalLM | None = None
        self._identity: dict[str, Any] | None = None

    def identity(self) -> dict[str, Any]:
        """Return what decides its numbers, without the precision; read from its files.

        Raises:
            ModelNotFoundError: there is no such model here.
        """
        from catalog.models.causal_lm import lm_identity

        if self._identity is None:
            described = lm_identity(self.source, dtype="")
            if self.is_trained_here:
                described["model"] = self.name
            self._identity = resumable(described)
        return self._identity

    def load(self, dtype: str = "auto") -> CausalLM:
        """Return the model, loaded again only for another precision."""
        if self._loaded is None or dtype not in ("auto", self._loaded.dtype):
            with loading():
                from catalog.models.causal_lm import load_causal_lm

                self._loaded = load_causal_lm(self.source, dtype=dtype)
        return self._loaded

    def release(self) -> None:
        """Release the memory."""
        self._loaded = None


def model_signal(
    store: Store,
    reference: Reference,
    model: LanguageModel,
    *,
    kind: Kind,
    name: str,
    identity: Mapping[str, Any],
    dimension: int | None = None,
    has_vectors: bool = False,
    details: Mapping[str, Any] | None = None,
) -> Signal:
    """Return the signal that a model computes, created if it is new.

    The precision and the order of batches are chosen once, when the signal is made: an existing
    signal keeps its own, on any device. A signal of other turns serves where the members have the
    same values under it.
    """
    with store.reading() as connection:
        known = list_named(connection, kind=kind, name=name)
        for wanted in same_values(connection, reference, identity):
            for signal in known:
                if resumable(signal.identity) == wanted:
                    return signal
    whole = dict(identity) | {"dtype": model.load().dtype, "batch_order": BATCH_ORDER}
    with store.writing() as connection:
        return ensure_signal(
            connection,
            kind=kind,
            name=name,
            identity=whole,
            dimension=dimension,
            has_vectors=has_vectors,
            details=details,
        )


def resumable(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return an identity without the precision and the order of batches.

    A signal that is continued keeps both.

    >>> resumable({"model": "m", "dtype": "float32", "batch_order": 2})
    {'model': 'm'}
    """
    return {key: value for key, value in identity.items() if key not in ("dtype", "batch_order")}


def instructions_of(texts: pa.Table) -> list[dict[str, Any]]:
    """Return one shard's texts as a template reads them: messages, system, tools."""
    rows: list[dict[str, Any]] = texts.select(["messages", "system", "tools"]).to_pylist()
    return rows


def tokens_of_texts(texts: pa.Table, lm: CausalLM, *, max_length: int, turns: str) -> list[Tokens]:
    """Return one shard's texts as token ids under the model's template."""
    from catalog.models.tokens import tokens_of

    tokens = tokens_of(
        instructions_of(texts),
        tokenizer=lm.tokenizer,
        template=lm.template,
        max_length=max_length,
        turns=turns,
    )
    lm.require_positions(tokens)
    return tokens
