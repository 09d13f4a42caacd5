"""A training run to be killed: it prints each checkpoint's losses, and resumes.

Run: python run_training.py FOLDER N_RECORDS    (a GPT-2 with dropout, so that random numbers count)
"""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any


def main(folder: Path, n_records: int) -> None:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    from catalog.models.causal_lm import CausalLM
    from catalog.models.losses import response_losses
    from catalog.models.recipe import Recipe
    from catalog.models.tiny import TinyShape, build_tiny
    from catalog.models.tokens import tokens_of
    from catalog.models.training import train

    torch.set_num_threads(1)
    rng = random.Random(2)
    words = ["ab", "cd", "ef", "gh", "ij", "kl"]
    instructions = []
    for _ in range(n_records):
        question, answer = (" ".join(rng.choices(words, k=rng.randint(1, 12))) for _ in range(2))
        instructions.append(
            {
                "messages": [
                    {"role": "user", "content": question},
                    {"role": "assistant", "content": answer},
                ]
            }
        )
    tokenizer = build_tiny(
        words, shape=TinyShape(vocabulary=280, width=16, layers=1, heads=2, inner=16)
    ).tokenizer
    torch.manual_seed(0)
    model: Any = GPT2LMHeadModel(
        GPT2Config(vocab_size=280, n_embd=48, n_layer=2, n_head=2, n_positions=256, use_cache=False)
    )
    lm = CausalLM(model.eval(), tokenizer, "gpt2")
    encoded = tokens_of(instructions, tokenizer=tokenizer, template=lm.template)
    torch.manual_seed(
        random.SystemRandom().randrange(2**31)
    )  # the caller's random numbers are none of the run's business
    for checkpoint in train(
        lm,
        encoded,
        recipe=Recipe(learning_rate=1e-3, batch=8, checkpoints=6),
        folder=folder,
        save_seconds=0.0,
    ):
        torch.rand(checkpoint.number)
        losses = response_losses(lm, encoded).mean
        print(checkpoint.number, losses.tobytes().hex(), losses.mean(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
