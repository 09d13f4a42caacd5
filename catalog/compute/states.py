"""Token states: the pre-logit hidden states that predict a response, which FisherSFT selects by (Deb et al. 2025, arXiv 2505.14826)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from catalog.compute.language_model import LanguageModel, model_signal, resumable, tokens_of_texts
from catalog.compute.shard_runner import (
    SHARD_ROWS,
    ComputeReport,
    Progress,
    Values,
    compute,
    read_texts,
)
from catalog.errors import SignalError
from catalog.signals.kinds import Dtype, StatesOptions
from catalog.signals.kinds import Projection as ProjectionKind
from catalog.signals.registry import Signal, list_named
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM
    from catalog.models.projection import Projection
    from catalog.models.states import States

VERSION = 1  # of this computation; a change that changes values counts it up
SHARD_BYTES = 64 * 2**20  # what one shard's states may hold in memory
SAMPLE = 1000  # instructions that a projection is fitted and measured on
SAMPLE_ROWS = 20_000  # and of their states, at most


def compute_states(
    store: Store,
    reference: Reference,
    *,
    model: str,
    max_tokens: int = StatesOptions.max_tokens,
    max_length: int = StatesOptions.max_length,
    project_to: int | None = StatesOptions.project_to,
    projection: ProjectionKind = StatesOptions.projection,
    seed: int = StatesOptions.seed,
    dtype: Dtype = StatesOptions.dtype,
    limit: int | None = None,
    progress: Progress | None = None,
) -> ComputeReport:
    """Take the token states of the members that have none yet.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        model: a proxy that was trained here, such as ``tiny``; else a Hugging Face id or a path.
        max_tokens: response tokens of an instruction at most.
        max_length: the window in tokens.
        project_to: fewer dimensions, if any; the distortion is measured on a sample and kept in the signal's details.
        projection: ``jl`` (a seeded Gaussian matrix) or ``pca`` (fitted on a sample); made once, then found again.
        seed: of the projection.
        dtype: the number type in the vector store.
        limit: only a sample of that many, to see what the rest would cost.
        progress: told after each shard.

    Raises:
        ModelNotFoundError: there is no such model here.
        SignalError: ``tiny`` was not trained yet, or the model has no plain states.
        OptionError: an option is out of its range.
    """
    options = StatesOptions(
        max_tokens=max_tokens,
        max_length=max_length,
        project_to=project_to,
        projection=projection,
        seed=seed,
        dtype=dtype,
    )
    models = LanguageModel(store, model)
    signal = _signal(store, reference, models, options)

    def shard_values(texts: pa.Table) -> Values:
        return _values(
            models.load(signal.identity["dtype"]),
            texts,
            options,
            projection=_kept_projection(store, signal),
        )

    rows = shard_rows(signal.dimension or 1, options)
    return compute(
        store, reference, signal, shard_values, shard_rows=rows, limit=limit, progress=progress
    )


def shard_rows(dimension: int, options: StatesOptions) -> int:
    """How many instructions fit into one shard: a number that depends on the signal alone, so that a resumed run makes equal shards."""
    each = options.max_tokens * dimension * (2 if options.dtype == "float16" else 4)
    return int(np.clip(SHARD_BYTES // each, 32, SHARD_ROWS))


def _signal(
    store: Store,
    reference: Reference,
    model: LanguageModel,
    options: StatesOptions,
) -> Signal:
    wanted = model.identity() | options.identity() | {"version": VERSION}
    with store.reading() as connection:
        for signal in list_named(connection, kind="states", name=model.name):
            if _without_matrix(signal.identity) == wanted:
                return signal
    lm = model.load()
    if not lm.is_state_plain:  # before anything is written
        raise SignalError(
            f"{model.name}: its LM head does not read the base model's last hidden state, so that it has no states to take"
        )
    details: dict[str, Any] = {}
    if options.project_to:
        made = _make_projection(store, reference, lm, options)
        wanted["projection"] = made.identity()
        details = {
            "distortion": {
                key: None if np.isnan(value) else round(value, 6)
                for key, value in made.distortion.items()
            }
        }
    return model_signal(
        store,
        model,
        kind="states",
        name=model.name,
        identity=wanted,
        dimension=options.project_to or lm.dimension,
        has_vectors=True,
        details=details,
    )


def _without_matrix(identity: Mapping[str, Any]) -> dict[str, Any]:
    answer = resumable(identity)
    if answer.get("projection"):
        answer["projection"] = {
            key: value for key, value in answer["projection"].items() if key != "matrix"
        }
    return answer


def _make_projection(
    store: Store,
    reference: Reference,
    lm: CausalLM,
    options: StatesOptions,
) -> Projection:
    """Draw or fit the projection, and keep its matrix under the hash that the signal's identity holds."""
    from catalog.models.projection import johnson_lindenstrauss, principal_components

    assert options.project_to is not None  # asked for
    sample = _sample(store, reference, lm, options)
    if options.projection == "jl":
        made = johnson_lindenstrauss(
            lm.dimension, dim=options.project_to, seed=options.seed, sample=sample
        )
    else:
        made = principal_components(sample, dim=options.project_to, seed=options.seed)
    file = store.models / f"projection-{made.identity()['matrix'][:16]}.npy"
    store.models.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft.npy")
    try:
        np.save(draft, made.matrix)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return made


