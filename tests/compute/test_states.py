"""Token states in the vector store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from catalog import Catalog
from catalog.compute.states import distortion
from catalog.errors import OptionError, SignalError
from catalog.store import vectors
from tests.copies import made_once

Write = Callable[..., Path]
Records = Callable[[int], list[dict[str, Any]]]


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write, records: Records) -> Catalog:
    odd = [{"instruction": "ask long " * 900, "input": "", "output": "yes it is"}]
    catalog.register(jsonl([*records(30), *odd]), pool="p")
    return catalog


def held(catalog: Catalog, table: str) -> dict[int, Any]:
    rows = vectors.read(catalog.store, table, columns=["instruction_id", "states"]).read_all()
    return dict(zip(rows["instruction_id"].to_pylist(), rows["states"].to_pylist(), strict=True))


def plain_states(catalog: Catalog, model: Path, *, max_tokens: int) -> dict[int, Any]:
    """The states of each instruction by itself, float32."""
    import torch

    from catalog.models.causal_lm import load_causal_lm
    from catalog.models.tokens import tokens_of

    lm = load_causal_lm(model)
    with catalog.store.reading() as connection:
        rows = (
            connection.sql("SELECT instruction_id, messages, system, tools FROM instructions")
            .to_arrow_table()
            .to_pylist()
        )
    answer = {}
    for row in rows:
        (one,) = tokens_of([row], tokenizer=lm.tokenizer, template=lm.template)
        if one.reason is None:
            with torch.inference_mode():
                states = (
                    lm.model(torch.tensor(one.ids.tolist())[None], output_hidden_states=True)
                    .hidden_states[-1][0]
                    .numpy()
                )  # (T, d)
            answer[row["instruction_id"]] = states[one.start - 1 : -1][:max_tokens]
    return answer


def test_states_are_those_of_one_instruction_alone(pool: Catalog, model: Path) -> None:
    report = pool.states("p", model=str(model), max_tokens=7)
    assert (report.n_computed, report.reasons) == (31, {"prompt_fills_window": 1})
    found, wanted = (
        held(pool, str(report.signal.lance_table)),
        plain_states(pool, model, max_tokens=7),
    )
    assert found.keys() == wanted.keys()
    for i in wanted:
        np.testing.assert_allclose(
            np.asarray(found[i], dtype=np.float32), wanted[i], atol=2e-3, rtol=2e-3
        )


def test_states_are_lists_of_fixed_size_float16_lists(pool: Catalog, model: Path) -> None:
    report = pool.states("p", model=str(model))
    schema = vectors.dataset(pool.store, str(report.signal.lance_table)).schema
    assert schema.names == ["instruction_id", "shard", "states"]
    assert schema.field("states").type == pa.list_(pa.list_(pa.float16(), 16))


@pytest.mark.slow
def test_the_same_states_are_not_taken_twice_and_a_new_version_costs_what_is_new(
    pool: Catalog, jsonl: Write, records: Records, model: Path
) -> None:
    pool.states("p", model=str(model))
    assert pool.states("p", model=str(model)).n_computed == 0
    pool.register(jsonl(records(34), "more.jsonl"), pool="p", mode="append")
    assert pool.states("p", model=str(model)).n_computed == 4


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jl", "pca"])
def test_a_projection_is_made_once_and_its_distortion_said(
    pool: Catalog, jsonl: Write, records: Records, model: Path, kind: Any
) -> None:
    report = pool.states("p", model=str(model), project_to=8, projection=kind)
    words = distortion(report.signal)
    assert words is not None
    assert "projected to 8 dimensions" in words
    (file,) = pool.store.models.glob("projection-*.npy")
    found, plain = (
        held(pool, str(report.signal.lance_table)),
        plain_states(pool, model, max_tokens=128),
    )
    for i in plain:
        np.testing.assert_allclose(
            np.asarray(found[i], dtype=np.float32), plain[i] @ np.load(file), atol=5e-3, rtol=5e-3
        )
    pool.register(jsonl(records(34), "more.jsonl"), pool="p", mode="append")
    again = pool.states("p", model=str(model), project_to=8, projection=kind)
    assert again.signal.signal_id == report.signal.signal_id
    assert again.n_computed == 4
    assert list(pool.store.models.glob("projection-*.npy")) == [file]


def test_a_lost_projection_is_refused_and_never_drawn_again(
    pool: Catalog, jsonl: Write, records: Records, model: Path
) -> None:
    pool.states("p", model=str(model), project_to=8, limit=4)
    (file,) = pool.store.models.glob("projection-*.npy")
    np.save(file, np.zeros((16, 8), dtype=np.float32))
    with pytest.raises(SignalError, match="is not the projection"):
        pool.states("p", model=str(model), project_to=8)
    file.unlink()
    with pytest.raises(SignalError, match="is missing"):
        pool.states("p", model=str(model), project_to=8)


def test_a_projection_to_as_many_dimensions_is_refused(pool: Catalog, model: Path) -> None:
    with pytest.raises(OptionError, match="16 dimensions"):
        pool.states("p", model=str(model), project_to=16)
