"""Runs of `fisher_text.py`: passages, the base model, and its fine-tuning on each choice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sources import Record, as_messages, generate_records, texts_of
from study import Study
from target import SMALL, dev_loss, encode, train_steps, untrained

from catalog import Catalog
from catalog.models.causal_lm import load_causal_lm, save_causal_lm

METHODS = ("random", "fisher_sft", "by_length", "density", "sensitivity", "longest", "same_tokens")
DRAWN = ("random", "density", "sensitivity")
POOL, LENGTH, LINES = "shakespeare", 192, 4


@dataclass(frozen=True)
class Size:
    """Sizes of the study; the defaults are those of the full one."""

    held_out: int = 500
    base_epochs: int = 3
    budgets: tuple[int, ...] = (100, 400, 1600)
    steps: int = 100
    batch: int = 16
    base_rate: float = 3e-3
    rate: float = 5e-4
    k: int = 100


SMOKE = Size(held_out=30, base_epochs=1, budgets=(20,), steps=3, k=8)


def split_text(study: Study, size: Size) -> tuple[list[Record], list[Record], list[Record]]:
    """Return the passages of the first half; of the second half, the pool and the held-out set."""
    if study.is_smoke:
        records = generate_records(200)
        return records[:80], records[80:-30], records[-30:]
    text = (study.data / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8")
    half = text.index("\n\n", len(text) // 2)
    second = passages(text[half:])
    order = np.random.default_rng(0).permutation(len(second))
    return (
        passages(text[:half]),
        [second[i] for i in order[size.held_out :]],
        [second[i] for i in order[: size.held_out]],
    )


def passages(text: str) -> list[Record]:
    """Return up to four lines of a speech at a time.

    The prompt is the line before and the speaker.
    """
    records: list[Record] = []
    before = ""
    for speech in text.strip().split("\n\n"):
        speaker, *lines = speech.split("\n")
        for start in range(0, len(lines), LINES):
            piece = lines[start : start + LINES]
            records.append(
                {
                    "prompt": f"{before}\n\n{speaker}".strip(),
                    "response": "\n".join(piece),
                    "source": "tinyshakespeare",
                }
            )
            before = piece[-1]
    return [record for record in records if record["response"].strip()]


def prepare(catalog: Catalog, base: Path, first: list[Record], size: Size) -> dict[str, Any]:
    """Train the base model, and compute every signal that the methods read."""
    lm = untrained(texts_of(first), seed=0, shape=SMALL)
    instructions = encode(lm, [as_messages(record) for record in first], max_length=LENGTH)
    steps = size.base_epochs * -(-len(instructions) // size.batch)
    if not base.exists():
        train_steps(
            lm, instructions, steps=steps, batch=size.batch, seed=0, learning_rate=size.base_rate
        )
        save_causal_lm(lm, base)
    catalog.states(POOL, model=str(base), max_length=LENGTH)
    catalog.score(POOL, "n_tokens", model=str(base))
    catalog.embed(POOL, field="conversation")
    return {
        "steps": steps,
        "parameters": sum(parameter.numel() for parameter in lm.model.parameters()),
    }


def one_run(
    catalog: Catalog,
    base: Path,
    held_out: list[Record],
    size: Size,
    method: str,
    budget: int,
    seed: int,
) -> dict[str, Any]:
    """Fine-tune the base on one choice, and return its held-out loss; ``base`` is not tuned."""
    lm = load_causal_lm(base, device="cpu", to_train=True)
    judges = encode(lm, [as_messages(record) for record in held_out], max_length=LENGTH)
    if method == "base":
        return {"loss": dev_loss(lm, judges), "members": 0, "tokens": 0}
    members = choose(catalog, method, budget, size, seed)
    instructions = encode(lm, [as_messages(record) for record in members], max_length=LENGTH)
    train_steps(
        lm, instructions, steps=size.steps, batch=size.batch, seed=seed, learning_rate=size.rate
    )
    return {
        "loss": dev_loss(lm, judges),
        "members": len(members),
        "tokens": sum(member.n_response for member in instructions),
    }


def choose(catalog: Catalog, method: str, budget: int, size: Size, seed: int) -> list[Record]:
    """Return the first members of a method's order.

    A larger budget extends a smaller one, so that one selection of the largest budget serves all.
    """
    if method == "everything":
        return list(
            catalog.sql(
                "SELECT prompt, response FROM pool($pool) ORDER BY fingerprint",
                parameters={"pool": POOL},
            ).iter_rows(named=True)
        )
    selector = {"by_length": "fisher_sft", "same_tokens": "random"}.get(method, method)
    settings = {"by_length": {"normalize": "length"}, "sensitivity": {"k": size.k}}.get(method, {})
    largest = "100%" if method == "same_tokens" else size.budgets[-1]
    seed = seed if selector in DRAWN else 0  # the others ignore the seed
    reference = catalog.select(
        selector, POOL, budget=largest, name=method, seed=seed, settings=settings
    ).reference
    rows = catalog.sql(
        "SELECT prompt, response, value AS n FROM subset($subset) JOIN score($pool, name => "
        "'n_tokens') USING (instruction_id) ORDER BY rank",
        parameters={"subset": reference, "pool": POOL},
    )
    if method == "same_tokens":
        goal = sum(record["n"] for record in choose(catalog, "fisher_sft", budget, size, seed))
        return list(rows.filter(rows["n"].cum_sum() <= goal).iter_rows(named=True))
    return list(rows.head(budget).iter_rows(named=True))
