"""The packed forward pass of a Llama against transformers' own, one text at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.models.causal_lm import CausalLM
from catalog.models.llama import is_packable, packed_states
from catalog.models.losses import response_losses, response_nats
from catalog.models.packed import n_shared_tokens, pack
from catalog.models.tokens import Tokens
from tests.models.conftest import family_model
from tests.quick import examples

VOCABULARY = 60


class Doubled(torch.nn.Linear):
    """Layer that replaces a linear one, as adapters do; it has a weight, too."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(x)


@pytest.fixture(scope="module")
def llama(tiny: CausalLM) -> CausalLM:
    """Two layers, and two heads to each head of the keys."""
    model = family_model("llama", vocabulary=len(tiny.tokenizer), eos=2)
    return CausalLM(model, tiny.tokenizer, "llama")


@st.composite
def groups(draw: st.DrawFn) -> list[Tokens]:
    """Texts with a common beginning, some of them all of it, with one response or several."""
    ids = st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=12)
    preamble = draw(st.lists(st.integers(0, VOCABULARY - 1), max_size=6))
    texts = []
    for _ in range(draw(st.integers(1, 5))):
        parts = [draw(ids) for _ in range(draw(st.sampled_from([2, 2, 4])))]
        ends = np.cumsum([len(preamble)] + [len(part) for part in parts])
        whole = np.array(preamble + [i for part in parts for i in part], dtype=np.int32)
        between = ((int(ends[2]), int(ends[3])),) if len(parts) == 4 else ()
        texts.append(Tokens(whole, int(ends[1]), between=between))
    return texts


def plain_nats(lm: CausalLM, group: list[Tokens]) -> list[torch.Tensor]:
    """Return the cross-entropies of each text's response tokens from whole logits."""
    parts = []
    for each in group:
        ids = torch.from_numpy(each.ids).long()
        logits = lm.model(ids[None]).logits[0]
        nats = F.cross_entropy(logits[:-1], ids[1:], reduction="none")
        parts.append(torch.cat([nats[start - 1 : end - 1] for start, end in each.spans]))
    return parts


@settings(max_examples=examples(20))
@given(group=groups())
def test_nats_and_gradients_are_those_of_transformers(llama: CausalLM, group: list[Tokens]) -> None:
    assert is_packable(llama)
    weights = list(llama.model.parameters())
    nats, rows = response_nats(llama, group)
    ours = torch.autograd.grad((nats * torch.arange(1, len(nats) + 1)).mean(), weights)
    wanted = plain_nats(llama, group)
    assert rows.tolist() == [row for row, part in enumerate(wanted) for _ in part]
    whole = torch.cat(wanted)
    torch.testing.assert_close(nats, whole, atol=1e-5, rtol=1e-5)
    theirs = torch.autograd.grad((whole * torch.arange(1, len(whole) + 1)).mean(), weights)
    for our, their in zip(ours, theirs, strict=True):
        torch.testing.assert_close(our, their, atol=1e-4, rtol=1e-4)


@settings(max_examples=examples(30))
@given(group=groups())
def test_a_packed_batch_holds_each_token_once_and_the_preamble_once(group: list[Tokens]) -> None:
    packed = pack(group)
    n = n_shared_tokens(group)
    assert packed.n_shared == n < min(each.start for each in group)
    assert len(packed.ids) == n + sum(len(each.ids) - 1 - n for each in group)
    for row, each in enumerate(group):
        read = packed.ids[packed.places[row, : len(each.ids) - 1]]
        assert read.tolist() == each.ids[:-1].tolist()
        assert (packed.rows == row).sum() == each.n_response
    assert packed.positions[packed.predicting].max() < max(len(each.ids) for each in group) - 1


def test_the_preamble_ends_where_texts_differ_or_the_first_response_is_predicted() -> None:
    def text(*ids: int, start: int) -> Tokens:
        return Tokens(np.array(ids, dtype=np.int32), start)

    assert n_shared_tokens([text(1, 2, 3, 4, start=3), text(1, 2, 9, 4, 5, start=4)]) == 2
    assert n_shared_tokens([text(1, 2, 3, 4, start=3), text(1, 2, 3, 4, start=2)]) == 1
    assert n_shared_tokens([text(1, 2, 3, 4, start=3)]) == 2
    assert n_shared_tokens([text(1, 2, start=1), text(1, 3, start=1)]) == 0


def test_what_changes_a_layer_or_its_precision_is_not_packed(llama: CausalLM) -> None:
    layer = llama.model.model.layers[0].self_attn.q_proj
    hook = layer.register_forward_hook(lambda _module, _inputs, output: 2 * output)
    assert not is_packable(llama)
    hook.remove()
    assert is_packable(llama)
    assert not is_packable(CausalLM(llama.model, llama.tokenizer, "llama", "bfloat16"))
    attention = llama.model.model.layers[0].self_attn
    attention.q_proj = Doubled(*layer.weight.shape[::-1], bias=False)
    assert not is_packable(llama)
    attention.q_proj = layer
    assert is_packable(llama)


def test_states_are_those_before_the_head(llama: CausalLM, instructions: Any) -> None:
    texts = [Tokens(np.arange(n, dtype=np.int32), n // 2) for n in (4, 9, 7)]
    with torch.inference_mode():
        states = packed_states(llama.model, pack(texts))
        whole = [
            llama.states(torch.from_numpy(each.ids).long()[None])[0, each.start - 1 : -1]
            for each in texts
        ]
    torch.testing.assert_close(states, torch.cat(whole), atol=1e-5, rtol=1e-5)


def test_batches_change_a_loss_by_rounding_only(llama: CausalLM) -> None:
    random = np.random.default_rng(0)
    texts = [
        Tokens(np.append([5, 6, 7], random.integers(0, VOCABULARY, n)).astype(np.int32), 4)
        for n in random.integers(3, 40, 30)
    ]
    whole = response_losses(llama, texts, budget=4096).mean
    for budget in (1, 50, 300):
        losses = response_losses(llama, texts, budget=budget).mean
        np.testing.assert_allclose(losses, whole, atol=2e-6, rtol=0)
