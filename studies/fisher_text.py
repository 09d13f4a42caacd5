"""FisherSFT on text: do passages chosen by information gain teach a small model more Shakespeare?

After Deb et al. 2025 (arXiv 2505.14826), the experiment with a GPT on Shakespeare. A model is
trained from scratch on the first half of tinyshakespeare. Its token states choose passages of the
second half. It is fine-tuned on them, and measured by its loss on passages that were held out. The
chosen passages are longer than random ones, so that two controls stand beside them: the longest
passages, and random passages with the same number of tokens.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fisher_text_claims import NAMES, claims, values_of
from fisher_text_figure import draw
from fisher_text_runs import LINES, METHODS, POOL, SMOKE, Size, one_run, prepare, split_text
from sources import write_jsonl
from study import Study, Table, begin, spread
from target import SMALL

from catalog import Catalog


def main() -> None:
    study = begin(__file__, "FisherSFT on Shakespeare", seeds=3)
    size = study.sized(Size(), smoke=SMOKE)
    first, pool, held_out = split_text(study, size)
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


def report(
    study: Study,
    prepared: dict[str, Any],
    runs: list[dict[str, Any]],
    size: Size,
    *,
    counts: tuple[int, int, int],
) -> None:
    """Write the findings."""
    rows = [
        {"method": NAMES.get(method, method)}
        | {
            f"{budget} passages": spread(values_of(runs, method, budget).tolist())
            for budget in size.budgets
        }
        | {
            f"tokens at {budget}": round(values_of(runs, method, budget, "tokens").mean())
            for budget in size.budgets
        }
        for method in METHODS
    ]
    yardsticks = [
        {"trained on": name, "held-out loss": spread(values_of(runs, name).tolist())}
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


if __name__ == "__main__":
    main()
