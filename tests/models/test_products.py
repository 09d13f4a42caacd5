"""Products of linear layers by oneDNN, against torch's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from catalog.models import products
from catalog.models.losses import response_losses, response_nats
from catalog.models.products import fast_products, is_mkl_slow
from catalog.models.tokens import tokens_of
from tests.quick import few_of

SHAPES = [(7, 5, 3), (64, 32, 48), (2, 3, 4, 5), (1, 1, 1)]


@pytest.fixture
def slow_mkl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute as on a processor on which MKL is slow."""
    monkeypatch.setattr(products, "is_mkl_slow", lambda: True)


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_product_and_its_gradients_are_those_of_torch(
    slow_mkl: None, shape: tuple[int, ...], has_bias: bool
) -> None:
    generator = torch.Generator().manual_seed(0)
    *rows, d_in, d_out = shape
    x = torch.randn(*rows, d_in, generator=generator, requires_grad=True)
    layer = torch.nn.Linear(d_in, d_out, bias=has_bias)
    inputs = [x, *layer.parameters()]
    y = layer(x)
    g = torch.randn(y.shape, generator=generator)
    wanted = torch.autograd.grad(y, inputs, g)
    with fast_products():
        z = layer(x)
        assert type(z.grad_fn).__name__ == "ProductBackward"
        found = torch.autograd.grad(z, inputs, g)
    torch.testing.assert_close(z, y, atol=1e-5, rtol=1e-5)
    for our, their in zip(found, wanted, strict=True):
        torch.testing.assert_close(our, their, atol=1e-5, rtol=1e-5)


def test_other_precisions_are_left_to_torch(slow_mkl: None) -> None:
    layer = torch.nn.Linear(4, 3).double()
    x = torch.ones(2, 4, dtype=torch.float64)
    with fast_products():
        assert torch.equal(layer(x), layer(x))
        assert type(layer(x).grad_fn).__name__ == "AddmmBackward0"
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.nn.Linear(4, 3)(x.float()).dtype == torch.bfloat16


@pytest.mark.parametrize("family", few_of(["tiny", "gpt2"], "tiny"))
def test_losses_and_their_gradients_differ_by_rounding_only(
    monkeypatch: pytest.MonkeyPatch, tiny: Any, instructions: list[dict[str, Any]], family: str
) -> None:
    from catalog.models.causal_lm import CausalLM
    from tests.models.conftest import family_model

    lm = tiny
    if family != "tiny":
        model = family_model(family, vocabulary=len(tiny.tokenizer), eos=2)
        lm = CausalLM(model, tiny.tokenizer, family)
    texts = tokens_of(instructions, tokenizer=lm.tokenizer, template=lm.template)
    found = []
    for is_slow in (False, True):
        monkeypatch.setattr(products, "is_mkl_slow", lambda is_slow=is_slow: is_slow)
        losses = response_losses(lm, texts).mean
        with fast_products():
            nats = response_nats(lm, texts[:9])[0].sum()
            gradients = torch.autograd.grad(nats, list(lm.model.parameters()))
        found.append((losses, torch.cat([each.reshape(-1) for each in gradients])))
    np.testing.assert_allclose(found[0][0], found[1][0], atol=1e-5)
    assert float((found[0][1] - found[1][1]).norm() / found[0][1].norm()) < 1e-5


def test_the_choice_follows_from_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    is_mkl_slow.cache_clear()
    assert not is_mkl_slow()
    is_mkl_slow.cache_clear()