def _kept_projection(store: Store, signal: Signal) -> Projection | None:
    wanted = signal.identity["projection"]
    if not wanted:
        return None
    from catalog.models.projection import Projection

    file = store.models / f"projection-{wanted['matrix'][:16]}.npy"
    if not file.is_file():
        raise SignalError(
            f"{file}: the projection of the states of {signal.name} is gone; restore it, or choose another --seed to begin anew"
        )
    matrix = np.load(file)
    if hashlib.sha256(np.ascontiguousarray(matrix).tobytes()).hexdigest() != wanted["matrix"]:
        raise SignalError(
            f"{file}: is not the projection that the states of {signal.name} were made with; restore it"
        )
    return Projection(wanted["kind"], matrix, wanted["seed"], {})


def _sample(
    store: Store,
    reference: Reference,
    lm: CausalLM,
    options: StatesOptions,
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """States, float32 (n, d), of a fair draw of the members."""
    from catalog.models.states import token_states

    at = reference.parameters
    with store.reading() as connection:
        drawn = connection.sql(
            query("signals/missing_sample"), params=at | {"signal_id": -1, "n": SAMPLE}
        ).to_arrow_table()
    tokens = tokens_of_texts(read_texts(store, drawn), lm, max_length=options.max_length)
    per_instruction = min(options.max_tokens, max(1, SAMPLE_ROWS // max(1, len(tokens))))
    return token_states(lm, tokens, max_tokens=per_instruction, dtype="float32").vectors


def _values(
    lm: CausalLM, texts: pa.Table, options: StatesOptions, *, projection: Projection | None
) -> Values:
    from catalog.models.states import token_states

    tokens = tokens_of_texts(texts, lm, max_length=options.max_length)
    made = token_states(
        lm, tokens, max_tokens=options.max_tokens, projection=projection, dtype=options.dtype
    )
    ids = texts["instruction_id"].to_numpy()
    has_rows = np.array([reason is None for reason in made.reasons], dtype=bool)
    gaps = [(int(i), reason) for i, reason in zip(ids, made.reasons, strict=True) if reason]
    return Values(
        pa.table({"instruction_id": pa.array(ids[has_rows]), "states": _lists(made, has_rows)}),
        gaps=gaps,
        n_tokens=sum(len(one.ids) for one in tokens),
        n_truncated=sum(one.is_truncated or one.n_response > options.max_tokens for one in tokens),
    )


def _lists(made: States, has_rows: np.ndarray[Any, np.dtype[np.bool_]]) -> pa.Array:
    """States as list<fixed_size_list<float16, d>>; those without a row take no space among the vectors."""
    vectors = pa.FixedSizeListArray.from_arrays(
        pa.array(made.vectors.reshape(-1)), made.vectors.shape[1]
    )
    offsets = np.append(made.offsets[:-1][has_rows], made.offsets[-1]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), vectors)


def distortion(signal: Signal) -> str | None:
    """What a projection changed, in words; None without one."""
    found = signal.details.get("distortion")
    if not found:
        return None
    words = json.dumps(found) if any(value is None for value in found.values()) else None
    return words or (
        f"projected to {signal.dimension} dimensions: squared distances change by {found['mean']:.1%} on average, "
        f"{found['p99']:.1%} at the 99th percentile; {found['energy']:.1%} of the squared length is kept"
    )
