from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch

from catalog.errors import OptionError
from catalog.models.tiny import TinyShape, build_tiny

BUILD = """
import hashlib, random
from catalog.models.tiny import TinyShape, build_tiny
rng = random.Random(0)
texts = [" ".join("".join(rng.choices("abcde ", k=9)) for _ in range(40)) for _ in range(200)]
shape = TinyShape(vocabulary=700, width=16, layers=1, heads=2, inner=16)
lm = build_tiny(texts, seed=3, shape=shape)
digest = hashlib.sha256(lm.tokenizer.backend_tokenizer.to_str().encode())
for tensor in lm.model.state_dict().values():
    digest.update(tensor.numpy().tobytes())
print(digest.hexdigest())
"""


def test_the_default_proxy_has_a_million_parameters() -> None:
    lm = build_tiny(["some text " * 50])
    assert 1e6 <= sum(p.numel() for p in lm.model.parameters()) <= 2e6


@pytest.mark.slow
def test_two_processes_build_the_same_proxy() -> None:
    made = {
        subprocess.run(
            [sys.executable, "-c", BUILD], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(made) == 1


def test_any_text_survives_the_vocabulary(tiny: Any) -> None:
    text = "naïve 日本 🙂 \x00\t\r\n end"
    assert (
        tiny.tokenizer.decode(tiny.tokenizer(text, add_special_tokens=False)["input_ids"]) == text
    )


def test_building_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    build_tiny(["text"], shape=TinyShape(vocabulary=300, width=16, layers=1, heads=2, inner=16))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("shape", [TinyShape(vocabulary=100), TinyShape(width=130)])
def test_an_impossible_shape_is_refused(shape: TinyShape) -> None:
    with pytest.raises(OptionError):
        build_tiny(["text"], shape=shape)
