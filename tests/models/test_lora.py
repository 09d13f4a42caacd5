"""Adapters and the gradients of single examples for them, against autograd on whole weights."""

import copy
from typing import Any

import numpy as np
import pytest
import torch

from catalog.errors import OptionError
from catalog.models import rademacher as module
from catalog.models.lora import add_lora, example_gradients
from catalog.models.lora_shape import LoraShape
from catalog.models.rademacher import rademacher
from catalog.models.tokens import Tokens, tokens_of
from tests.models.conftest import FAMILIES, family_model
from tests.quick import few_of

SHAPE = LoraShape(r=3, alpha=6)


@pytest.fixture
def texts(tiny: Any, instructions: list[dict[str, Any]]) -> list[Tokens]:
    made = tokens_of(instructions, tokenizer=tiny.tokenizer, template=tiny.template)
    several = next(each for each in made if each.n_response > 5)
    middle = (several.start + 1, several.start + 3)
    return [*made[:6], Tokens(several.ids, several.start, between=(middle,))]


def plain(lm: Any, layers: list[tuple[Any, Any, Any]], each: Tokens, scale: float) -> Any:
    """Return one example's gradient by those for the whole weights of a model without adapters."""
    logits = lm.model(torch.from_numpy(each.ids.astype(np.int64))[None]).logits[0]
    places = [place for start, end in each.spans for place in range(start, end)]
    logs = logits.log_softmax(-1)
    loss = -sum(logs[place - 1, each.ids[place]] for place in places) / len(places)
    parts = []
    for (layer, a, b), g in zip(
        layers, torch.autograd.grad(loss, [layer.weight for layer, *_ in layers]), strict=True
    ):
        wide = g if hasattr(layer, "in_features") else g.T
        parts += [scale * (b.T @ wide).reshape(-1), scale * (wide @ a.T).reshape(-1)]
    return torch.cat(parts)


def merged(lm: Any, lora: Any, plain_lm: Any) -> list[tuple[Any, Any, Any]]:
    """Write the adapters into the weights of a copy; return its layers with A and B."""
    names = {id(module): name for name, module in lm.model.named_modules()}
    by_name = dict(plain_lm.model.named_modules())
    layers = []
    for layer in lora.layers:
        a, b = layer.lora_a.detach(), layer.lora_b.detach()
        whole = by_name[names[id(layer)]]
        change = b @ a * lora.shape.alpha / lora.shape.r
        with torch.no_grad():
            whole.weight += change if hasattr(layer, "in_features") else change.T
        layers.append((whole, a, b))
    return layers


@pytest.mark.parametrize("family", few_of(FAMILIES, "llama", "gpt2"))
def test_gradients_are_those_of_the_merged_weights(
    tiny: Any, texts: list[Tokens], family: str
) -> None:
    lm = copy.copy(tiny)
    tokenizer = tiny.tokenizer
    lm.model = family_model(family, vocabulary=len(tokenizer), eos=tokenizer.eos_token_id)
    lm.is_head_plain, lm.is_state_plain = lm._examine()
    plain_lm = copy.copy(lm)
    plain_lm.model = copy.deepcopy(lm.model)
    lora = add_lora(lm, SHAPE, seed=1)
    weights = torch.randn(lora.n_parameters, generator=torch.Generator().manual_seed(0)) / 9
    lora.load(weights)
    assert torch.equal(lora.weights(), weights)
    layers = merged(lm, lora, plain_lm)
    found = example_gradients(lm, lora, texts)
    scale = SHAPE.alpha / SHAPE.r
    wanted = torch.stack([plain(plain_lm, layers, each, scale) for each in texts])
    assert found.shape == (7, lora.n_parameters)
    assert torch.allclose(found, wanted, rtol=1e-3, atol=1e-5 * float(wanted.abs().max()))


def test_adapters_start_as_no_change_and_are_all_that_is_trained(
    tiny: Any, texts: list[Tokens]
) -> None:
    lm = copy.copy(tiny)
    lm.model = copy.deepcopy(tiny.model)
    lora = add_lora(lm, SHAPE, seed=0)
    ids = torch.from_numpy(texts[0].ids.astype(np.int64))[None]
    assert torch.equal(lm.model(ids).logits, tiny.model(ids).logits)
    trained = {name for name, each in lm.model.named_parameters() if each.requires_grad}
    assert all(name.rsplit(".", 1)[-1] in ("lora_a", "lora_b") for name in trained)
    assert len(trained) == 2 * len(lora.layers) == 2 * 4 * 2


@pytest.mark.parametrize("text", ["", "r", "r=0", "r=8,alpha=x", "rank=8", "r=8,drop=1"])
def test_a_text_that_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="lora: expected"):
        LoraShape.parsed(text)


def test_a_projection_is_one_matrix_whatever_is_projected_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BLOCK", 64 * 10)
    vectors = torch.randn(3, 35, generator=torch.Generator().manual_seed(0))  # of four blocks
    both = rademacher(vectors, dim=64, seed=7)
    matrix = rademacher(torch.eye(35), dim=64, seed=7)
    assert torch.allclose(vectors @ matrix, both, atol=1e-5)
    assert set((matrix * 8).flatten().tolist()) == {-1.0, 1.0}
    assert abs(float(matrix.mean())) < 0.02
    assert not torch.allclose(rademacher(vectors, dim=64, seed=8), both, atol=0.1)
    lengths = rademacher(vectors, dim=4096, seed=0).norm(dim=1) / vectors.norm(dim=1)
    assert torch.allclose(lengths, torch.ones(3), atol=0.1)


@pytest.mark.parametrize("family", few_of(FAMILIES, "gpt2"))
def test_merged_adapters_give_the_numbers_of_adapters_beside_their_layers(
    tiny: Any, texts: list[Tokens], family: str
) -> None:
    lm = copy.copy(tiny)
    tokenizer = tiny.tokenizer
    lm.model = family_model(family, vocabulary=len(tokenizer), eos=tokenizer.eos_token_id)
    names = [name for name, _ in lm.model.named_parameters()]
    lora = add_lora(lm, SHAPE, seed=1)
    lora.load(torch.randn(lora.n_parameters, generator=torch.Generator().manual_seed(0)) / 9)
    ids = torch.from_numpy(texts[0].ids.astype(np.int64))[None]
    with torch.no_grad():
        before = lm.model(ids).logits
        lora.merge()
        assert torch.allclose(lm.model(ids).logits, before, atol=1e-4)
    assert [name for name, _ in lm.model.named_parameters()] == names
