"""FisherSFT on text: does a small language model learn more of Shakespeare from passages that are chosen by information gain?

After Deb et al. 2025 (arXiv 2505.14826), the experiment with a GPT on Shakespeare. A model is
trained from scratch on the first half of tinyshakespeare; passages of the second half are chosen by
its token states, it is fine-tuned on them, and judged by its loss on passages that were held out.
What is chosen is longer than what is drawn, so that two controls stand beside it: the longest
passages, and as many tokens of drawn ones.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sources import Record, as_messages, generated, texts_of, write_jsonl
from study import COLOURS, Claim, Study, Table, begin, judged, spread
from target import SMALL, dev_loss, encoded, train_steps, untrained

from catalog import Catalog
from catalog.models.causal_lm import load_causal_lm, save_causal_lm

Array = np.ndarray[Any, Any]

METHODS = ("random", "fisher_sft", "by_length", "density", "sensitivity", "longest", "same_tokens")
DRAWN = ("random", "density", "sensitivity")
NAMES = {
    "by_length": "fisher_sft, normalize => 'length'",
    "same_tokens": "random, fisher_sft's tokens",
}
LOOKS = {
    name: {"color": COLOURS[name]} for name in ("random", "fisher_sft", "density", "sensitivity")
} | {
    "by_length": {"color": COLOURS["fisher_sft"], "linestyle": ":"},
    "longest": {"color": "k", "linestyle": "--"},
    "same_tokens": {"color": COLOURS["random"], "linestyle": "--"},
}
POOL, LENGTH, LINES = "shakespeare", 192, 4


@dataclass(frozen=True)
class Size:
    """How large the study is: the full one, unless said."""

    held_out: int = 500
    base_epochs: int = 3
    budgets: tuple[int, ...] = (100, 400, 1600)
    steps: int = 100
    batch: int = 16
    base_rate: float = 3e-3
    rate: float = 5e-4
    k: int = 100


SMOKE = Size(held_out=30, base_epochs=1, budgets=(20,), steps=3, k=8)


def main() -> None:
    study = begin(__file__, "FisherSFT on Shakespeare", seeds=3)
    size = SMOKE if study.is_smoke else Size()
    first, pool, held_out = parts(study, size)
    catalog = Catalog.open(study.work / study.name)
    catalog.register(
        write_jsonl(pool, study.work / f"{study.name}.pool.jsonl"), pool=POOL, mode="replace"
    )
    base = study.work / f"{study.name}.base"
    prepared = study.run({"base": asdict(size)}, lambda: prepare(catalog, base, first, size))
    runs = [
        study.run(
            {"method": method, "budget": budget, "seed": seed, "size": asdict(size)},
            lambda method=method, budget=budget, seed=seed: one_run(
                catalog, base, held_out, size, method, budget, seed
            ),
        )
        | {"method": method, "budget": budget, "seed": seed}
        for seed in range(study.seeds)
        for method, budget in [
            ("base", 0),
            *((m, b) for b in size.budgets for m in METHODS),
            ("everything", len(pool)),
        ]
    ]
    draw(study, runs, size)
    report(study, prepared, runs, size, counts=(len(first), len(pool), len(held_out)))


def parts(study: Study, size: Size) -> tuple[list[Record], list[Record], list[Record]]:
    """Passages of the first half; of the second half, what may be chosen, and what is held out."""
    if study.is_smoke:
        made = generated(200)
        return made[:80], made[80:-30], made[-30:]
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
    """Up to four lines of one speech at a time; the prompt is the speaker and the line before."""
    found: list[Record] = []
    before = ""
    for speech in text.strip().split("\n\n"):
        speaker, *lines = speech.split("\n")
        for start in range(0, len(lines), LINES):
            piece = lines[start : start + LINES]
            found.append(
                {
                    "prompt": f"{before}\n\n{speaker}".strip(),
                    "response": "\n".join(piece),
                    "source": "tinyshakespeare",
                }
            )
            before = piece[-1]
    return [one for one in found if one["response"].strip()]


def prepare(catalog: Catalog, base: Path, first: list[Record], size: Size) -> dict[str, Any]:
    """The base model, and everything that the methods select by."""
    lm = untrained(texts_of(first), seed=0, shape=SMALL)
    instructions = encoded(lm, [as_messages(record) for record in first], max_length=LENGTH)
    steps = size.base_epochs * -(-len(instructions) // size.batch)
    if not base.exists():
        train_steps(
            lm, instructions, steps=steps, batch=size.batch, seed=0, learning_rate=size.base_rate
        )
        save_causal_lm(lm, base)
    catalog.states(POOL, model=str(base), max_length=LENGTH)
    catalog.score(POOL, "n_tokens", model=str(base))
    catalog.embed(POOL, field="conversation")
    return {"steps": steps, "parameters": sum(one.numel() for one in lm.model.parameters())}


def one_run(
    catalog: Catalog,
    base: Path,
    held_out: list[Record],
    size: Size,
    method: str,
    budget: int,
    seed: int,
) -> dict[str, Any]:
    """The held-out loss of the base after its fine-tuning on one choice; of the base itself for ``base``."""
    lm = load_causal_lm(base, device="cpu", to_train=True)
    judges = encoded(lm, [as_messages(record) for record in held_out], max_length=LENGTH)
    if method == "base":
        return {"loss": dev_loss(lm, judges), "members": 0, "tokens": 0}
    members = chosen(catalog, method, budget, size, seed)
    instructions = encoded(lm, [as_messages(record) for record in members], max_length=LENGTH)
    train_steps(
        lm, instructions, steps=size.steps, batch=size.batch, seed=seed, learning_rate=size.rate
    )
    return {
        "loss": dev_loss(lm, judges),
        "members": len(members),
        "tokens": sum(one.n_response for one in instructions),
    }


def chosen(catalog: Catalog, method: str, budget: int, size: Size, seed: int) -> list[Record]:
    """What a method takes first; all methods take more where they may, so that one selection of the largest budget serves."""
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
    seed = seed if selector in DRAWN else 0  # the others choose the same whatever the seed
    reference = catalog.select(
        selector, POOL, budget=largest, name=method, seed=seed, settings=settings
    ).reference
    rows = catalog.sql(
        "SELECT prompt, response, value AS n FROM subset($subset) JOIN score($pool, name => "
        "'n_tokens') USING (instruction_id) ORDER BY rank",
        parameters={"subset": reference, "pool": POOL},
    )
    if method == "same_tokens":
        goal = sum(record["n"] for record in chosen(catalog, "fisher_sft", budget, size, seed))
        return list(rows.filter(rows["n"].cum_sum() <= goal).iter_rows(named=True))
    return list(rows.head(budget).iter_rows(named=True))


def of(
    runs: list[dict[str, Any]], method: str, budget: int | None = None, what: str = "loss"
) -> Array:
    """(seeds,) of one method at a budget."""
    return np.array(
        [run[what] for run in runs if run["method"] == method and budget in (None, run["budget"])]
    )


def draw(study: Study, runs: list[dict[str, Any]], size: Size) -> None:
    """Held-out loss by the number of passages, and by the number of their tokens."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True)
    for method in METHODS:
        losses = np.array([of(runs, method, budget) for budget in size.budgets])  # (budgets, seeds)
        means = losses.mean(axis=1)
        bars = np.abs(np.stack([losses.min(axis=1), losses.max(axis=1)]) - means)
        tokens = [of(runs, method, budget, "tokens").mean() for budget in size.budgets]
        for ax, at in zip(axes, (size.budgets, tokens), strict=True):
            if not (method == "same_tokens" and ax is axes[0]):
                ax.errorbar(
                    at,
                    means,
                    yerr=bars,
                    marker="o",
                    markersize=3,
                    linewidth=1.2,
                    label=NAMES.get(method, method),
                    **LOOKS[method],
                )
    for ax, what in zip(axes, ("passages", "response tokens"), strict=True):
        ax.axhline(of(runs, "base").mean(), color="grey", linewidth=0.8)
        ax.axhline(of(runs, "everything").mean(), color="k", linewidth=0.8)
        ax.set(xscale="log", xlabel=f"{what} that were chosen")
    axes[0].set_xticks(size.budgets, [str(budget) for budget in size.budgets])
    axes[0].set_xticks([], minor=True)
    axes[0].set_ylabel("held-out loss (nats a token)")
    axes[1].legend()
    study.picture(
        figure,
        caption=f"Held-out loss after equal steps; mean of {study.seeds} seeds, bars are the least "
        "and the greatest. Lines across: the base (grey) and all of the pool (black).",
    )


