"""Embed Alpaca with our batches and with ``SentenceTransformer.encode`` as it comes: same vectors, how much faster?

Run: python tests/benchmarks/embed.py [N]    (needs the Alpaca file, CATALOG_TEST_DATA or ../shared/data)
"""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

from catalog.models.encoder import load_encoder

TARGET = 2.5


def main(n: int = 1500, rounds: int = 2) -> int:
    data = Path(os.environ.get("CATALOG_TEST_DATA", "../shared/data")) / "alpaca52k" / "alpaca_data.json"
    records = json.loads(data.read_text(encoding="utf-8"))[:n]
    texts = ["\n".join(part for part in (r["instruction"], r["input"], r["output"]) if part) for r in records]
    encoder = load_encoder()

    from sentence_transformers import SentenceTransformer

    from catalog.models.weights import model_folder

    peer = SentenceTransformer(str(model_folder("all-MiniLM-L6-v2")), device=str(encoder._model.device))
    peer.encode(texts[:64], show_progress_bar=False)
    encoder.encode(texts[:64])

    ours, theirs, ours_cpu, theirs_cpu = [], [], [], []
    for _ in range(rounds):  # in turn, so that what else the machine does hits both
        start, cpu = time.perf_counter(), time.process_time()
        reference = peer.encode(texts, show_progress_bar=False)
        theirs.append(time.perf_counter() - start)
        theirs_cpu.append(time.process_time() - cpu)
        start, cpu = time.perf_counter(), time.process_time()
        answer = encoder.encode(texts)
        ours.append(time.perf_counter() - start)
        ours_cpu.append(time.process_time() - cpu)
    vectors = answer.vectors
    cosines = (vectors * reference).sum(1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(reference, axis=1)
    ratio = min(theirs) / min(ours)
    print(f"{n:,} texts, {answer.n_tokens:,} tokens, {answer.n_truncated} truncated, {encoder.dtype} on {encoder._model.device}")
    print(f"SentenceTransformer.encode  {min(theirs):6.2f} s  {n / min(theirs):6.0f} texts/s")
    print(f"Encoder.encode              {min(ours):6.2f} s  {n / min(ours):6.0f} texts/s")
    cpu_ratio = min(theirs_cpu) / min(ours_cpu)
    print(
        f"ratio {ratio:.2f} (target {TARGET}; in processor time {cpu_ratio:.2f}), cosine min {cosines.min():.6f} mean {cosines.mean():.6f}"
    )
    return 0 if ratio >= TARGET and cosines.min() >= 0.9999 else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
