"""Embeddings by a causal language model, against a loop over texts without batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from catalog import Catalog
from catalog.errors import OptionError
from catalog.models.causal_lm import save_causal_lm
from catalog.models.encoder import load_encoder
from catalog.models.encoder_identity import encoder_identity
from catalog.models.position_weighted import PositionWeightedEncoder
from catalog.models.tiny import TinyShape, build_tiny

TEXTS = [
    "the river night",
    "a",
    "",
    "how much is two plus two? " * 9,
    "what light, what stone " * 40,
]
SHAPE = TinyShape(vocabulary=300, width=16, layers=2, heads=2, inner=32)


def by_loop(lm: Any, texts: list[str], *, max_tokens: int) -> np.ndarray[Any, Any]:
    vectors = []
    for text in texts:
        ids = lm.tokenizer(text)["input_ids"][:max_tokens] or [lm.opening_id]
        with torch.no_grad():
            states = lm.model.base_model(input_ids=torch.tensor([ids])).last_hidden_state[0]
        mean = sum(j * state for j, state in enumerate(states, start=1)) / sum(
            range(1, len(ids) + 1)
        )
        vectors.append((mean / mean.norm()).numpy())
    return np.stack(vectors)


@pytest.mark.parametrize("budget", [1, 64, 4096])
def test_vectors_are_states_weighted_by_position(family: Any, budget: int) -> None:
    encoder = PositionWeightedEncoder(family, name="lm:x", max_tokens=50)
    found = encoder.encode(TEXTS, budget=budget)
    expected = by_loop(family, TEXTS, max_tokens=50)
    np.testing.assert_allclose(found.vectors, expected, atol=1e-5)
    lengths = [len(ids) for ids in family.tokenizer(TEXTS)["input_ids"]]
    assert found.n_truncated == sum(length > 50 for length in lengths) > 0
    assert found.n_tokens == sum(min(max(length, 1), 50) for length in lengths)


def test_no_texts_have_no_vectors(tiny: Any) -> None:
    found = PositionWeightedEncoder(tiny, name="lm:x", max_tokens=9).encode([])
    assert found.vectors.shape == (0, tiny.dimension)


@pytest.fixture
def model(tmp_path: Path) -> str:
    save_causal_lm(build_tiny(["the river", "night light"], shape=SHAPE), tmp_path / "small")
    return f"lm:{tmp_path / 'small'}"


def test_a_language_model_is_an_encoder_by_its_prefix(model: str) -> None:
    encoder = load_encoder(model)
    assert encoder.encode(["river"]).vectors.shape == (1, 16)
    identity = encoder_identity(model)
    assert identity["model"] == "lm:small"
    assert identity["pooling"] == "position_weighted"
    assert encoder.identity() == identity | {"dtype": "float32"}


def test_a_pool_and_a_target_are_embedded_by_a_language_model(
    catalog: Catalog, tmp_path: Path, model: str
) -> None:
    for pool, numbers, purpose in (("p", range(9), "train"), ("dev", range(20, 23), "eval")):
        records = [{"instruction": f"river {i}", "output": f"night {i}"} for i in numbers]
        (tmp_path / f"{pool}.json").write_text(json.dumps(records))
        catalog.register(tmp_path / f"{pool}.json", pool=pool, purpose=purpose)
        report = catalog.embed(pool, encoder=model, pooling="position_weighted")
        assert report.signal.name == "lm:small"
        assert report.n_computed == len(numbers)
        assert catalog.embed(pool, encoder=model).n_computed == 0
    selected = catalog.select("rds", "p", budget=4, name="few", settings={"target": "dev"})
    assert selected.n_members == 4
    assert catalog.verify("few").is_same


def test_an_encoder_keeps_its_own_pooling(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps([{"instruction": "a", "output": "b"}]))
    catalog.register(tmp_path / "p.json", pool="p")
    with pytest.raises(OptionError, match="its own pooling") as caught:
        catalog.embed("p", pooling="position_weighted")
    assert "lm:MODEL" in str(caught.value)
