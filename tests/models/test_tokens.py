from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog.models.token_file import TokenFile, write_tokens
from catalog.models.tokens import tokens_of


def encode(lm: Any, instructions: list[dict[str, Any]], **options: Any) -> Any:
    return tokens_of(instructions, tokenizer=lm.tokenizer, template=lm.template, **options)


def test_prompt_and_response_together_are_the_text(
    tiny: Any, instructions: list[dict[str, Any]]
) -> None:
    for one, tokens in zip(instructions, encode(tiny, instructions), strict=True):
        assert tokens.ids[0] == tiny.tokenizer.bos_token_id
        assert (
            tiny.tokenizer.decode(tokens.ids[tokens.start :])
            == one["messages"][-1]["content"] + "<|end|>"
        )
        assert tiny.tokenizer.decode(tokens.ids[1 : tokens.start]).endswith("### Response:")


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_the_window_cuts_at_its_last_token(tiny: Any, extra: int) -> None:
    one = {
        "messages": [
            {"role": "user", "content": "why"},
            {"role": "assistant", "content": "light and stone"},
        ]
    }
    (whole,) = encode(tiny, [one])
    (tokens,) = encode(tiny, [one], max_length=len(whole.ids) + extra)
    assert tokens.is_truncated == (extra < 0)
    np.testing.assert_array_equal(tokens.ids, whole.ids[: len(whole.ids) + min(extra, 0)])
    (edge,) = encode(tiny, [one], max_length=whole.start + max(extra, 0))
    assert (edge.reason, edge.n_response) == (
        (None, 1) if extra > 0 else ("prompt_fills_window", 0)
    )


def test_a_token_file_gives_back_what_was_written(
    tiny: Any, instructions: list[dict[str, Any]], tmp_path: Path
) -> None:
    odd = [
        {"messages": []},
        {
            "messages": [
                {"role": "user", "content": "light " * 600},
                {"role": "assistant", "content": "so"},
            ]
        },
    ]
    encoded = encode(tiny, [instructions[38], odd[0], *instructions, odd[1]], max_length=300)
    written = write_tokens(tmp_path / "tokens", [encoded[:7], [], encoded[7:]])
    assert [one.reason for one in encoded[:2]] == [None, "no_response"]
    for file in (written, TokenFile(tmp_path / "tokens")):
        assert len(file) == len(encoded)
        for got, one in zip(file, encoded, strict=True):
            np.testing.assert_array_equal(got.ids, one.ids)
            assert (got.start, got.is_truncated, got.reason) == (
                one.start,
                one.is_truncated,
                one.reason,
            )
        assert file[-1].reason == "prompt_fills_window"
        assert [len(one.ids) for one in file[2:5]] == [len(one.ids) for one in encoded[2:5]]
    assert len(write_tokens(tmp_path / "none", [])) == 0
