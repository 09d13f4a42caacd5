"""A run to be killed: trains on a pool, embeds it or takes gradients, in small steps; prints each.

Run: python run_losses.py HOME losses MODEL | HOME embed | HOME gradients MODEL
"""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import sys
from functools import partial
from pathlib import Path


def main(home: Path, what: str, model: str = "") -> None:
    import torch

    from catalog import Catalog
    from catalog.compute import embeddings, gradients
    from catalog.compute.losses.train import train_losses
    from catalog.compute.shard_runner import compute

    torch.set_num_threads(1)
    catalog = Catalog.open(home)
    pool = catalog.find("p")
    if what == "losses":
        recipe = {"epochs": 2, "batch": 8, "checkpoints": 4, "learning_rate": 1e-2}
        train_losses(
            catalog.store,
            pool,
            proxy=model,
            recipe=recipe,
            chunk_rows=16,
            progress=lambda *_: print(flush=True),
        )
    elif what == "gradients":
        gradients.SHARD_BYTES = 0  # shards of 32 members
        options = {"lora": "r=2", "dim": 16, "checkpoints": 3, "warm_up": 0.5}
        print(flush=True)
        gradients.compute_gradients(
            catalog.store, pool, model=model, progress=lambda *_: print(flush=True), **options
        )
    else:
        embeddings.compute = partial(compute, shard_rows=16)
        embeddings.embed(catalog.store, pool, progress=lambda *_: print(flush=True))
    print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
