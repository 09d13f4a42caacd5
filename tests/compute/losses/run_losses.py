"""A run to be killed: trains on a pool, or embeds it, in small steps, and prints each.

Run: python run_losses.py HOME losses MODEL | python run_losses.py HOME embed
"""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import sys
from functools import partial
from pathlib import Path


def main(home: Path, what: str, model: str = "") -> None:
    import torch

    from catalog import Catalog
    from catalog.compute import embeddings
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
    else:
        embeddings.compute = partial(compute, shard_rows=16)
        embeddings.embed(catalog.store, pool, progress=lambda *_: print(flush=True))
    print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