def report(
    study: Study,
    prepared: dict[str, Any],
    runs: list[dict[str, Any]],
    size: Size,
    *,
    counts: tuple[int, int, int],
) -> None:
    """What the numbers say, by rules that are written here."""
    rows = [
        {"method": NAMES.get(method, method)}
        | {
            f"{budget} passages": spread(of(runs, method, budget).tolist())
            for budget in size.budgets
        }
        | {
            f"tokens at {budget}": round(of(runs, method, budget, "tokens").mean())
            for budget in size.budgets
        }
        for method in METHODS
    ]
    yardsticks = [
        {"trained on": name, "held-out loss": spread(of(runs, name).tolist())}
        for name in ("base", "everything")
    ]
    study.conclude(
        question="Does fine-tuning on passages of the largest information gain lower the loss on "
        "other passages more than on drawn ones?",
        protocol=[
            f"tinyshakespeare, passages of up to {LINES} lines of one speech; the prompt is the "
            f"line before and the speaker, the response the passage; {counts[0]:,} of the text's "
            f"first half for the base, {counts[1]:,} of the second for the pool, {counts[2]:,} "
            "held out of it at random",
            f"base: {prepared['parameters'] / 1e6:.2f} million parameters, from scratch, "
            f"{size.base_epochs} epochs in {prepared['steps']:,} steps of {size.batch}, peak "
            f"rate {size.base_rate}; one base for all seeds",
            f"token states of the base (width {SMALL.width}, responses' first 128 tokens), "
            f"lambda = 1; density and sensitivity (k = {size.k}) on embeddings of whole passages "
            "by all-MiniLM-L6-v2; a smaller budget is the first ranks of the largest one",
            "same_tokens: drawn passages, in number as many as fill the tokens of fisher_sft's "
            f"choice; fine-tuning: {size.steps} steps of {size.batch} on every subset, peak rate "
            f"{size.rate}; {study.seeds} seeds of the draws and of the order",
        ],
        claims=claims(runs, size),
        tables=[
            Table(
                "Held-out loss: mean over seeds (least to greatest); response tokens of what was "
                "chosen",
                rows,
            ),
            Table("Yardsticks", yardsticks),
        ],
        needs="`tinyshakespeare` (karpathy/char-rnn, input.txt) under the folder that `--data` "
        "names; a smoke run needs none",
        seconds=sum(run["seconds"] for run in [prepared, *runs]),
    )


