"""Contamination: what near-duplicates find of rephrased test items (Yang et al. 2023, llm_decontaminator, arXiv 2311.04850)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from study import COLOURS, Claim, Study, Table, begin

from catalog import Catalog

SETS = ("gsm8k", "humaneval_python", "humaneval_multi")
N_HUMANEVAL, UNRELATED = 164, 1000
ALLOWED = 0.01  # share of unrelated prompts that may match, at which ways are compared
THRESHOLDS = {
    "text": (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "vectors": (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
    "nearest": (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
}
TITLES = {
    "text": "near_duplicates, text (MinHash)",
    "vectors": "near_duplicates, embeddings",
    "nearest": "nearest original, embeddings",
}
COLUMNS = {"text": "prompt", "vectors": "vector"}
SIDES = "source AS side, (metadata->>'item')::INT AS item"
RELATIONS = {
    "text": f"(SELECT fingerprint, prompt, {SIDES} FROM pool($pool))",
    "vectors": f"(SELECT fingerprint, vector, {SIDES} FROM embeddings($pool) JOIN pool($pool) USING "
    "(instruction_id, fingerprint))",
}
COUNTS = """
SELECT
    count(*) FILTER (WHERE side = 'rephrased'),
    count(*) FILTER (WHERE side = 'unrelated'),
    avg(is_found::INT) FILTER (WHERE side = 'rephrased'),
    avg(is_matched::INT) FILTER (WHERE side = 'unrelated')
