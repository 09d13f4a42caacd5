"""Embed Alpaca with our batches and with ``SentenceTransformer.encode`` as it comes: same vectors,
how much faster?

Run: python benchmarks/embed.py [--records N] [--pairs N] [--json FILE]    (needs the Alpaca file,
CATALOG_TEST_DATA or ../shared/data)

A profile of ours in float32, on one thread of an AMD EPYC without AVX-512: 82 % in the products of
the linear layers, 11 % in attention, 4 % in GELU, 3 % in all else. The products run at what the
library gives, so that batches of texts of like length are all that there is to gain in float32.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from pairs import alpaca, alternate, arguments, report

from catalog.kernels._common.screen import has_bfloat16
from catalog.models.device import best_device
from catalog.models.encoder import load_encoder
from catalog.models.weights import model_folder

BARS = {"float32": 2.0, "bfloat16": 4.0}


def main() -> int:
    """Compare both sides, in bfloat16 too where the processor multiplies in it."""
    options = arguments(__doc__ or "", records={"type": int, "default": 1500})
    texts = [
        "\n".join(part for part in (r["instruction"], r["input"], r["output"]) if part)
        for r in alpaca()[: options.records]
    ]
    dtypes = ["float32", *(["bfloat16"] if has_bfloat16() else [])]
    rows = [_row(texts, dtype=dtype, pairs=options.pairs) for dtype in dtypes]
    return report(rows, options.json)


def _row(texts: list[str], *, dtype: str, pairs: int) -> dict[str, Any]:
    from sentence_transformers import SentenceTransformer

    encoder = load_encoder(dtype=dtype)
    peer = SentenceTransformer(str(model_folder("all-MiniLM-L6-v2")), device=str(best_device()))
    peer.encode(texts[:64], show_progress_bar=False)
    encoder.encode(texts[:64])
    ours, theirs, figures = alternate(
        lambda _: encoder.encode(texts),
        lambda _: peer.encode(texts, show_progress_bar=False),
        pairs=pairs,
    )
    vectors, reference = ours[0].vectors, theirs[0]
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(reference, axis=1)
    least = float(((vectors * reference).sum(1) / lengths).min())
    bar = BARS[dtype]
    return {
        "what": f"{len(texts):,} conversations of Alpaca, {ours[0].n_tokens:,} tokens, {dtype}",
        "peer": "SentenceTransformer.encode, 32 a batch",
        **figures,
        "bar": bar,
        "least_cosine": least,
        "is_met": figures["ratio"] >= bar and least >= 0.9999,
    }


if __name__ == "__main__":
    sys.exit(main())