def claims(runs: list[dict[str, Any]], size: Size) -> list[Claim]:
    """The paper's claims; a comparison is won where it is won by every seed."""

    def gaps(other: str) -> list[Array]:
        return [of(runs, "fisher_sft", budget) - of(runs, other, budget) for budget in size.budgets]

    def said(*others: str) -> str:
        parts = [
            f"{budget}: {spread(gap.tolist())}"
            for other in others
            for budget, gap in zip(size.budgets, gaps(other), strict=True)
        ]
        n = len(size.budgets)
        return "; ".join(
            f"minus {NAMES.get(other, other)}'s at {', '.join(parts[i * n : i * n + n])}"
            for i, other in enumerate(others)
        )

    def won(*others: str) -> str:
        return judged([bool((gap < 0).all()) for other in others for gap in gaps(other)])

    rule = "rule: a lower loss for every seed, at every budget"
    return [
        Claim(
            "at the same number of sentences, FisherSFT's choice teaches more than uniform "
            "sampling's",
            "better than uniform sampling (the GPT-2 experiment on Shakespeare)",
            f"held-out loss {said('random')}",
            won("random"),
            f"{rule}; judged here by the loss on held-out passages",
        ),
        Claim(
            "it also teaches more than density and sensitivity sampling",
            "better than both (the GPT-2 experiment on Shakespeare)",
            f"held-out loss {said('density', 'sensitivity')}",
            won("density", "sensitivity"),
            rule,
        ),
        Claim(
            "its lead is more than that of longer passages",
            "not among its claims; the gain of a sentence grows with its length by construction",
            f"held-out loss {said('longest', 'same_tokens')}",
            won("longest", "same_tokens"),
            f"{rule}, over the longest passages and over as many tokens of drawn ones. By "
            f"length: {said('by_length')}",
        ),
    ]


if __name__ == "__main__":
    main()
