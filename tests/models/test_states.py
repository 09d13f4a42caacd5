from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from catalog.errors import OptionError, SignalError
from catalog.models.projection import johnson_lindenstrauss, principal_components
from catalog.models.states import token_states
from catalog.models.tokens import tokens_of


def encode(lm: Any, instructions: list[dict[str, Any]]) -> Any:
    return tokens_of(instructions, tokenizer=lm.tokenizer, template=lm.template)


def test_states_times_the_head_are_the_logits(
    family: Any, instructions: list[dict[str, Any]]
) -> None:
    encoded = encode(family, instructions[:12])
    states = token_states(family, encoded, dtype="float32", budget=300)
    for i, one in enumerate(encoded):
        rows = torch.from_numpy(states.vectors[states.offsets[i] : states.offsets[i + 1]])
        with torch.no_grad():
            logits = family.model(input_ids=torch.from_numpy(one.ids).long()[None]).logits[
                0, one.start - 1 : -1
            ]
            product = family.model.get_output_embeddings()(rows)
        cap = getattr(
            family.model.config, "final_logit_softcapping", None
        )  # Gemma 2 bends its logits after the head
        product = torch.tanh(product / cap) * cap if cap else product
        torch.testing.assert_close(product, logits, atol=1e-4, rtol=1e-4)


def test_float16_states_are_the_float32_ones_rounded_and_capped(
    tiny: Any, instructions: list[dict[str, Any]]
) -> None:
    encoded = encode(tiny, [{"messages": []}, *instructions])
    wide = token_states(tiny, encoded, dtype="float32", max_tokens=10_000)
    narrow = token_states(tiny, encoded, max_tokens=5)
    assert narrow.vectors.dtype == np.float16
    assert narrow.reasons[0] == "no_response"
    assert narrow.offsets[1] == 0
    for i, one in enumerate(encoded):
        rows = narrow.vectors[narrow.offsets[i] : narrow.offsets[i + 1]]
        assert len(rows) == min(5, one.n_response)
        np.testing.assert_allclose(rows, wide.vectors[wide.offsets[i] :][: len(rows)], atol=2e-3)


def test_a_projection_is_a_product(tiny: Any, instructions: list[dict[str, Any]]) -> None:
    encoded = encode(tiny, instructions)
    wide = token_states(tiny, encoded, dtype="float32")
    projection = johnson_lindenstrauss(tiny.dimension, dim=8, seed=4, sample=wide.vectors)
    small = token_states(tiny, encoded, dtype="float32", projection=projection)
    np.testing.assert_allclose(small.vectors, wide.vectors @ projection.matrix, atol=1e-4)
    assert 0 < projection.distortion["mean"] < 1


def test_components_keep_a_flat_sample_and_random_maps_keep_lengths_on_average() -> None:
    rng = np.random.default_rng(0)
    flat = (rng.standard_normal((300, 5)) @ rng.standard_normal((5, 64))).astype(np.float32)
    pca = principal_components(flat, dim=5)
    assert pca.distortion["energy"] == pytest.approx(1, abs=1e-5)
    assert pca.distortion["p99"] < 1e-4
    np.testing.assert_allclose(pca.matrix.T @ pca.matrix, np.eye(5), atol=1e-5)
    round_ = rng.standard_normal((500, 400)).astype(np.float32)
    jl = johnson_lindenstrauss(400, dim=128, seed=1, sample=round_)
    assert jl.distortion["energy"] == pytest.approx(1, abs=0.1)
    assert 0.02 < jl.distortion["mean"] < 0.2  # sqrt(2 / 128) times sqrt(2 / pi) is 0.1
    assert jl.identity() == johnson_lindenstrauss(400, dim=128, seed=1).identity()
    assert jl.identity() != johnson_lindenstrauss(400, dim=128, seed=2).identity()


def test_what_cannot_be_projected_is_refused(tiny: Any, instructions: list[dict[str, Any]]) -> None:
    with pytest.raises(OptionError, match="from 1 to 63"):
        johnson_lindenstrauss(64, dim=64)
    with pytest.raises(OptionError, match="sample of 3"):
        principal_components(np.ones((3, 10), dtype=np.float32), dim=4)
    with pytest.raises(OptionError, match="at least 1 token"):
        token_states(tiny, encode(tiny, instructions[:1]), max_tokens=0)


def test_a_state_beyond_float16_is_refused(tiny: Any, instructions: list[dict[str, Any]]) -> None:
    huge = johnson_lindenstrauss(tiny.dimension, dim=4)
    huge.matrix[:] *= 1e7
    with pytest.raises(SignalError, match="float16"):
        token_states(tiny, encode(tiny, instructions[:2]), projection=huge)
