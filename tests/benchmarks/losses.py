"""The loss pass over a pool against one example at a time, and against padded batches of 32 in dataset order: same numbers?

Run: python tests/benchmarks/losses.py [N] [threads]    (needs the Alpaca file, CATALOG_TEST_DATA or ../shared/data)

The model is the tiny proxy as it is built for these instructions. One example at a time is the published SmallToLarge code's loop
(``model(input_ids, labels)``); it and the padded batches take all logits, as the usual training code does.
"""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from catalog.models.batches import padded
from catalog.models.device import set_threads
from catalog.models.losses import response_losses
from catalog.models.tiny import build_tiny
from catalog.models.tokens import tokens_of

TARGETS = {"one at a time": 5.0, "padded 32": 1.8}


def one_at_a_time(lm: Any, encoded: Any) -> Any:
    losses = []
    with torch.no_grad():
        for one in encoded:
            ids = torch.from_numpy(one.ids).long()[None]  # (1, T)
            labels = ids.clone()
            labels[0, : one.start] = -100
            losses.append(float(lm.model(input_ids=ids, labels=labels).loss))
    return np.array(losses)


def padded_batches(lm: Any, encoded: Any, size: int = 32) -> Any:
    losses = []
    with torch.no_grad():
        for start in range(0, len(encoded), size):
            group = encoded[start : start + size]
            ids, mask = padded([one.ids for one in group], fill=0)  # (B, T)
            labels = ids.masked_fill(mask == 0, -100)
            for row, one in enumerate(group):
                labels[row, : one.start] = -100
            logits = lm.model(input_ids=ids, attention_mask=mask).logits  # (B, T, V)
            nats = F.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:], reduction="none", ignore_index=-100)  # (B, T-1)
            losses.append((nats.sum(1) / (labels[:, 1:] != -100).sum(1)).numpy())
    return np.concatenate(losses)


def timed(function: Callable[[], Any]) -> tuple[float, float, Any]:
    start, cpu = time.perf_counter(), time.process_time()
    answer = function()
    return time.perf_counter() - start, time.process_time() - cpu, answer


def main(n: int = 800, threads: int = 2, rounds: int = 2) -> int:
    set_threads(threads)
    data = Path(os.environ.get("CATALOG_TEST_DATA", "../shared/data")) / "alpaca52k" / "alpaca_data.json"
    records = json.loads(data.read_text(encoding="utf-8"))[:n]
    instructions = [
        {
            "messages": [
                {"role": "user", "content": f"{r['instruction']}\n{r['input']}".strip()},
                {"role": "assistant", "content": r["output"]},
            ]
        }
        for r in records
    ]
    seconds, _, lm = timed(lambda: build_tiny(m["content"] for one in instructions for m in one["messages"]))
    print(f"built the proxy in {seconds:.1f} s")
    seconds, _, encoded = timed(lambda: tokens_of(instructions, tokenizer=lm.tokenizer, template=lm.template))
    encoded = [one for one in encoded if one.reason is None]
    n_tokens = sum(len(one.ids) for one in encoded)
    print(f"{len(encoded):,} instructions, {n_tokens:,} tokens, tokenised in {seconds:.2f} s; {threads} threads")

    ways = {
        "ours": lambda: response_losses(lm, encoded).mean,
        "padded 32": lambda: padded_batches(lm, encoded),
        "one at a time": lambda: one_at_a_time(lm, encoded),
    }
    best = dict.fromkeys(ways, float("inf"))
    best_cpu = dict(best)
    answers: dict[str, Any] = {}
    response_losses(lm, encoded[:32])
    for _ in range(rounds):  # in turn, so that what else the machine does hits all
        for name, way in ways.items():
            seconds, cpu, answers[name] = timed(way)
            best[name], best_cpu[name] = min(best[name], seconds), min(best_cpu[name], cpu)
    passed = True
    for name, seconds in best.items():
        gap = np.abs(answers[name] - answers["ours"]).max()
        ratio = seconds / best["ours"]
        passed &= bool(gap < 1e-4) and ratio >= TARGETS.get(name, 0)
        cpu_ratio = best_cpu[name] / best_cpu["ours"]
        rates = f"{seconds:7.2f} s  {n_tokens / seconds:8,.0f} tokens/s  ratio {ratio:5.2f} (in processor time {cpu_ratio:5.2f})"
        print(f"{name:14s} {rates}  largest difference {gap:.1e}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
