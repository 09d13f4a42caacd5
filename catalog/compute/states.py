"""Token states: the last-layer hidden states that predict a response.

FisherSFT selects by them (Deb et al. 2025, arXiv 2505.14826).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from catalog.compute.language_model import LanguageModel, model_signal, resumable, tokens_of_texts
from catalog.compute.shard_runner import SHARD_ROWS, ComputeReport, Progress, compute, read_texts
from catalog.compute.shard_writer import Values
from catalog.compute.turns import same_values
from catalog.engine import Engine
from catalog.engine.lazy import Lazy
from catalog.errors import SignalError
from catalog.signals.kind_options import Dtype, Turns
from catalog.signals.kinds.states import Projection as ProjectionKind
from catalog.signals.kinds.states import StatesOptions
from catalog.signals.registry import Signal, list_named
from catalog.store.atomic import replacing
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM
    from catalog.models.projection import Projection
    from catalog.models.states import States
    from catalog.models.tokens import Tokens

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
    turns: Turns = StatesOptions.turns,
    project_to: int | None = StatesOptions.project_to,
    projection: ProjectionKind = StatesOptions.projection,
    seed: int = StatesOptions.seed,
    dtype: Dtype = StatesOptions.dtype,
    limit: int | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> ComputeReport:
    """Extract the token states of the members that have none yet.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        model: a proxy that was trained here, such as ``tiny``; else a Hugging Face id or a path.
        max_tokens: the maximum number of response tokens per instruction.
        max_length: the maximum number of tokens per instruction.
        turns: all turns of the assistant that a trainer learns from, or the last.
        project_to: the number of dimensions to project to, if any; the distortion is measured on a
            sample and kept in the signal's details.
        projection: ``jl`` (a seeded Gaussian matrix) or ``pca`` (fitted on a sample); created once,
            then reused.
        seed: of the projection.
        dtype: the number type in the vector store.
        limit: the size of the sample to extract; None extracts every member.
        progress: called after each shard.
        engine: where shards are computed; None is this process.

    Raises:
        ModelNotFoundError: there is no such model here.
        SignalError: ``tiny`` was not trained yet, or the model has no plain states.
        OptionError: an option is out of its range.
    """
    options = StatesOptions(
        max_tokens=max_tokens,
        max_length=max_length,
        turns=turns,
        project_to=project_to,
        projection=projection,
        seed=seed,
        dtype=dtype,
    )
    models = LanguageModel(store, model)
    signal = _signal(store, reference, models, options)
    loaded = Lazy(partial(models.load, signal.identity["dtype"]))
    kept = Lazy(partial(_kept_projection, store, signal))

    def shard_values(texts: pa.Table) -> Values:
        return _values(loaded(), texts, options, projection=kept())

    rows = shard_rows(signal.dimension or 1, options)
    report = compute(
        *(store, reference, signal, shard_values),
        shard_rows=rows,
        limit=limit,
        progress=progress,
        engine=engine,
    )
    report.notes = tuple(filter(None, (distortion(signal),)))
    return report


def shard_rows(dimension: int, options: StatesOptions) -> int:
    """Return how many instructions fit into one shard; it depends on the signal alone."""
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
        known = list_named(connection, kind="states", name=model.name)
        for same in same_values(connection, reference, wanted):
            for signal in known:
                if _without_matrix(signal.identity) == same:
                    return signal
    lm = model.load()
    if not lm.is_state_plain:  # before anything is written
        raise SignalError(
            f"{model.name} has no token states: its LM head does not read the last hidden state"
        )
    details: dict[str, Any] = {}
    if options.project_to:
        computed = _make_projection(store, reference, lm, options)
        wanted["projection"] = computed.identity()
        details = {
            "distortion": {
                key: None if np.isnan(value) else round(value, 6)
                for key, value in computed.distortion.items()
            }
        }
    return model_signal(
        store,
        reference,
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
    """Sample or fit the projection, and keep its matrix under the hash in the signal's identity."""
    from catalog.models.projection import johnson_lindenstrauss, principal_components

    assert options.project_to is not None  # asked for
    sample = _sample(store, reference, lm, options)
    if options.projection == "jl":
        computed = johnson_lindenstrauss(
            lm.dimension, dim=options.project_to, seed=options.seed, sample=sample
        )
    else:
        computed = principal_components(sample, dim=options.project_to, seed=options.seed)
    file = store.models / f"projection-{computed.identity()['matrix'][:16]}.npy"
    store.models.mkdir(parents=True, exist_ok=True)
    with replacing(file) as temporary, temporary.open("wb") as stream:
        np.save(stream, computed.matrix)
    return computed


