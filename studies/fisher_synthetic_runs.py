"""Runs of `fisher_synthetic.py`: pools of token vectors, and the errors of each method's choice."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from study import Study

from catalog import Catalog

Array = np.ndarray[Any, Any]
WORDS, WIDTH, TOKENS, INFORMED = 20, 10, 10, 3
POOLS = ("isotropic", "skewed", "zipf", "peaked")
METHODS = ("fisher_sft", "random", "density", "sensitivity")
SELECTORS = Path(__file__).parent / "selectors"

RIDGE = 1e-3
PEAK = 10.0  # factor of Theta in the peaked pool: its logits spread by about 10 nats


def one_run(
    catalog: Catalog, study: Study, kind: str, *, seed: int, n: int, budgets: list[int]
) -> dict[str, Any]:
    """Return every method's ``max`` and ``mean`` error on one pool, a number for each budget."""
    theta, x, labels = draw_world(kind, seed=seed, n=n)
    vectors = "skewed" if kind == "peaked" else kind  # the peaked pool differs in its labels only
    pool = f"{vectors}-{seed}-of-{n}"
    file = write_pool(study, pool, x)
    catalog.register(file, pool=pool)  # the same records add no version
    file.unlink()
    errors: dict[str, Any] = {}
    for method in METHODS:
        selector = "random" if method == "random" else str(SELECTORS / f"{method}_given.sql")
        chosen = catalog.select(
            selector, pool, budget=max(budgets), name=f"{method}-{pool}", seed=seed
        )
        order = catalog.sql(
            "SELECT CAST(metadata ->> 'sentence' AS INTEGER) AS sentence FROM "
            f"subset('{chosen.reference}') ORDER BY rank"
        )
        errors[method] = {"max": [], "mean": []}
        for budget in budgets:
            rows = order["sentence"].to_numpy()[:budget]
            estimate = estimate_theta(x[rows].reshape(-1, WIDTH), labels[rows].reshape(-1))
            error = np.linalg.norm(x @ (estimate - theta), axis=-1).sum(axis=-1)  # (n,)
            errors[method]["max"].append(float(error.max()))
            errors[method]["mean"].append(float(error.mean()))
    return errors


def draw_world(kind: str, *, seed: int, n: int) -> tuple[Array, Array, Array]:
    """Return Theta (10, 20) without its gauge, token vectors (n, 10, 10) and labels (n, 10).

    Token vectors have a mean squared length of 10.
    """
    generator = np.random.default_rng([seed, POOLS.index("skewed" if kind == "peaked" else kind)])
    scale = 1 / math.sqrt(WIDTH)  # logits spread by about 1 nat
    theta = generator.standard_normal((WIDTH, WORDS)) * scale
    theta *= PEAK if kind == "peaked" else 1.0
    theta -= theta.mean(axis=1, keepdims=True)  # softmax ignores what all words share
    if kind == "zipf":
        vocabulary = generator.standard_normal((WORDS, WIDTH))
        often = 1 / np.arange(1, WORDS + 1)
        x = vocabulary[generator.choice(WORDS, size=(n, TOKENS), p=often / often.sum())]
    else:
        x = generator.standard_normal((n, TOKENS, WIDTH))
    if kind in ("skewed", "peaked"):
        plane = np.linalg.qr(generator.standard_normal((WIDTH, INFORMED)))[0]
        flat = generator.permutation(n)[: round(0.9 * n)]
        x[flat] = (x[flat] @ plane @ plane.T) * math.sqrt(WIDTH / INFORMED)
    x = x.round(4)
    gumbel = generator.gumbel(size=(n, TOKENS, WORDS))
    return theta, x, (x @ theta + gumbel).argmax(axis=-1)


def write_pool(study: Study, pool: str, x: Array) -> Path:
    """Write the pool as JSON Lines, each sentence's vectors beside its text."""
    path = study.work / f"{study.name}-{pool}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for sentence, vectors in enumerate(x):
            record = {
                "prompt": f"{pool}: sentence {sentence}",
                "response": f"{TOKENS} tokens",
                "sentence": sentence,
            }
            numbers = {"states": vectors.tolist(), "mean": vectors.mean(axis=0).tolist()}
            file.write(json.dumps(record | numbers) + "\n")
    return path


def estimate_theta(x: Array, labels: Array) -> Array:
    """Estimate Theta (10, 20) from tokens (T, 10) and labels (T,) by Newton's method.

    The objective is the mean cross-entropy plus a ridge. The ridge also fixes the gauge, at a class
    mean of 0.
    """
    ridge = RIDGE * len(x)
    theta = np.zeros((WIDTH, WORDS))
    seen = np.eye(WORDS)[labels]  # (T, 20)
    value = cost(theta, x, labels)
    for _ in range(100):
        logits = x @ theta
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)  # (T, 20)
        slope = x.T @ (p - seen) + ridge * theta  # (10, 20)
        curvature = ridge * np.eye(WIDTH * WORDS)
        outer = (p[:, :, None] * x[:, None, :]).reshape(len(x), -1)  # (T, 200), word by word
        curvature -= outer.T @ outer
        for word in range(WORDS):
            block = slice(word * WIDTH, (word + 1) * WIDTH)
            curvature[block, block] += (x * p[:, word, None]).T @ x
        step = np.linalg.solve(curvature, slope.T.reshape(-1)).reshape(WORDS, WIDTH).T
        if (decrease := float((step * slope).sum())) < 1e-9:
            break
        size = 1.0
        while (
            next_value := cost(theta - size * step, x, labels)
        ) > value - 0.25 * size * decrease and size > 1e-6:
            size /= 2
        theta, value = theta - size * step, next_value
    return theta


def cost(theta: Array, x: Array, labels: Array) -> float:
    """Return the summed cross-entropy with its ridge."""
    logits = x @ theta
    highest = logits.max(axis=1)
    log_sum = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
    return float(
        (log_sum - logits[np.arange(len(x)), labels]).sum() + len(x) * RIDGE / 2 * (theta**2).sum()
    )
