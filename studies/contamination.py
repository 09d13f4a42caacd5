"""Contamination: what do near-duplicates find of rephrased test items?

Yang et al. 2023 (llm_decontaminator, arXiv 2311.04850).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from contamination_runs import SETS, UNRELATED, look
from study import COLOURS, Claim, Study, Table, begin, verdict

ALLOWED = 0.01  # share of unrelated prompts that may match when methods are compared

TITLES = {
    "text": "near_duplicates, text (MinHash)",
    "vectors": "near_duplicates, embeddings",
    "nearest": "nearest original, embeddings",
}


def main() -> None:
    """Search each test set, and write the findings."""
    study = begin(__file__, "Contamination: rephrased test items", seeds=1)
    results = {name: study.run({"set": name}, lambda name=name: look(study, name)) for name in SETS}
    draw(study, results)
    study.conclude(
        question="How many rephrased test items do near-duplicates of text and of embeddings find, "
        "and what else do they flag?",
        protocol=[
            "Sets: GSM8K's test set and its rephrasing, HumanEval and its rephrasing in Python "
            "and in five other languages, as llm_decontaminator published them; empty ones are "
            "left out, and those that equal an original fold into it.",
            f"Unrelated prompts: {UNRELATED:,} of GSM8K's training set, or of Code Alpaca (2k) "
            "with their answers, drawn with seed 0.  They are near in kind and no copies, which "
            "makes them hard.",
            "Originals, rephrased items and unrelated prompts of a set are one pool. "
            "near_duplicates: an item is found when its own original stands in its group, and an "
            "unrelated prompt matched when any original stands in its. nearest: the same of the "
            "one nearest original, if it is at the threshold.",
            "Text is compared by shingles of 5 characters, embeddings are all-MiniLM-L6-v2's, "
            "which reads 256 tokens.",
            "Not compared: sociology_test, whose rephrasing is in Chinese and lacks some items.",
        ],
        claims=claims(results),
        tables=[curves_table(results)],
        needs="`llm_decontaminator` (lm-sys/llm-decontaminator), `gsm8k` "
        "(openai/grade-school-math) and `codealpaca` (sahil280114/codealpaca) under the "
        "folder that `--data` names; a smoke run needs none.",
        seconds=sum(part["seconds"] for part in results.values()),
    )


def claims(results: dict[str, Any]) -> list[Claim]:
    """Return the claims, each with its verdict by the rule that it states."""
    usual = {
        name: min(part["curves"]["text"], key=lambda point: abs(point[0] - 0.8))[1]
        for name, part in results.items()
    }
    best = {
        name: {way: best_of(curve) for way, curve in part["curves"].items()}
        for name, part in results.items()
    }
    leads = [
        max(points["vectors"][1], points["nearest"][1]) - points["text"][1]
        for points in best.values()
    ]
    near = [max(points["vectors"][1], points["nearest"][1]) for points in best.values()]
    text = "; ".join(
        f"{name}: "
        + ", ".join(f"{way} {point[1]:.2f} (at {point[0]:g})" for way, point in points.items())
        for name, points in best.items()
    )
    return [
        Claim(
            "Matching text misses rephrased test items.",
            "n-gram overlap finds next to none of the rephrased items (Yang et al. 2023).",
            "recall at Jaccard 0.8: "
            + "; ".join(f"{name} {recall:.3f}" for name, recall in usual.items()),
            verdict(holds=max(usual.values()) < 0.1, in_part=min(usual.values()) < 0.1),
            "At near_duplicates' own threshold of 0.8; holds below a tenth in every set, in part "
            "in one.",
        ),
        Claim(
            "Embeddings find more of them than text does, with as few others flagged.",
            "Embedding similarity finds more, and its threshold is hard to set (Yang et al. 2023).",
            f"recall with at most {100 * ALLOWED:.0f} % of unrelated prompts matched: {text}",
            verdict(holds=min(leads) > 0, in_part=max(leads) > 0),
            "Each way at its best threshold of those tried; holds when embeddings lead in every "
            "set, in part in one.",
        ),
        Claim(
            "Embeddings alone are not enough to find them all.",
            "A language model has to judge the nearest ones (Yang et al. 2023).",
            "the same recalls: "
            + ", ".join(f"{name} {share:.2f}" for name, share in zip(results, near, strict=True)),
            verdict(holds=max(near) < 0.9, in_part=min(near) < 0.9),
            "Holds when less than 0.9 are found of every set, in part of one. The code compared "
            "is in the same tongue and style as the unrelated code, under an encoder of prose.",
        ),
    ]


def best_of(curve: list[list[float]]) -> list[float]:
    """Return the point with the highest recall among those that match few unrelated prompts.

    If every point matches too many, return the strictest.
    """
    return max(
        (point for point in curve if point[2] <= ALLOWED),
        key=lambda point: point[1],
        default=curve[-1],
    )


def curves_table(results: dict[str, Any]) -> Table:
    """Return every number of the figure."""
    rows = [
        {
            "test set": name,
            "rephrased": part["n"],
            "unrelated": part["n_unrelated"],
            "way": TITLES[way],
            "threshold": point[0],
            "found": round(point[1], 3),
            "unrelated matched": round(point[2], 4),
        }
        for name, part in results.items()
        for way, curve in part["curves"].items()
        for point in curve
    ]
    return Table("Rephrased test items found, and unrelated prompts matched", rows)


def draw(study: Study, results: dict[str, Any]) -> None:
    """Draw recall against false matches: a panel for each test set, a mark for each threshold."""
    from matplotlib import pyplot

    colours = dict(
        zip(TITLES, (COLOURS["random"], COLOURS["ila_kmeans"], COLOURS["ila"]), strict=True)
    )
    figure, axes = pyplot.subplots(1, len(results), figsize=(10, 3.8), sharey=True)
    for axis, (name, part) in zip(axes, results.items(), strict=True):
        for way, curve in part["curves"].items():
            points = np.array(curve)
            axis.plot(
                points[:, 2],
                points[:, 1],
                marker="o",
                markersize=3.5,
                linewidth=1.2,
                color=colours[way],
                label=TITLES[way],
            )
            axis.annotate(
                f"{curve[0][0]:g}",
                (points[0, 2], points[0, 1]),
                xytext=(4, -8),
                textcoords="offset points",
                fontsize=7,
                color=colours[way],
            )
        axis.set_xscale("symlog", linthresh=0.001)
        axis.set_xlim(-0.0002, 1.3)
        axis.set_title(f"{name}, {part['n']:,} rephrased")
        axis.set_xlabel("share of unrelated prompts matched")
    axes[0].set_ylabel("share of rephrased items found")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    caption = (
        "Each mark is a threshold, the lowest one named; one run over every item, since nothing "
        "is drawn at random, so no spread."
    )
    study.picture(figure, caption=caption)


if __name__ == "__main__":
    main()
