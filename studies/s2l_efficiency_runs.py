"""Runs of `s2l_efficiency.py`: the pool, its signals, and a target trained on each subset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sources import Record, as_messages, draw_records, generate_records, texts_of
from study import Study
from target import dev_loss, encode, train_steps, untrained

from catalog import Catalog
from catalog.models.causal_lm import save_causal_lm
from catalog.models.tiny import TinyShape

Array = np.ndarray[Any, Any]

Dev = dict[str, list[Record]]  # by source

# 0.06 million parameters, and 0.28 million.
PROXY = TinyShape(vocabulary=2048, width=24, layers=2, heads=2, inner=64)
TARGET = TinyShape(vocabulary=2048, width=64, layers=3, heads=2, inner=176)
METHODS = (
    "random",
    "s2l",
    "s2l_by_source",
    "least_confidence",
    "middle_perplexity",
    "high_learnability",
    "facility_location",
)

POOL, LENGTH, BATCH, RATE = "mixed", 256, 32, 3e-3


@dataclass(frozen=True)
class Size:
    """Sizes of the study; the defaults are those of the full one."""

    sources: tuple[tuple[str, int], ...] = (
        ("gsm8k", 2400),
        ("alpaca", 1200),
        ("codealpaca", 1200),
        ("toolformer", 1200),
    )
    dev: int = 150  # of each source
    shares: tuple[int, ...] = (3, 11, 25, 50)  # percent of the pool, beside all of it
    published: int = 11  # the share of the paper's abstract
    k: int = 100
    epochs: int = 3
    checkpoints: int = 10


SMOKE = Size(
    sources=(("generated", 120),), dev=20, shares=(25,), published=25, k=8, epochs=1, checkpoints=3
)


def split_records(study: Study, size: Size) -> tuple[list[Record], Dev]:
    """Return the pool and the dev set of each source.

    GSM8K's dev set is from its own test part. Other sources hold out records.
    """
    if study.is_smoke:
        n = size.sources[0][1]
        records = generate_records(n + 2 * size.dev)
        return records[:n], {
            source: [record for record in records[n:] if record["source"] == source]
            for source in ("arithmetic", "stories")
        }
    pool: list[Record] = []
    dev: Dev = {}
    for source, n in size.sources:
        records = draw_records(study.data, source, n + size.dev)
        pool += records[:n]
        dev[source] = records[n:]
        if source == "gsm8k":
            dev[source] = draw_records(study.data, "gsm8k_test", size.dev)
    return pool, dev


def compute_signals(
    catalog: Catalog, proxy: Path, pool: list[Record], size: Size
) -> dict[str, Any]:
    """Compute every signal that the methods read."""
    if not proxy.exists():
        save_causal_lm(untrained(texts_of(pool), seed=1000, shape=PROXY), proxy)
    catalog.train_losses(
        POOL,
        proxy=str(proxy),
        epochs=size.epochs,
        checkpoints=size.checkpoints,
        learning_rate=RATE,
        batch=BATCH,
        max_length=LENGTH,
    )
    catalog.score(POOL, "perplexity", "least_confidence", "learnability", model=proxy.name)
    catalog.embed(POOL)
    count = catalog.sql("SELECT count(*) AS n FROM pool($pool)", parameters={"pool": POOL})
    return {"members": count["n"][0]}


def one_run(
    catalog: Catalog, pool: list[Record], dev: Dev, size: Size, method: str, percent: int, seed: int
) -> dict[str, Any]:
    """Train a target on one subset for the full pool's number of steps, and return its dev losses.

    ``sources`` holds each source's share of the subset.
    """
    relation = f"pool('{POOL}')"
    if method != "full":
        settings = {"k": size.k} if method.startswith("s2l") else {}
        chosen = catalog.select(
            method,
            POOL,
            budget=f"{percent}%",
            name=f"{method}-{percent}",
            seed=seed,
            settings=settings,
        )
        relation = f"subset('{chosen.reference}')"
    members = catalog.sql(f"SELECT prompt, response, source FROM {relation} ORDER BY fingerprint")
    lm = untrained(texts_of(pool), seed=seed, shape=TARGET)
    instructions = encode(
        lm, [as_messages(row) for row in members.iter_rows(named=True)], max_length=LENGTH
    )
    steps = -(-len(pool) // BATCH)
    train_steps(lm, instructions, steps=steps, batch=BATCH, seed=seed, learning_rate=RATE)
    losses = {
        source: dev_loss(lm, encode(lm, list(map(as_messages, records)), max_length=LENGTH))
        for source, records in dev.items()
    }
    shares = members["source"].value_counts(sort=True)
    return {
        "loss": float(np.mean(list(losses.values()))),
        "losses": losses,
        "members": len(members),
        "steps": steps,
        "tokens": sum(len(tokens.ids) for tokens in instructions) / len(instructions),
        "sources": {name: round(n / len(members), 3) for name, n in shares.iter_rows()},
    }
