"""What tests of the integrations share."""

from typing import Any

import pytest

WORDS = ["the", "river", "night", "light", "field", "stone", "word", "small", "large", "add"]


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    from catalog.models.template import alpaca_prompt
    from catalog.models.tiny import TinyShape, build_tiny

    shape = TinyShape(vocabulary=400, width=16, layers=1, heads=2, inner=16)
    prompt = alpaca_prompt([{"role": "user", "content": ""}])  # short in tokens
    return build_tiny([prompt] * 3 + WORDS, shape=shape).tokenizer