FROM ({matched})
"""
GROUPED = """
WITH grouped AS (
    SELECT fingerprint, side, item, duplicate_group
    FROM near_duplicates({relation}, by => '{column}', threshold => $threshold)
),
originals AS (SELECT item AS original, duplicate_group FROM grouped WHERE side = 'original')
SELECT side, coalesce(bool_or(original = item), false) AS is_found, count(original) > 0 AS is_matched
FROM grouped
LEFT JOIN originals USING (duplicate_group)
WHERE side <> 'original'
GROUP BY fingerprint, side
"""
NEAREST = """
SELECT query_side AS side, similarity >= $threshold AND item = query_item AS is_found, similarity >= $threshold AS is_matched
FROM nearest((SELECT * FROM {relation} WHERE side = 'original'), (SELECT * FROM {relation} WHERE side <> 'original'), k => 1)
"""

Curves = dict[
    str, list[list[float]]
]  # of a way: threshold, share of rephrased items found, share of unrelated prompts matched


def main() -> None:
    """Each test set in turn."""
    study = begin(__file__, "Contamination: rephrased test items", seeds=1)
    found = {name: study.run({"set": name}, lambda name=name: look(study, name)) for name in SETS}
    draw(study, found)
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
        claims=claims(found),
        tables=[curves_table(found)],
        needs="`llm_decontaminator` (lm-sys/llm-decontaminator), `gsm8k` "
        "(openai/grade-school-math) and `codealpaca` (sahil280114/codealpaca) under the "
        "folder that `--data` names; a smoke run needs none.",
        seconds=sum(part["seconds"] for part in found.values()),
    )


def look(study: Study, name: str) -> dict[str, Any]:
    """Register a set and look for its items in every way, at every threshold."""
    folder = study.work / "contamination"
    folder.mkdir(parents=True, exist_ok=True)
    catalog = Catalog.open(folder / "catalog")
    file = folder / f"{name}.jsonl"
    file.write_text(
        "".join(
            json.dumps(record, ensure_ascii=False) + "\n" for record in records_of(study, name)
        ),
        encoding="utf-8",
    )
    catalog.register(file, pool=name, source_column="side", prompts_only=True, mode="replace")
    catalog.embed(name)
    curves: Curves = {}
    n = n_unrelated = 0
    for way, thresholds in THRESHOLDS.items():
        matched = NEAREST.format(relation=RELATIONS["vectors"])
        if way != "nearest":
            matched = GROUPED.format(relation=RELATIONS[way], column=COLUMNS[way])
        curves[way] = []
        for threshold in thresholds[::3] if study.is_smoke else thresholds:
            asked = {"pool": name, "threshold": threshold}
            ((n, n_unrelated, share, false),) = catalog.sql(
                COUNTS.format(matched=matched), parameters=asked
            ).rows()
            curves[way].append([threshold, share, false])
    return {"n": n, "n_unrelated": n_unrelated, "curves": curves}


def records_of(study: Study, name: str) -> list[dict[str, Any]]:
    """Prompts with the side that they are of, original, rephrased or unrelated, and the number of the item."""
    if study.is_smoke:
        originals = [
            f"Count the {i} red apples in {i % 7} baskets near the old bridge number {i}."
            for i in range(12)
        ]
        rephrased = [
            (i, text.replace("Count", "Add up").replace("near", "next to"))
            for i, text in enumerate(originals)
        ]
        unrelated = [
            f"Write a poem about winter, the sea and {i} ships that never came home."
            for i in range(12)
        ]
    else:
        originals, rephrased, unrelated = _published(study.data, name)
    listed = {
        "original": enumerate(originals),
        "rephrased": rephrased,
        "unrelated": enumerate(unrelated),
    }
    return [
        {"messages": [{"role": "user", "content": text}], "side": side, "item": item}
        for side, items in listed.items()
        for item, text in items
        if text.strip()
    ]


def _published(data: Path, name: str) -> tuple[list[str], list[tuple[int, str]], list[str]]:
    def read(file: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (data / file).read_text(encoding="utf-8").splitlines()]

    if name == "gsm8k":
        rephrased = [one["text"] for one in read("llm_decontaminator/rephrase_gsm8k.jsonl")]
        questions = [
            text.removeprefix("Question: ").partition("\nAnswer:")[0] for text in rephrased
        ]
        unrelated = [one["question"] for one in read("gsm8k/train.jsonl")]
        return (
            [one["question"] for one in read("gsm8k/test.jsonl")],
            list(enumerate(questions)),
            _drawn(unrelated),
        )
    texts = [one["text"] for one in read(f"llm_decontaminator/{name}.jsonl")]
    originals = [one["text"] for one in read("llm_decontaminator/HumanEval.jsonl")]
    code = json.loads((data / "codealpaca" / "code_alpaca_2k.json").read_text(encoding="utf-8"))
    unrelated = [f"{one['instruction']}\n{one['input']}\n{one['output']}" for one in code]
    return originals, [(i % N_HUMANEVAL, text) for i, text in enumerate(texts)], _drawn(unrelated)


def _drawn(texts: Sequence[str]) -> list[str]:
    order = np.random.default_rng(0).permutation(len(texts))[:UNRELATED]
    return [texts[i] for i in order]


def claims(found: dict[str, Any]) -> list[Claim]:
    """Judged by the rule beside each."""
    usual = {
        name: min(part["curves"]["text"], key=lambda at: abs(at[0] - 0.8))[1]
        for name, part in found.items()
    }
    best = {
        name: {way: best_of(curve) for way, curve in part["curves"].items()}
        for name, part in found.items()
    }
    leads = [max(of["vectors"][1], of["nearest"][1]) - of["text"][1] for of in best.values()]
    near = [max(of["vectors"][1], of["nearest"][1]) for of in best.values()]
    text = "; ".join(
        f"{name}: " + ", ".join(f"{way} {at[1]:.2f} (at {at[0]:g})" for way, at in of.items())
        for name, of in best.items()
    )
    return [
        Claim(
            "Matching text misses rephrased test items.",
            "n-gram overlap finds next to none of the rephrased items (Yang et al. 2023).",
            "recall at Jaccard 0.8: "
            + "; ".join(f"{name} {recall:.3f}" for name, recall in usual.items()),
            "holds"
            if max(usual.values()) < 0.1
            else "holds in part"
            if min(usual.values()) < 0.1
            else "does not hold",
            "At near_duplicates' own threshold of 0.8; holds below a tenth in every set, in part "
            "in one.",
        ),
        Claim(
            "Embeddings find more of them than text does, with as few others flagged.",
            "Embedding similarity finds more, and its threshold is hard to set (Yang et al. 2023).",
            f"recall with at most {100 * ALLOWED:.0f} % of unrelated prompts matched: {text}",
            "holds" if min(leads) > 0 else "holds in part" if max(leads) > 0 else "does not hold",
            "Each way at its best threshold of those tried; holds when embeddings lead in every "
            "set, in part in one.",
        ),
        Claim(
            "Embeddings alone are not enough to find them all.",
            "A language model has to judge the nearest ones (Yang et al. 2023).",
            "the same recalls: "
            f"{', '.join(f'{name} {share:.2f}' for name, share in zip(found, near, strict=True))}",
            "holds" if max(near) < 0.9 else "holds in part" if min(near) < 0.9 else "does not hold",
            "Holds when less than 0.9 are found of every set, in part of one. The code compared "
            "is in the same tongue and style as the unrelated code, under an encoder of prose.",
        ),
    ]


def best_of(curve: list[list[float]]) -> list[float]:
    """The point with the most found among those that match few unrelated prompts; the strictest where none does."""
    return max((at for at in curve if at[2] <= ALLOWED), key=lambda at: at[1], default=curve[-1])


def curves_table(found: dict[str, Any]) -> Table:
    """Every number of the figure."""
    rows = [
        {
            "test set": name,
            "rephrased": part["n"],
            "unrelated": part["n_unrelated"],
            "way": TITLES[way],
            "threshold": at[0],
            "found": round(at[1], 3),
            "unrelated matched": round(at[2], 4),
        }
        for name, part in found.items()
        for way, curve in part["curves"].items()
        for at in curve
    ]
    return Table("Rephrased test items found, and unrelated prompts matched", rows)


def draw(study: Study, found: dict[str, Any]) -> None:
    """What is found against what else is flagged, one panel a test set, a mark a threshold."""
    from matplotlib import pyplot

    colours = dict(
        zip(TITLES, (COLOURS["random"], COLOURS["ila_kmeans"], COLOURS["ila"]), strict=True)
    )
    figure, axes = pyplot.subplots(1, len(found), figsize=(10, 3.8), sharey=True)
    for axis, (name, part) in zip(axes, found.items(), strict=True):
        for way, curve in part["curves"].items():
            at = np.array(curve)
            axis.plot(
                at[:, 2],
                at[:, 1],
                marker="o",
                markersize=3.5,
                linewidth=1.2,
                color=colours[way],
                label=TITLES[way],
            )
            axis.annotate(
                f"{curve[0][0]:g}",
                (at[0, 2], at[0, 1]),
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
