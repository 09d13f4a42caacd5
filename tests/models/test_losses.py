from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from catalog.models.causal_lm import CausalLM
from catalog.models.losses import answer_losses, response_losses
from catalog.models.tokens import Tokens, tokens_of
from tests import quick


def plain_loss(model: Any, ids: list[int], start: int) -> float:
    """One example at a time, every logit, no padding: what the pass must equal."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0]  # (T, V)
    return float(F.cross_entropy(logits[start - 1 : -1], torch.tensor(ids[start:])))


def tokens(lm: Any, instructions: list[dict[str, Any]], **options: Any) -> list[Tokens]:
    return tokens_of(instructions, tokenizer=lm.tokenizer, template=lm.template, **options)


def test_losses_equal_a_plain_loop_in_every_family(
    family: Any, instructions: list[dict[str, Any]]
) -> None:
    encoded = tokens(family, instructions[-12:] if quick.is_default else instructions)
    expected = [plain_loss(family.model, one.ids.tolist(), one.start) for one in encoded]
    for budget in (1, 200, 4096):
        losses = response_losses(family, encoded, budget=budget)
        np.testing.assert_allclose(losses.mean, expected, atol=1e-4)
    assert np.std(expected) > 0.01  # a model that answers everything alike would prove nothing
    assert losses.n_tokens.tolist() == [len(one.ids) - one.start for one in encoded]
    np.testing.assert_allclose(losses.total, losses.mean * losses.n_tokens)


def test_the_end_of_sequence_counts_and_the_prompt_does_not(tiny: Any) -> None:
    one = {
        "messages": [
            {"role": "user", "content": "the river"},
            {"role": "assistant", "content": "light"},
        ]
    }
    (encoded,) = tokens(tiny, [one])
    assert encoded.ids[-1] == tiny.tokenizer.eos_token_id
    assert tiny.tokenizer.decode(encoded.ids[encoded.start : -1]) == "light"
    assert response_losses(tiny, [encoded]).n_tokens.tolist() == [
        len(tiny.tokenizer("light", add_special_tokens=False)["input_ids"]) + 1
    ]


def test_the_answer_alone_is_the_same_tokens_after_the_opening_token(
    family: Any, instructions: list[dict[str, Any]]
) -> None:
    encoded = tokens(family, instructions)
    alone = answer_losses(family, encoded)
    for one, mean, n_tokens, reason in zip(
        encoded, alone.mean, alone.n_tokens, alone.reasons, strict=True
    ):
        if len(one.ids) - one.start <= 2:
            assert reason == "one_token_response"
            continue
        assert mean == pytest.approx(
            plain_loss(family.model, [family.opening_id, *one.ids[one.start :].tolist()], 1),
            abs=1e-4,
        )
        assert n_tokens == len(one.ids) - one.start
    assert "one_token_response" in alone.reasons


def test_what_has_no_loss_has_a_reason_and_no_number(tiny: Any) -> None:
    odd = [
        {"messages": [{"role": "user", "content": "no answer"}]},
        {
            "messages": [
                {"role": "user", "content": "empty"},
                {"role": "assistant", "content": " \n"},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": "word " * 600},
                {"role": "assistant", "content": "light"},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": "long"},
                {"role": "assistant", "content": "light " * 600},
            ]
        },
    ]
    encoded = tokens(tiny, odd, max_length=512)
    losses = response_losses(tiny, encoded)
    assert losses.reasons == ["no_response", "empty_response", "prompt_fills_window", None]
    assert np.isnan(losses.mean).tolist() == [True, True, True, False]
    assert losses.n_tokens[:3].tolist() == [0, 0, 0]
    assert losses.n_tokens[3] == 512 - encoded[3].start
    alone = answer_losses(tiny, encoded)
    assert alone.reasons == [
        "no_response",
        "empty_response",
        "prompt_fills_window",
        "truncated_response",
    ]
    assert np.isnan(alone.mean).all()


def test_logits_taken_in_pieces_change_nothing(
    tiny: Any, instructions: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = tokens(tiny, instructions)
    whole = response_losses(tiny, encoded).mean
    monkeypatch.setattr("catalog.models.losses._LOGITS", 1)
    np.testing.assert_allclose(response_losses(tiny, encoded).mean, whole, atol=1e-5)


def test_nothing_in_gives_nothing_out(tiny: Any) -> None:
    losses = response_losses(tiny, [])
    assert losses.mean.shape == (0,)
    assert losses.reasons == []


def test_a_model_in_training_is_scored_without_dropout_and_goes_on_training(
    tiny: Any, instructions: list[dict[str, Any]]
) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    model: Any = GPT2LMHeadModel(
        GPT2Config(vocab_size=400, n_embd=32, n_layer=1, n_head=2, resid_pdrop=0.5, use_cache=False)
    )
    lm = CausalLM(model, tiny.tokenizer, "gpt2")
    encoded = tokens(lm, instructions[:6])
    quiet = response_losses(lm, encoded).mean
    lm.model.train()
    np.testing.assert_array_equal(response_losses(lm, encoded).mean, quiet)
    assert lm.model.training


def test_progress_adds_up_to_all_instructions_and_tokens(
    tiny: Any, instructions: list[dict[str, Any]]
) -> None:
    encoded = tokens(tiny, instructions)
    told: list[tuple[int, int]] = []
    response_losses(tiny, encoded, budget=300, progress=lambda n, t: told.append((n, t)))
    assert sum(n for n, _ in told) == len(encoded)
    assert sum(t for _, t in told) == sum(len(one.ids) for one in encoded)