def _kept_projection(store: Store, signal: Signal) -> Projection | None:
    wanted = signal.identity["projection"]
    if not wanted:
        return None
    from catalog.models.projection import Projection

    file = store.models / f"projection-{wanted['matrix'][:16]}.npy"
    if not file.is_file():
        raise SignalError(
            f"{file}: the projection of the states of {signal.name} is missing: restore it, or "
            "choose another --seed to start anew"
        )
    matrix = np.load(file)
    if hashlib.sha256(np.ascontiguousarray(matrix).tobytes()).hexdigest() != wanted["matrix"]:
        raise SignalError(
            f"{file} is not the projection of the states of {signal.name}: restore it"
        )
    return Projection(wanted["kind"], matrix, wanted["seed"], {})


def _sample(
    store: Store,
    reference: Reference,
    lm: CausalLM,
    options: StatesOptions,
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return states, float32 (n, d), of a random sample of the members."""
    from catalog.models.states import token_states

    parameters = reference.parameters
    with store.reading() as connection:
        drawn = connection.sql(
            query("signals/missing_sample"), params=parameters | {"signal_id": -1, "n": SAMPLE}
        ).to_arrow_table()
    tokens = _tokens(lm, read_texts(store, drawn), options)
    per_instruction = min(options.max_tokens, max(1, SAMPLE_ROWS // max(1, len(tokens))))
    return token_states(lm, tokens, max_tokens=per_instruction, dtype="float32").vectors


def _tokens(lm: CausalLM, texts: pa.Table, options: StatesOptions) -> list[Tokens]:
    return tokens_of_texts(texts, lm, max_length=options.max_length, turns=options.turns)


def _values(
    lm: CausalLM, texts: pa.Table, options: StatesOptions, *, projection: Projection | None
) -> Values:
    from catalog.models.states import token_states

    tokens = _tokens(lm, texts, options)
    computed = token_states(
        lm, tokens, max_tokens=options.max_tokens, projection=projection, dtype=options.dtype
    )
    ids = texts["instruction_id"].to_numpy()
    has_rows = np.array([reason is None for reason in computed.reasons], dtype=bool)
    gaps = [(int(i), reason) for i, reason in zip(ids, computed.reasons, strict=True) if reason]
    return Values(
        pa.table({"instruction_id": pa.array(ids[has_rows]), "states": _lists(computed, has_rows)}),
        gaps=gaps,
        n_tokens=sum(len(each.ids) for each in tokens),
        n_truncated=sum(
            each.is_truncated or each.n_response > options.max_tokens for each in tokens
        ),
    )


def _lists(computed: States, has_rows: np.ndarray[Any, np.dtype[np.bool_]]) -> pa.Array:
    """Return states as list<fixed_size_list<float16, d>>, of the instructions that have some."""
    vectors = pa.FixedSizeListArray.from_arrays(
        pa.array(computed.vectors.reshape(-1)), computed.vectors.shape[1]
    )
    offsets = np.append(computed.offsets[:-1][has_rows], computed.offsets[-1]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), vectors)


def distortion(signal: Signal) -> str | None:
    """Return the distortion of a projection as text; None without one."""
    measured = signal.details.get("distortion")
    if not measured:
        return None
    words = json.dumps(measured) if any(value is None for value in measured.values()) else None
    return words or (
        f"projected to {signal.dimension} dimensions: squared distances change by "
        f"{measured['mean']:.1%} on average, {measured['p99']:.1%} at the 99th percentile; "
        f"{measured['energy']:.1%} of the squared length is kept"
    )
