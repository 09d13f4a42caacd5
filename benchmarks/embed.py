"""Embed Alpaca with our batches and with ``SentenceTransformer.encode`` as it comes: same vectors,
how much faster?

Run: python benchmarks/embed.py [--records N] [--pairs N] [--json FILE]    (needs the Alpaca file,
CATALOG_TEST_DATA or ../shared/data)
"""

from __future__ import annotations

import sys

import numpy as np
from pairs import alpaca, alternate, arguments, report

from catalog.models.encoder import load_encoder
from catalog.models.weights import model_folder


def main() -> int:
    options = arguments(__doc__ or "", records={"type": int, "default": 1500})
    texts = [
        "\n".join(part for part in (r["instruction"], r["input"], r["output"]) if part)
        for r in alpaca()[: options.records]
    ]
    encoder = load_encoder()

    from sentence_transformers import SentenceTransformer

    peer = SentenceTransformer(
        str(model_folder("all-MiniLM-L6-v2")), device=str(encoder._model.device)
    )
    peer.encode(texts[:64], show_progress_bar=False)
    encoder.encode(texts[:64])
    ours, theirs, figures = alternate(
        lambda _: encoder.encode(texts),
        lambda _: peer.encode(texts, show_progress_bar=False),
        pairs=options.pairs,
    )
    vectors, reference = ours[0].vectors, theirs[0]
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(reference, axis=1)
    cosines = (vectors * reference).sum(1) / lengths
    row = {
        "what": f"{len(texts):,} conversations of Alpaca, {ours[0].n_tokens:,} tokens, "
        f"{encoder.dtype}",
        "peer": "SentenceTransformer.encode, 32 a batch",
        **figures,
        "bar": 2.5,
        "least_cosine": float(cosines.min()),
        "is_met": figures["ratio"] >= 2.5 and bool(cosines.min() >= 0.9999),
    }
    return report([row], options.json)


if __name__ == "__main__":
    sys.exit(main())
