"""The loss pass over a pool against one example at a time, and against padded batches of 32 in
dataset order: same numbers?

Run: python benchmarks/losses.py [--records N] [--threads N] [--pairs N] [--json FILE]    (needs the
Alpaca file)

The model is the tiny proxy as it is built for these instructions. One example at a time is the
published SmallToLarge code's loop (``model(input_ids, labels)``); it and the padded batches take
all logits, as the usual training code does.

A profile of ours, on one thread of an AMD EPYC without AVX-512: 49 % in the products of the linear
layers, 29 % in attention, 8 % in norms, 5 % in the softmax over the vocabulary, 4 % in the gates;
no row is padded, and the last layer runs only where a response token is predicted.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from pairs import alpaca, alternate, arguments, report

from catalog.models.batches import padded
from catalog.models.device import set_threads
from catalog.models.losses import response_losses
from catalog.models.tiny import build_tiny
from catalog.models.tokens import tokens_of


def one_at_a_time(lm: Any, encoded: Any) -> Any:
    losses = []
    with torch.no_grad():
        for instruction in encoded:
            ids = torch.from_numpy(instruction.ids).long()[None]  # (1, T)
            labels = ids.clone()
            labels[0, : instruction.start] = -100
            losses.append(float(lm.model(input_ids=ids, labels=labels).loss))
    return np.array(losses)


def padded_batches(lm: Any, encoded: Any, size: int = 32) -> Any:
    losses = []
    with torch.no_grad():
        for start in range(0, len(encoded), size):
            group = encoded[start : start + size]
            ids, mask = padded([instruction.ids for instruction in group], fill=0)  # (B, T)
            labels = ids.masked_fill(mask == 0, -100)
            for row, instruction in enumerate(group):
                labels[row, : instruction.start] = -100
            logits = lm.model(input_ids=ids, attention_mask=mask).logits  # (B, T, V)
            predictions = logits[:, :-1].transpose(1, 2)  # (B, V, T-1)
            nats = F.cross_entropy(predictions, labels[:, 1:], reduction="none", ignore_index=-100)
            losses.append((nats.sum(1) / (labels[:, 1:] != -100).sum(1)).numpy())
    return np.concatenate(losses)


def main() -> int:
    options = arguments(
        __doc__ or "", records={"type": int, "default": 800}, threads={"type": int, "default": 2}
    )
    set_threads(options.threads)
    instructions = [
        {
            "messages": [
                {"role": "user", "content": f"{r['instruction']}\n{r['input']}".strip()},
                {"role": "assistant", "content": r["output"]},
            ]
        }
        for r in alpaca()[: options.records]
    ]
    lm = build_tiny(m["content"] for instruction in instructions for m in instruction["messages"])
    encoded = [
        instruction
        for instruction in tokens_of(instructions, tokenizer=lm.tokenizer, template=lm.template)
        if instruction.reason is None
    ]
    n_tokens = sum(len(instruction.ids) for instruction in encoded)
    response_losses(lm, encoded[:32])
    rows = []
    for peer, way, bar in (
        ("one at a time", one_at_a_time, 2.0),
        ("batches of 32, padded, in order", padded_batches, 8.0),
    ):
        ours, theirs, figures = alternate(
            lambda _: response_losses(lm, encoded).mean,
            lambda _, way=way: way(lm, encoded),
            pairs=options.pairs,
        )
        gap = float(np.abs(ours[0] - theirs[0]).max())
        rows.append(
            {
                "what": f"{len(encoded):,} instructions of Alpaca, {n_tokens:,} tokens, tiny proxy",
                "peer": peer,
                **figures,
                "bar": bar,
                "tokens_per_second": n_tokens / figures["ours_seconds"],
                "largest_difference": gap,
                "is_met": figures["ratio"] >= bar and gap < 1e-4,
            }
        )
    return report(rows, options.json)


if __name__ == "__main__":
    sys.exit(main())
