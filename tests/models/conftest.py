"""Models made on the spot: nothing here may reach for a network."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.quick import few_of

WORDS = (
    "the river night light field stone word small large add sum is are was why how what give "
    "three reasons for of and to in"
)
FAMILIES = ("llama", "neox", "gpt2", "qwen2", "qwen3")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Run on one thread: small models are slower on two, above all on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def sentence(rng: random.Random, n: int) -> str:
    return " ".join(rng.choice(WORDS.split()) for _ in range(n))


def instruction(prompt: str, response: str | None, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": prompt}]
    if response is not None:
        messages.append({"role": "assistant", "content": response})
    return {"messages": messages, "system": None, "tools": None, **more}


@pytest.fixture(scope="session")
def instructions() -> list[dict[str, Any]]:
    """Forty instructions of all lengths, the shortest response one token."""
    rng = random.Random(5)
    made = [
        instruction(sentence(rng, rng.randint(1, 40)), sentence(rng, rng.randint(1, 60)))
        for _ in range(38)
    ]
    return [
        *made,
        instruction("Say a.", "a"),
        instruction("Count in Greek: ένα", "ένα δύο τρία, 一二三 🙂"),
    ]


@pytest.fixture(scope="session")
def tiny(instructions: list[dict[str, Any]]) -> Any:
    """A small untrained proxy; tests that train it take a copy."""
    from catalog.models.tiny import TinyShape, build_tiny

    texts = [m["content"] for one in instructions for m in one["messages"]]
    return build_tiny(
        texts, seed=1, shape=TinyShape(vocabulary=400, width=32, layers=2, heads=2, inner=64)
    )


def family_model(family: str, *, vocabulary: int, eos: int) -> Any:
    """A random model of one family, large enough weights that its losses differ between tokens."""
    import torch
    import transformers as hf

    common = {
        "vocab_size": vocabulary,
        "bos_token_id": eos,
        "eos_token_id": eos,
        "use_cache": False,
    }
    sizes = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "initializer_range": 0.3,
    }
    make = {
        "llama": lambda: hf.LlamaForCausalLM(
            hf.LlamaConfig(**common, **sizes, num_key_value_heads=2)
        ),
        "neox": lambda: hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(**common, **sizes)),
        "gpt2": lambda: hf.GPT2LMHeadModel(
            hf.GPT2Config(
                **common, n_embd=32, n_layer=2, n_head=4, n_positions=512, initializer_range=0.3
            )
        ),
        "qwen2": lambda: hf.Qwen2ForCausalLM(
            hf.Qwen2Config(**common, **sizes, num_key_value_heads=2)
        ),
        "qwen3": lambda: hf.Qwen3ForCausalLM(
            hf.Qwen3Config(**common, **sizes, num_key_value_heads=2, head_dim=8)
        ),
        "gemma2": lambda: hf.Gemma2ForCausalLM(
            hf.Gemma2Config(
                **common, **sizes, num_key_value_heads=2, head_dim=8, final_logit_softcapping=3.0
            )
        ),
    }[family]
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return make().eval()


@pytest.fixture(scope="session", params=few_of([*FAMILIES, "gemma2"], "llama", "gpt2", "gemma2"))
def family(request: pytest.FixtureRequest, tiny: Any) -> Any:
    """A small random model of each family, with the tiny proxy's tokenizer."""
    from catalog.models.causal_lm import CausalLM

    model = family_model(
        request.param, vocabulary=len(tiny.tokenizer), eos=tiny.tokenizer.eos_token_id
    )
    return CausalLM(model, tiny.tokenizer, request.param)
